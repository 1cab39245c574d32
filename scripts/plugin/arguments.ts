import { parseArgs } from "node:util";
import type { PluginPermissions } from "../../src/contracts/mod.ts";
import { CAPABILITIES } from "../../src/plugin/packages/permissions.ts";
import { isKeyId } from "../../src/plugin/packages/signatures.ts";
import { TLS_OPTIONS, TLS_USAGE, type TlsFiles, tlsFiles } from "../chat/tls.ts";
import { UsageError } from "../chat/usage.ts";

/** Where the server is. */
export interface ServerPlace {
  readonly address: string;
  /** Unset: plain text. */
  readonly tls?: TlsFiles;
}

/** What a person asked for. */
export type PluginCommand =
  | { readonly name: "help" }
  | { readonly name: "new"; readonly plugin: string; readonly folder: string }
  | { readonly name: "test"; readonly folder: string }
  | { readonly name: "pack"; readonly folder: string; readonly out?: string; readonly keyFile?: string }
  | { readonly name: "keygen"; readonly file: string; readonly id: string }
  | ServerCommand;

/** What a person asked of a server. */
export type ServerCommand =
  & { readonly server: ServerPlace }
  & (
    | {
      readonly name: "install";
      readonly file: string;
      readonly granted: PluginPermissions;
      readonly yes: boolean;
      readonly disabled: boolean;
    }
    | { readonly name: "rollback"; readonly plugin: string; readonly version?: string }
    | { readonly name: "list" }
    | { readonly name: "show" | "enable"; readonly plugin: string }
    | { readonly name: "disable"; readonly plugin: string; readonly reason: string }
    | { readonly name: "uninstall"; readonly plugin: string; readonly keepData: boolean }
    | { readonly name: "call"; readonly plugin: string; readonly action: string; readonly inputJson: string; readonly room: string }
    | { readonly name: "logs"; readonly plugin: string; readonly follow: boolean; readonly tail: number }
  );

/** What `--help` prints. */
export const USAGE = `Usage: plugin COMMAND

Making one:
  new NAME [FOLDER]            a folder (default NAME) with a manifest, code and tests that pass
  test [FOLDER]                runs its tests against a server of their own, in the real sandbox
  pack [FOLDER] [--out FILE] [--sign KEYFILE]
                               checks it and writes NAME-VERSION.chatplugin, and its signature beside it
  keygen FILE [--id ID]        makes a key pair to sign with; prints the line for PLUGIN_TRUSTED_KEYS

On a server:
  install FILE [--grant WHAT]… [--yes] [--disabled]
                               shows what it asks for and asks for consent; WHAT is data, ${CAPABILITIES[0]} (or another
                               capability), net:HOST[:PORT], env:NAME or room:ROOM; --yes grants everything it asks for
  rollback NAME [VERSION]      goes back to an earlier version: the one before, or that version or digest
  list | show NAME             what is installed
  call NAME ACTION [JSON] [--room ROOM]
  logs NAME [--follow] [--tail N]
  enable NAME | disable NAME [--reason TEXT]
  uninstall NAME [--keep-data]

  --address HOST:PORT   the server (default 127.0.0.1:50051); CHAT_TOKEN is sent to it
${TLS_USAGE}

Exit codes: 0 done, 1 refused (one sentence), 2 the command line makes no sense, 130 interrupted.`;

const OPTIONS = {
  address: { type: "string" },
  ...TLS_OPTIONS,
  help: { type: "boolean", short: "h" },
  out: { type: "string" },
  sign: { type: "string" },
  id: { type: "string" },
  grant: { type: "string", multiple: true },
  yes: { type: "boolean" },
  disabled: { type: "boolean" },
  reason: { type: "string" },
  "keep-data": { type: "boolean" },
  room: { type: "string" },
  follow: { type: "boolean", short: "f" },
  tail: { type: "string" },
} as const;

