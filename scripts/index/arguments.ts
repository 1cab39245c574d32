import { parseArgs } from "node:util";
import { TLS_OPTIONS, TLS_USAGE, type TlsFiles, tlsFiles } from "../chat/tls.ts";
import { UsageError } from "../chat/usage.ts";

/** What a person asked for. */
export interface IndexCommand {
  readonly name: "index" | "help";
  readonly paths: readonly string[];
  readonly address: string;
  /** Unset: plain text. */
  readonly tls?: TlsFiles;
  readonly collection: string;
  readonly parallel: number;
  /** Send files too that the server has with the same content. */
  readonly all: boolean;
}

/** What `--help` prints. */
export const USAGE = `Usage: index [OPTIONS] PATH…

Stores files, and the files of folders, for searching: text, Markdown, HTML and PDF. What the server has already with the same content is left alone, so
that a run that was interrupted goes on where it stopped. A file's document id is its path from the folder named, that folder's name included.

Options:
  --address HOST:PORT   the server (default 127.0.0.1:50051)
${TLS_USAGE}
  --collection NAME     where to store (default: the server's default collection)
  --parallel N          files under way at once, 1 to 32 (default 4)
  --all                 send unchanged files too, as after a change of the embedding model

Exit codes: 0 done, 1 a document was refused or the server is gone, 2 the command line makes no sense, 130 interrupted.`;

const OPTIONS = {
  address: { type: "string" },
  ...TLS_OPTIONS,
  collection: { type: "string" },
  parallel: { type: "string" },
  all: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;
const MAX_PARALLEL = 32;

/** Understands a command line. Throws {@link UsageError}. */
export function parseIndexCommand(args: readonly string[]): IndexCommand {
  const { values, positionals } = parse(args);
  if (!values.help && positionals.length === 0) throw new UsageError("A path is missing: name files or folders");
  const tls = tlsFiles(values);
  return {
    name: values.help ? "help" : "index",
    paths: positionals,
    address: values.address ?? "127.0.0.1:50051",
    ...(tls === undefined ? {} : { tls }),
    collection: values.collection ?? "",
    parallel: parallel(values.parallel ?? "4"),
    all: values.all ?? false,
  };
}

function parallel(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= 1 && value <= MAX_PARALLEL) return value;
  throw new UsageError(`Option --parallel must be a whole number of 1 to ${MAX_PARALLEL}, got ${JSON.stringify(text)}`);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
