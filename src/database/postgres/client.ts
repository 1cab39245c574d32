import postgres from "postgres";
import type net from "node:net";
import { parseArray } from "../arrays.ts";
import type { PostgresAddress, PostgresEndpoint } from "./address.ts";
import { openSocket } from "./socket.ts";

/** How one connection is made. */
export interface ClientOptions {
  readonly address: PostgresAddress;
  /** Which of the address's servers. */
  readonly endpoint: PostgresEndpoint;
  /** The server ends a longer statement; 0 for none. */
  readonly statementTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** The connection has ended, wanted or not. */
  readonly onClose: () => void;
  /** A notification has come, on a channel that this connection listens to. */
  readonly onNotify?: (channel: string, payload: string) => void;
}

/** postgres.js with one connection, and a way to end it at once. */
export interface Client {
  readonly sql: postgres.Sql;
  /** Breaks the connection: every statement fails now, whatever the server does. */
  destroy(): void;
}

/** Text goes to the server as `toParameter` made it; int8 comes back as a number, arrays as arrays, bytes as bytes of their own. */
const TYPES = {
  bytea: {
    to: 17,
    from: [17],
    serialize: (bytes: Uint8Array) => `\\x${bytes.toHex()}`,
    parse: (text: string) => Uint8Array.fromHex(text.slice(2)),
  },
  int8: { to: 20, from: [20], serialize: String, parse: Number },
  json: { to: 114, from: [114, 3802], serialize: (text: unknown) => text, parse: JSON.parse },
  int4Array: { to: 1007, from: [1005, 1007, 1016], serialize: String, parse: (text: string) => parseArray(text, Number) },
  textArray: { to: 1009, from: [1009, 1015], serialize: String, parse: (text: string) => parseArray(text, String) },
};

/** Connects with the first statement. Every option is given, because postgres.js looks up the others in the environment. */
export function createClient({ address, endpoint, statementTimeoutMs, connectTimeoutMs, onClose, onNotify }: ClientOptions): Client {
  let socket: net.Socket | undefined;
  const options = {
    ...{ host: endpoint.host, port: endpoint.port, database: address.database, user: address.user, password: address.password },
    ...{ max: 1, max_pipeline: 1, idle_timeout: null, max_lifetime: null, keep_alive: null, backoff: 0 },
    ...{ debug: false, prepare: true, fetch_types: false, publications: "", sslnegotiation: null, target_session_attrs: null },
    connect_timeout: Math.ceil(connectTimeoutMs / 1000),
    ssl: sslOption(address),
    types: TYPES,
    onnotice: () => {},
    onclose: onClose,
    onnotify: onNotify,
    socket: async () => socket = await openSocket(endpoint, connectTimeoutMs),
    connection: {
      application_name: "chat",
      // Every statement has its index. A plan made while a table was small, and kept, would go on reading all of it as it grows.
      enable_seqscan: "off",
      // Compiling a statement of some milliseconds takes longer than running it, and a scan that is off counts as costly enough to compile.
      jit: "off",
      ...address.parameters,
      statement_timeout: statementTimeoutMs,
      // A replica that vanishes inside a transaction must not hold a room's lock for longer than one that is slow.
      idle_in_transaction_session_timeout: statementTimeoutMs,
    },
  };
  // Its types know neither `socket` nor that an option may be null.
  const sql = postgres(options as unknown as postgres.Options<Record<string, postgres.PostgresType>>);
  return { sql, destroy: () => void socket?.destroy() };
}

function sslOption({ sslMode, sslRootCertPath }: PostgresAddress): unknown {
  if (sslMode === "disable") return false;
  if (sslMode === "prefer" || sslMode === "require") return sslMode;
  return sslRootCertPath === undefined ? "verify-full" : { ca: Deno.readTextFileSync(sslRootCertPath) };
}