/** Which options each command knows, besides those of the server. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  ...{ new: [], test: [], pack: ["out", "sign"], keygen: ["id"], install: ["grant", "yes", "disabled"], rollback: [], list: [], show: [] },
  ...{ enable: [], disable: ["reason"], uninstall: ["keep-data"], call: ["room"], logs: ["follow", "tail"] },
};
const LOCAL: readonly string[] = ["new", "test", "pack", "keygen"];
const SERVER_OPTIONS: readonly string[] = ["address", ...Object.keys(TLS_OPTIONS)];

type Values = ReturnType<typeof parse>["values"];

/** Understands a command line. Throws {@link UsageError}. */
export function parsePluginCommand(args: readonly string[]): PluginCommand {
  const { values, positionals: [name = "help", ...rest] } = parse(args);
  if (values.help || name === "help") return { name: "help" };
  const known = KNOWN[name];
  if (known === undefined) throw new UsageError(`Expected one of ${Object.keys(KNOWN).join(", ")}, got ${JSON.stringify(name)}`);
  const strange = Object.keys(values).find((option) =>
    !known.includes(option) && (LOCAL.includes(name) || !SERVER_OPTIONS.includes(option))
  );
  if (strange !== undefined) throw new UsageError(`${name} has no option --${strange}`);
  const words = new Words(name, rest);
  const command = LOCAL.includes(name) ? localCommand(name, words, values) : serverCommand(name, words, values);
  words.end();
  return command;
}

function localCommand(name: string, words: Words, values: Values): PluginCommand {
  if (name === "new") {
    const plugin = words.next("NAME");
    return { name, plugin, folder: words.maybe() ?? plugin };
  }
  if (name === "keygen") return { name, file: words.next("FILE"), id: keyId(values.id ?? "plugins") };
  const folder = words.maybe() ?? ".";
  if (name === "test") return { name, folder };
  return {
    name: "pack",
    folder,
    ...(values.out === undefined ? {} : { out: values.out }),
    ...(values.sign === undefined ? {} : { keyFile: values.sign }),
  };
}

function serverCommand(name: string, words: Words, values: Values): ServerCommand {
  const tls = tlsFiles(values);
  const server: ServerPlace = { address: values.address ?? "127.0.0.1:50051", ...(tls === undefined ? {} : { tls }) };
  switch (name) {
    case "install": {
      const granted = grants(values.grant ?? []);
      return { name, server, file: words.next("FILE"), granted, yes: values.yes ?? false, disabled: values.disabled ?? false };
    }
    case "list":
      return { name, server };
    case "rollback": {
      const plugin = words.next("NAME");
      const version = words.maybe();
      return { name, server, plugin, ...(version === undefined ? {} : { version }) };
    }
    case "call": {
      const [plugin, action] = [words.next("NAME"), words.next("ACTION")];
      return { name, server, plugin, action, inputJson: words.maybe() ?? "{}", room: values.room ?? "" };
    }
    case "logs":
      return { name, server, plugin: words.next("NAME"), follow: values.follow ?? false, tail: tailOf(values.tail ?? "100") };
    case "disable":
      return { name, server, plugin: words.next("NAME"), reason: values.reason ?? "" };
    case "uninstall":
      return { name, server, plugin: words.next("NAME"), keepData: values["keep-data"] ?? false };
    default:
      return { name: name === "show" ? "show" : "enable", server, plugin: words.next("NAME") };
  }
}

/** What stands on a command line besides options, taken one by one. */
class Words {
  readonly #command: string;
  readonly #words: readonly string[];
  #at = 0;

  constructor(command: string, words: readonly string[]) {
    this.#command = command;
    this.#words = words;
  }

  next(what: string): string {
    const word = this.maybe();
    if (word === undefined || word === "") throw new UsageError(`${this.#command} needs ${what}, got nothing`);
    return word;
  }

  maybe(): string | undefined {
    return this.#words[this.#at++];
  }

  end(): void {
    const more = this.#words[this.#at];
    if (more !== undefined) throw new UsageError(`${this.#command} takes no more words, got ${JSON.stringify(more)}`);
  }
}

function grants(texts: readonly string[]): PluginPermissions {
  const of = (kind: string) => texts.filter((text) => text.startsWith(`${kind}:`)).map((text) => text.slice(kind.length + 1));
  const capabilities = texts.filter((text) => (CAPABILITIES as readonly string[]).includes(text));
  for (const text of texts) {
    if (text === "data" || capabilities.includes(text) || /^(net|env|room):./.test(text)) continue;
    throw new UsageError(
      `Option --grant must be data, net:HOST, env:NAME, room:ROOM or one of ${CAPABILITIES.join(", ")}, got ${JSON.stringify(text)}`,
    );
  }
  return { net: of("net"), env: of("env"), data: texts.includes("data"), capabilities, rooms: of("room") };
}

function keyId(text: string): string {
  if (isKeyId(text)) return text;
  throw new UsageError(`Option --id must be 1 to 64 of A-Z, a-z, 0-9, ".", "_" and "-", got ${JSON.stringify(text)}`);
}

function tailOf(text: string): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (value >= 1 && value <= 10_000) return value;
  throw new UsageError(`Option --tail must be a whole number of 1 to 10000, got ${JSON.stringify(text)}`);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
