/**
 * The command `deno task index PATH…`: stores files for searching. Results go to the standard output, what was skipped and the bar to the standard error.
 * Exit codes: 0 done, 1 a document was refused or the server is gone, 2 the command line makes no sense, 130 interrupted.
 *
 * @module
 */
import { RAGServiceClient } from "../src/clients/rag_client.ts";
import type { ServiceClientOptions } from "../src/clients/options.ts";
import { ChatError } from "../src/core/errors.ts";
import { harmless } from "./chat/output.ts";
import { readTls } from "./chat/tls.ts";
import { UsageError } from "./chat/usage.ts";
import { type IndexCommand, parseIndexCommand, USAGE } from "./index/arguments.ts";
import { findFiles, type FoundFile } from "./index/files.ts";
import { Progress } from "./index/progress.ts";
import { upload } from "./index/upload.ts";

async function main(args: readonly string[]): Promise<number> {
  const interrupted = new AbortController();
  const onSignal = () => interrupted.abort();
  Deno.addSignalListener("SIGINT", onSignal);
  Deno.addSignalListener("SIGTERM", onSignal);
  try {
    const command = parseIndexCommand(args);
    if (command.name === "index") return await run(command, interrupted.signal);
    console.log(USAGE);
    return 0;
  } catch (error) {
    if (interrupted.signal.aborted) return 130;
    if (error instanceof UsageError) {
      console.error(`${harmless(error.message)}\n\n${USAGE}`);
      return 2;
    }
    if (!(error instanceof ChatError)) throw error;
    console.error(`${harmless(error.message)}\nWhat is stored stays; the same command goes on from there.`);
    return 1;
  }
}

async function run(command: IndexCommand, signal: AbortSignal): Promise<number> {
  await using client = openClient({ address: command.address, ...await readTls(command.tls) });
  const progress = new Progress(Deno.stderr.isTerminal());
  try {
    const files = await collect(command.paths, progress);
    progress.tally.total = files.length;
    await upload(client, files, { ...command, signal, progress });
  } finally {
    progress.finish();
  }
  if (signal.aborted) return 130;
  return progress.tally.refused > 0 ? 1 : 0;
}

/** Every file of the paths; two that would overwrite each other's document are not guessed about. */
async function collect(paths: readonly string[], progress: Progress): Promise<FoundFile[]> {
  const byId = new Map<string, FoundFile>();
  // Tasks run in the project's folder; paths are meant from where the person stands.
  const folder = Deno.env.get("INIT_CWD") ?? Deno.cwd();
  try {
    for await (const found of findFiles(paths, folder)) {
      if ("skipped" in found) {
        progress.without("skipped", found.skipped.path, found.skipped.reason);
        continue;
      }
      const { file } = found;
      const other = byId.get(file.documentId);
      if (other === undefined) byId.set(file.documentId, file);
      else if (other.path !== file.path) progress.without("skipped", file.path, `its document id is that of ${other.path}`);
    }
  } catch (error) {
    const { NotFound, PermissionDenied, NotCapable } = Deno.errors;
    if (!(error instanceof NotFound || error instanceof PermissionDenied || error instanceof NotCapable)) throw error;
    throw new UsageError(`A path that was named cannot be read: ${error.message}`, { cause: error });
  }
  return [...byId.values()];
}

/** A bad `--address` or certificate is the person's mistake, not the server's. */
function openClient(options: ServiceClientOptions): RAGServiceClient {
  try {
    // From the environment, because a command line is for every user of the machine to see.
    const token = Deno.env.get("CHAT_TOKEN") ?? "";
    return new RAGServiceClient(token === "" ? options : { ...options, token });
  } catch (error) {
    throw error instanceof ChatError ? new UsageError(error.message, { cause: error }) : error;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
