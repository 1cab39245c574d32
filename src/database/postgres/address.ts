import { ChatError } from "../../core/errors.ts";

/** Where a Postgres is and as whom to go there. Holds the password: never logged. */
export interface PostgresAddress {
  readonly host: string;
  readonly port: number;
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

/**
 * Reads `postgres://user:password@host:port/database?sslmode=…`; a host that is a directory (`?host=/run/postgresql`) is a Unix socket.
 * Throws `invalid_argument` with what is wrong, and never the URL itself, which holds the password.
 */
export function parsePostgresUrl(text: string): PostgresAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw invalidUrl("is not a URL of the form postgres://user:password@host:5432/database");
  if (!["postgres:", "postgresql:"].includes(url.protocol)) throw invalidUrl(`begins with ${url.protocol}, must begin with postgres://`);
  const { host, port, sslmode, sslrootcert, ...parameters } = Object.fromEntries(url.searchParams);
  const user = decode(url.username);
  if (user === "") throw invalidUrl("names no user");
  return {
    host: host ?? (url.hostname === "" ? "localhost" : decode(url.hostname).replace(/^\[(.*)\]$/, "$1")),
    port: Number(port ?? (url.port || 5432)),
    database: decode(url.pathname.slice(1)) || user,
    user,
    password: decode(url.password),
    sslMode: sslModeOf(sslmode),
    ...(sslrootcert === undefined || sslrootcert === "system" ? {} : { sslRootCertPath: sslrootcert }),
    parameters,
  };
}

/** For messages: `database chat on db.example:5432`. */
export function describeAddress({ host, port, database }: PostgresAddress): string {
  return `database ${database} on ${host.includes(":") ? `[${host}]` : host}:${port}`;
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

function invalidUrl(problem: string): ChatError {
  return new ChatError("invalid_argument", `The setting DATABASE_URL ${problem}`, { field: "DATABASE_URL" });
}
