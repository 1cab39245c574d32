import { DatabaseError, type Session, type SqlResult } from "../session.ts";
import { describeEndpoint, type PostgresAddress, type PostgresEndpoint, type TargetSession } from "./address.ts";
import { type Client, createClient } from "./client.ts";
import type { ConnectGate } from "./gate.ts";

/** How one session is made and held to time. */
export interface PostgresSessionOptions {
  readonly address: PostgresAddress;
  /** Shared by the sessions of a process. */
  readonly gate: ConnectGate;
  /** The server ends a longer statement; 0 for none. */
  readonly statementTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** Called when an open connection has ended other than by `close`. */
  readonly onLoss?: () => void;
  /** A notification has come, on a channel that this session listens to. */
  readonly onNotify?: (payload: string) => void;
}

/** What the server is given beyond its own timeout before the connection counts as dead. */
const CLIENT_GRACE_MS = 2_000;

/**
 * One connection to Postgres, made with the first statement and again after each loss. A postgres.js client lives only as long as its
 * connection: one that reconnects keeps unsent bytes and a stale timer from before (porsager/postgres#1066, #1154).
 */
export class PostgresSession implements Session {
  readonly #options: PostgresSessionOptions;
  #client: Client | undefined;
  #connecting: Promise<Client> | undefined;
  #epoch = 1;
  #closed = false;

  constructor(options: PostgresSessionOptions) {
    this.#options = options;
  }

  get epoch(): number {
    return this.#epoch;
  }

  async query(sql: string, parameters: readonly unknown[]): Promise<SqlResult> {
    if (this.#closed) throw new DatabaseError("CONNECTION_ENDED", "The connection is closed");
    const client = this.#client ?? await (this.#connecting ??= this.#connect().finally(() => this.#connecting = undefined));
    return await this.#run(client, sql, parameters);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#connecting?.catch(() => {}); // whoever asked for it is told
    const client = this.#client;
    this.#client = undefined;
    await client?.sql.end({ timeout: 1 });
    client?.destroy();
  }

  async #connect(): Promise<Client> {
    const { address: { endpoints }, gate } = this.#options;
    await gate.pass();
    const first = gate.preferred;
    const failures: DatabaseError[] = [];
    while (failures.length < endpoints.length) {
      const index = (first + failures.length) % endpoints.length;
      try {
        this.#client = await this.#connectTo(endpoints[index]!);
        gate.preferred = index;
        gate.succeeded();
        return this.#client;
      } catch (error) {
        failures.push(toDatabaseError(error));
      }
    }
    // A server that is there but not as wanted says more than one that is not there.
    const failure = failures.find((each) => each.code === "UNSUITABLE_SERVER") ?? failures.at(-1)!;
    gate.failed(failure);
    throw failure;
  }

  async #connectTo(endpoint: PostgresEndpoint): Promise<Client> {
    const { address, statementTimeoutMs, connectTimeoutMs, onNotify } = this.#options;
    const client = createClient({
      ...{ address, endpoint, statementTimeoutMs, connectTimeoutMs },
      onClose: () => this.#lost(client),
      onNotify: (_channel, payload) => onNotify?.(payload),
    });
    try {
      // A statement of its own, so that the server's refusal of the connection is told from the failure of a statement.
      const [state] = await withTimeout(client.sql.unsafe(SERVER_STATE), connectTimeoutMs, "CONNECT_TIMEOUT");
      if (isSuitable(address.target, state as unknown as ServerState)) return client;
      throw new DatabaseError("UNSUITABLE_SERVER", `The server ${describeEndpoint(endpoint)} is not ${address.target}`);
    } catch (error) {
      this.#discard(client);
      throw error;
    }
  }

  async #run(client: Client, sql: string, parameters: readonly unknown[]): Promise<SqlResult> {
    const { statementTimeoutMs } = this.#options;
    const statement = client.sql.unsafe(sql, parameters as never[], parameters.length === 0 ? {} : { prepare: true });
    shareOrigin(statement, sql);
    try {
      const limitMs = statementTimeoutMs === 0 ? 0 : statementTimeoutMs + CLIENT_GRACE_MS;
      const result = await withTimeout(statement, limitMs, "STATEMENT_TIMEOUT");
      const rows = [...result]; // a plain array, not postgres.js' own kind
      return WRITES.has(result.command) ? { rows, affectedRows: result.count } : { rows };
    } catch (error) {
      const failure = toDatabaseError(error);
      // A primary that was made a standby keeps its connections, and none of them is of use.
      if (failure.code === "STATEMENT_TIMEOUT" || (failure.code === READ_ONLY && isPicky(this.#options.address))) this.#lost(client);
      throw failure;
    }
  }

  /** Forgets a client whose connection is gone; the next statement makes another. */
  #lost(client: Client): void {
    this.#discard(client);
    if (this.#client !== client) return;
    this.#client = undefined;
    this.#epoch++;
    this.#options.onLoss?.();
  }

  /** `end` frees what postgres.js holds; the socket is not waited for. */
  #discard(client: Client): void {
    client.destroy();
    client.sql.end({ timeout: 0 }).catch(() => {});
  }
}

const READ_ONLY = "25006";

const SERVER_STATE = "select pg_is_in_recovery() as in_recovery, current_setting('transaction_read_only') = 'on' as read_only";

interface ServerState {
  readonly in_recovery: boolean;
  readonly read_only: boolean;
}

function isSuitable(target: TargetSession, { in_recovery, read_only }: ServerState): boolean {
  const suits = { any: true, "read-write": !read_only, "read-only": read_only, primary: !in_recovery, standby: in_recovery };
  return suits[target];
}

function isPicky({ target }: PostgresAddress): boolean {
  return target === "read-write" || target === "primary";
}

const WRITES: ReadonlySet<string> = new Set(["INSERT", "UPDATE", "DELETE", "MERGE"]);

/** postgres.js keeps, for each failed statement, its text array for ever (as the key of a cache of stacks): one array a text stays bounded. */
const origins = new Map<string, readonly [string]>();

function shareOrigin(statement: object, sql: string): void {
  let strings = origins.get(sql);
  if (strings === undefined) origins.set(sql, strings = [sql]);
  Object.assign(statement, { strings });
}

async function withTimeout<T>(work: PromiseLike<T>, timeoutMs: number, code: string): Promise<T> {
  if (timeoutMs === 0) return await work;
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new DatabaseError(code, `No answer from the database within ${timeoutMs} ms`)), timeoutMs);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}

function toDatabaseError(error: unknown): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const { code, constraint_name: constraint } = error as { code?: unknown; constraint_name?: unknown };
  const message = error instanceof Error ? error.message : String(error);
  return new DatabaseError(typeof code === "string" ? code : "", message, typeof constraint === "string" ? { constraint } : {});
}
