import { parseArgs } from "node:util";
import { UsageError } from "../chat/usage.ts";

/** What a person asked for. */
export interface CertsCommand {
  /** Where the files go, from where the person stands. */
  readonly folder: string;
  /** What the server's certificate carries besides this machine's own names. */
  readonly names: readonly string[];
  /** The client's name in its certificate. */
  readonly client: string;
  readonly validDays: number;
}

/** What `--help` prints. */
export const USAGE = `Usage: certs [--out FOLDER] [--client NAME] [--days N] [NAME…]

Makes an authority for development, and a certificate and key for a server and for a client that it signs. Run again, it signs new ones with the
same authority, which a running server takes up by itself.

NAME            a host name or an IP address of the server, besides localhost, 127.0.0.1 and ::1
--out FOLDER    where the files go (default certs)
--client NAME   who the client is (default chat-client)
--days N        how long the certificates are valid, 1 to 3650 (default 365)`;

/** 253 characters at most, parts of letters, digits, - and _; the first may be a star. */
const HOST_NAME = /^(?=.{1,253}$)(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*$/;

/** Understands a command line; undefined asks for help. Throws {@link UsageError}. */
export function parseCertsCommand(args: readonly string[], isIp: (text: string) => boolean): CertsCommand | undefined {
  const { values, positionals } = parse(args);
  if (values.help) return undefined;
  const client = values.client ?? "chat-client";
  for (const name of [...positionals, client]) {
    if (!HOST_NAME.test(name) && !isIp(name)) {
      throw new UsageError(`A name must be a host name or an IP address, got ${JSON.stringify(name)}`);
    }
  }
  const days = /^\d{1,4}$/.test(values.days ?? "365") ? Number(values.days ?? "365") : NaN;
  if (!(days >= 1 && days <= 3650)) {
    throw new UsageError(`Option --days must be a whole number of 1 to 3650, got ${JSON.stringify(values.days)}`);
  }
  return { folder: values.out ?? "certs", names: positionals, client, validDays: days };
}

function parse(args: readonly string[]) {
  const options = {
    out: { type: "string" },
    client: { type: "string" },
    days: { type: "string" },
    help: { type: "boolean", short: "h" },
  } as const;
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
