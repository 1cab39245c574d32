/**
 * The command `deno task plugin`: makes plugins, tries them, packs and signs them, and installs them on a server. Results go to the standard output, all
 * else to the standard error. Exit codes: 0 done, 1 refused (one sentence), 2 the command line makes no sense, 130 interrupted.
 *
 * @module
 */
import { ChatError } from "../src/core/errors.ts";
import { harmless } from "./chat/output.ts";
import { UsageError } from "./chat/usage.ts";
import { parsePluginCommand, type PluginCommand, USAGE } from "./plugin/arguments.ts";
import { makeKeyFile, sign } from "./plugin/keys.ts";
import { packFolder } from "./plugin/package.ts";
import { makePlugin } from "./plugin/scaffold.ts";
import { runOnServer } from "./plugin/server.ts";

const ROOT = decodeURIComponent(new URL("../", import.meta.url).pathname);
/** What a plugin's tests may do: start a server of their own on this machine. */
const TEST_PERMISSIONS = ["--allow-read", "--allow-write", "--allow-env", "--allow-net=127.0.0.1", "--allow-run=/bin/sh", "--allow-sys"];

async function main(args: readonly string[]): Promise<number> {
  const interrupted = new AbortController();
  const onSignal = () => interrupted.abort();
  Deno.addSignalListener("SIGINT", onSignal);
  Deno.addSignalListener("SIGTERM", onSignal);
  try {
    return await run(parsePluginCommand(args), interrupted.signal);
  } catch (error) {
    if (interrupted.signal.aborted) return 130;
    if (!(error instanceof UsageError || error instanceof ChatError)) throw error;
    console.error(error instanceof UsageError ? `${harmless(error.message)}\n\n${USAGE}` : harmless(error.message));
    return error instanceof UsageError ? 2 : 1;
  }
}

async function run(command: PluginCommand, signal: AbortSignal): Promise<number> {
  switch (command.name) {
    case "help":
      console.log(USAGE);
      return 0;
    case "new": {
      const files = await makePlugin(command.plugin, pathOf(command.folder));
      console.log(`${files.join("\n")}\n\nNext: deno task plugin test ${command.folder}`);
      return 0;
    }
    case "test":
      return await test(pathOf(command.folder));
    case "pack":
      await pack(command);
      return 0;
    case "keygen":
      console.log(await makeKeyFile(pathOf(command.file), command.id));
      return 0;
    default:
      await runOnServer(command, { signal, pathOf });
      return 0;
  }
}

/** Tasks run in the project's folder; paths are meant from where the person stands. */
function pathOf(path: string): string {
  const base = Deno.env.get("INIT_CWD") ?? Deno.cwd();
  return path.startsWith("/") ? path : path === "." ? base : `${base}/${path}`;
}

async function test(folder: string): Promise<number> {
  const config = ["--quiet", "--config", `${ROOT}deno.json`];
  const deno = async (...args: readonly string[]) => {
    const command = new Deno.Command(Deno.execPath(), { args: [...args], cwd: ROOT, stdin: "null", stdout: "inherit", stderr: "inherit" });
    return (await command.output()).code === 0;
  };
  // The types of the plugin itself; those of the system that its tests start were checked by whoever made that.
  const code = `${folder}/plugin.ts`;
  const isThere = await Deno.stat(code).then(() => true, () => false);
  if (isThere && !await deno("check", ...config, code)) return 1;
  return await deno("test", "--no-check", "--no-prompt", ...config, ...TEST_PERMISSIONS, `${folder}/plugin_test.ts`) ? 0 : 1;
}

async function pack({ folder, out, keyFile }: Extract<PluginCommand, { readonly name: "pack" }>): Promise<void> {
  const { name, version, digest, archive } = await packFolder(pathOf(folder));
  const path = pathOf(out ?? `${name}-${version}.chatplugin`);
  await Deno.writeFile(path, archive);
  // One that stands there is another archive's, and would make it be refused.
  await Deno.remove(`${path}.sig`).catch(() => {});
  if (keyFile !== undefined) {
    await Deno.writeTextFile(`${path}.sig`, `${JSON.stringify([await sign(digest, pathOf(keyFile))], undefined, 1)}\n`);
  }
  console.log(`${path}\nsha256 ${digest}, ${archive.length} bytes${keyFile === undefined ? "" : ", signed"}`);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
