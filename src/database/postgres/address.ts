import { splitHostList } from "../../config/host_list.ts";
import { ChatError } from "../../core/errors.ts";

/** One server. A host that begins with `/` is a Unix socket's directory. */
export interface PostgresEndpoint {
  readonly host: string;
  readonly port: number;
}

const TARGETS = ["any", "read-write", "read-only", "primary", "standby"] as const;
/** Which of several servers will do, as libpq's `target_session_attrs`. */
export type TargetSession = typeof TARGETS[number];

/** Where a Postgres is and as whom to go there. Holds the password: never logged. */
export interface PostgresAddress {
  /** At least one; tried in turn until one answers that is as `target` wants it. */
  readonly endpoints: readonly PostgresEndpoint[];
  readonly target: TargetSession;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  /** As libpq names them. */
  readonly sslMode: SslMode;
  /** A file with the certificate authorities to trust instead of the system's. */
  readonly sslRootCertPath?: string;
  /** Other parameters of the URL, handed to the server at the start of each session. */
  readonly parameters: Readonly<Record<string, string>>;
}

const SSL_MODES = ["disable", "prefer", "require", "verify-ca", "verify-full"] as const;
/** `prefer` and `require` do not look at the certificate, as in libpq. */
export type SslMode = typeof SSL_MODES[number];

/** How a URL is read. */
export interface ParseOptions {
  /** The setting that it comes from, for messages; default `DATABASE_URL`. */
  readonly setting?: string;
  /** Which of several servers will do when the URL does not say; default: the one that accepts writes. */
  readonly target?: TargetSession;
}

/**
 * Reads `postgres://user:password@host:port/database?sslmode=…`; a host that is a directory (`?host=/run/postgresql`) is a Unix socket.
 * Several hosts stand side by side (`postgres://user@first:5432,second:5433/database`): unless `target_session_attrs` says otherwise the one
 * that accepts writes is looked for, whichever it is at the time.
 * Throws `invalid_argument` with what is wrong, and never the URL itself, which holds the password.
 */
export function parsePostgresUrl(text: string, options: ParseOptions = {}): PostgresAddress {
  try {
    return parse(text, options);
  } catch (error) {
    throw error instanceof InvalidUrl ? error.told(options.setting ?? "DATABASE_URL") : error;
  }
}

function parse(text: string, options: ParseOptions): PostgresAddress {
  const { first, others } = splitHostList(text);
  const url = URL.canParse(first) ? new URL(first) : undefined;
  if (url === undefined) throw invalidUrl("is not a URL of the form postgres://user:password@host:5432/database");
  if (!["postgres:", "postgresql:"].includes(url.protocol)) throw invalidUrl(`begins with ${url.protocol}, must begin with postgres://`);
  const { host, port, sslmode, sslrootcert, target_session_attrs: target, ...parameters } = Object.fromEntries(url.searchParams);
  const user = decode(url.username);
  if (user === "") throw invalidUrl("names no user");
  const endpoints = host === undefined ? [url, ...others.map(hostUrl)].map((each) => endpointOf(each, port)) : endpointsOf(host, port);
  return {
    endpoints,
    target: targetOf(target, options.target ?? (endpoints.length > 1 ? "read-write" : "any")),
    database: decode(url.pathname.slice(1)) || user,
    user,
    password: decode(url.password),
    sslMode: sslModeOf(sslmode),
    ...(sslrootcert === undefined || sslrootcert === "system" ? {} : { sslRootCertPath: sslrootcert }),
    parameters,
  };
}

/** For messages: `database chat on db.example:5432`. */
export function describeAddress({ endpoints, database }: PostgresAddress): string {
  return `database ${database} on ${endpoints.map(describeEndpoint).join(", ")}`;
}

/** `db.example:5432`. */
export function describeEndpoint({ host, port }: PostgresEndpoint): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function hostUrl(host: string): URL {
  const text = `postgres://${host}`;
  if (!URL.canParse(text)) throw invalidUrl("has a host that is not of the form host:5432");
  return new URL(text);
}

/** One port for all, or each its own, as libpq has it. */
function endpointOf(url: URL, port: string | undefined): PostgresEndpoint {
  const host = url.hostname === "" ? "localhost" : decode(url.hostname).replace(/^\[(.*)\]$/, "$1");
  return { host, port: Number(port ?? (url.port || 5432)) };
}

function endpointsOf(hosts: string, ports = "5432"): readonly PostgresEndpoint[] {
  const each = ports.split(",");
  return hosts.split(",").map((host, index) => ({ host, port: Number(each[index] ?? each[0]) }));
}

function targetOf(found: string | undefined, otherwise: TargetSession): TargetSession {
  const target = TARGETS.find((known) => known === (found ?? otherwise));
  if (target === undefined) throw invalidUrl(`has target_session_attrs=${found}, must be one of ${TARGETS.join(", ")}`);
  return target;
}

function sslModeOf(found = "disable"): SslMode {
  const mode = SSL_MODES.find((known) => known === found);
  if (mode === undefined) throw invalidUrl(`has sslmode=${found}, must be one of ${SSL_MODES.join(", ")}`);
  return mode;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalidUrl("holds a % that does not begin an escape such as %20");
  }
}

class InvalidUrl extends Error {
  told(setting: string): ChatError {
    return new ChatError("invalid_argument", `The setting ${setting} ${this.message}`, { field: setting });
  }
}

function invalidUrl(problem: string): InvalidUrl {
  return new InvalidUrl(problem);
}
