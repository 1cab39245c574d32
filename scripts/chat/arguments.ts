import { parseArgs } from "node:util";
import { TLS_OPTIONS, TLS_USAGE, type TlsFiles, tlsFiles } from "./tls.ts";
import { UsageError } from "./usage.ts";

/** What a person asked for. */
export type ChatCommand = SendCommand | TailCommand | HistoryCommand | { readonly name: "help" };

interface Common {
  readonly address: string;
  /** Unset: plain text. */
  readonly tls?: TlsFiles;
  readonly room: string;
  readonly json: boolean;
}

/** Store one message, or one for each line of the standard input. */
export interface SendCommand extends Common {
  readonly name: "send";
  readonly username: string;
  readonly text: string | undefined;
}

/** Follow a room. */
export interface TailCommand extends Common {
  readonly name: "tail";
  /** 0 is the beginning, undefined is now. */
  readonly afterSeq: number | undefined;
  readonly subscribeTo: string;
  readonly includeChanges: boolean;
}

/** Print a page of a room's past. */
export interface HistoryCommand extends Common {
  readonly name: "history";
  readonly limit: number;
  readonly newest: boolean;
  readonly search: string;
}

/** What `help` prints. */
export const USAGE = `Usage:
  chat send    [--room ROOM] [--as NAME] [TEXT…]   without TEXT: one message for each line of the input
  chat tail    [--room ROOM] [--from SEQ | --all] [--user NAME] [--changes]
  chat history [--room ROOM] [--limit N] [--newest] [--search WORDS]

Options of all three:
  --address HOST:PORT   the server (default 127.0.0.1:50051)
${TLS_USAGE}
  --room ROOM           the room (default general)
  --json                one JSON object a line
An API key or token in the variable CHAT_TOKEN is sent with every call.

send     --as NAME      the author (default: the token's, else the user that is logged in)
tail     --from SEQ     begin with position SEQ; --all begins with the first (default: what comes from now on)
         --user NAME    only this author
         --changes      edits and deletions too
history  --limit N      at most N messages, 1 to 500 (default 20)
         --newest       the newest first (default: the oldest first)
         --search WORDS only messages that hold all these words`;

const COMMON = {
  address: { type: "string" },
  ...TLS_OPTIONS,
  room: { type: "string" },
  json: { type: "boolean" },
  help: { type: "boolean" },
} as const;
const OPTIONS = {
  send: { ...COMMON, as: { type: "string" } },
  tail: { ...COMMON, from: { type: "string" }, all: { type: "boolean" }, user: { type: "string" }, changes: { type: "boolean" } },
  history: { ...COMMON, limit: { type: "string" }, newest: { type: "boolean" }, search: { type: "string" } },
} as const;

/** Understands a command line; `login` is the author's name when none is given. Throws {@link UsageError}. */
export function parseCommand(args: readonly string[], login: string): ChatCommand {
  const [name, ...rest] = args;
  if (name === undefined) throw new UsageError("A command is missing: send, tail or history");
  if (name === "help" || name === "--help" || name === "-h") return { name: "help" };
  switch (name) {
    case "send":
      return parseSend(rest, login);
    case "tail":
      return parseTail(rest);
    case "history":
      return parseHistory(rest);
    default:
      throw new UsageError(`There is no command ${JSON.stringify(name)}: use send, tail or history`);
  }
}

function parseSend(args: string[], login: string): ChatCommand {
  const { values, positionals } = parse(args, OPTIONS.send, true);
  if (values.help) return { name: "help" };
  const text = positionals.length === 0 ? undefined : positionals.join(" ");
  return { ...common(values), name: "send", username: values.as ?? login, text };
}

function parseTail(args: string[]): ChatCommand {
  const { values } = parse(args, OPTIONS.tail, false);
  if (values.help) return { name: "help" };
  if (values.all && values.from !== undefined) throw new UsageError("Options --all and --from exclude each other");
  const from = values.from === undefined ? undefined : whole("--from", values.from, 1, Number.MAX_SAFE_INTEGER);
  return {
    ...common(values),
    name: "tail",
    afterSeq: values.all ? 0 : from === undefined ? undefined : from - 1,
    subscribeTo: values.user ?? "all",
    includeChanges: values.changes ?? false,
  };
}

function parseHistory(args: string[]): ChatCommand {
  const { values } = parse(args, OPTIONS.history, false);
  if (values.help) return { name: "help" };
  return {
    ...common(values),
    name: "history",
    limit: whole("--limit", values.limit ?? "20", 1, 500),
    newest: values.newest ?? false,
    search: values.search ?? "",
  };
}

function common(values: { address?: string; room?: string; json?: boolean } & Parameters<typeof tlsFiles>[0]): Common {
  const tls = tlsFiles(values);
  const { address = "127.0.0.1:50051", room = "general", json = false } = values;
  return { address, room, json, ...(tls === undefined ? {} : { tls }) };
}

function whole(option: string, text: string, least: number, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError(`Option ${option} must be a whole number of ${least} to ${most}, got ${JSON.stringify(text)}`);
}

type OptionTable = Readonly<Record<string, { readonly type: "string" | "boolean" }>>;

function parse<T extends OptionTable>(args: string[], options: T, allowPositionals: boolean) {
  try {
    return parseArgs({ args, options, allowPositionals, strict: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
