import { parseArgs } from "node:util";
import { isScope, type Scope, SCOPES } from "../../src/core/caller.ts";
import { limits } from "../../src/core/limits.ts";
import { UsageError } from "../chat/usage.ts";

/** What a person asked for. */
export type KeysCommand =
  | {
    readonly name: "create";
    readonly label: string;
    readonly username: string;
    readonly scopes: readonly Scope[];
    /** Unset: every room. */
    readonly rooms?: readonly string[];
    /** Unset: never. */
    readonly validDays?: number;
  }
  | { readonly name: "list"; readonly json: boolean }
  | { readonly name: "revoke"; readonly id: string }
  | { readonly name: "help" };

/** What `--help` prints. */
export const USAGE = `Usage:
  keys create --user NAME [--scopes SCOPE,SCOPE | --scopes all] [--label TEXT] [--rooms ROOM,ROOM] [--days N]
  keys list [--json]
  keys revoke ID

create   makes a key and prints it, once: only its hash is kept
         --user NAME    the name that its holder writes under
         --scopes LIST  what it allows (default messages:read,messages:write), of:
                        ${SCOPES.slice(0, 6).join(", ")},
                        ${SCOPES.slice(6).join(", ")}
         --label TEXT   what it is for
         --rooms LIST   the only rooms it is good for (default all)
         --days N       how long it is good, 1 to 3650 (default for ever)
list     shows every key, without the keys themselves
revoke   ends a key for ever; its open streams end within 5 seconds

Keys are kept where the server keeps its data: in the database of DATABASE_URL, else in api_keys.json in DATA_DIR (or in API_KEYS_PATH).`;

/** Understands a command line. Throws {@link UsageError}. */
export function parseKeysCommand(args: readonly string[]): KeysCommand {
  const { values, positionals: [name, ...rest] } = parse(args);
  if (values.help || name === undefined || name === "help") return { name: "help" };
  if (name === "list" && rest.length === 0) return { name, json: values.json ?? false };
  if (name === "revoke" && rest.length === 1) return { name, id: idOf(rest[0] ?? "") };
  if (name !== "create" || rest.length > 0) {
    throw new UsageError(`Expected create, list or revoke ID, got ${JSON.stringify([name, ...rest].join(" "))}`);
  }
  return {
    ...{ name, label: values.label ?? "", username: userName(values.user), scopes: scopesOf(values.scopes) },
    ...(values.rooms === undefined ? {} : { rooms: list(values.rooms) }),
    ...(values.days === undefined ? {} : { validDays: days(values.days) }),
  };
}

/** The id, also of whoever pastes the whole key. */
function idOf(text: string): string {
  return /^chat_([0-9A-Za-z]+)_/.exec(text)?.[1] ?? text;
}

function userName(name: string | undefined): string {
  const bytes = new TextEncoder().encode(name ?? "").length;
  if (name !== undefined && bytes >= 1 && bytes <= limits.nameBytes && !name.includes("\0")) return name;
  throw new UsageError(`Option --user must be a name of 1 to ${limits.nameBytes} bytes, got ${JSON.stringify(name ?? null)}`);
}

function scopesOf(text = "messages:read,messages:write"): readonly Scope[] {
  if (text === "all") return SCOPES;
  const named = list(text);
  const unknown = named.find((scope) => !isScope(scope));
  if (unknown === undefined && named.length > 0) return named as Scope[];
  throw new UsageError(`Option --scopes must be all, or of ${SCOPES.join(", ")}, got ${JSON.stringify(unknown ?? text)}`);
}

function list(text: string): readonly string[] {
  return text.split(",").map((part) => part.trim()).filter((part) => part !== "");
}

function days(text: string): number {
  const count = /^\d{1,4}$/.test(text) ? Number(text) : NaN;
  if (count >= 1 && count <= 3650) return count;
  throw new UsageError(`Option --days must be a whole number of 1 to 3650, got ${JSON.stringify(text)}`);
}

function parse(args: readonly string[]) {
  const text = { type: "string" } as const;
  const options = {
    ...{ user: text, scopes: text, label: text, rooms: text, days: text },
    json: { type: "boolean" },
    help: { type: "boolean", short: "h" },
  } as const;
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
