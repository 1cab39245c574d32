import {
  AbortedTransactionError,
  type CompiledQuery,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type Driver,
  type Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
  type TransactionSettings,
} from "kysely";
import { toParameter } from "./parameters.ts";
import type { SessionPool } from "./pool.ts";
import { DatabaseError, type Session } from "./session.ts";

/** Kysely over a pool of sessions: PGlite and Postgres differ in their sessions only. */
export function createDialect(pool: SessionPool): Dialect {
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new PoolDriver(pool),
    createIntrospector: (kysely: Kysely<unknown>): DatabaseIntrospector => new PostgresIntrospector(kysely),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  };
}

class PoolDriver implements Driver {
  readonly #pool: SessionPool;

  constructor(pool: SessionPool) {
    this.#pool = pool;
  }

  init(): Promise<void> {
    return Promise.resolve();
  }

  async acquireConnection(): Promise<PoolConnection> {
    return new PoolConnection(await this.#pool.acquire(), this.#pool);
  }

  releaseConnection(connection: PoolConnection): Promise<void> {
    this.#pool.release(connection.session);
    return Promise.resolve();
  }

  beginTransaction(connection: PoolConnection, settings: TransactionSettings): Promise<void> {
    return connection.begin(settings);
  }

  commitTransaction(connection: PoolConnection): Promise<void> {
    return connection.commit();
  }

  rollbackTransaction(connection: PoolConnection): Promise<void> {
    return connection.rollback();
  }

  savepoint(connection: PoolConnection, name: string): Promise<void> {
    return connection.savepoint("savepoint", name);
  }

  rollbackToSavepoint(connection: PoolConnection, name: string): Promise<void> {
    return connection.savepoint("rollback to", name);
  }

  releaseSavepoint(connection: PoolConnection, name: string): Promise<void> {
    return connection.savepoint("release", name);
  }

  destroy(): Promise<void> {
    return this.#pool.close();
  }
}

/** One lease of a session. */
class PoolConnection implements DatabaseConnection {
  readonly session: Session;
  readonly #pool: SessionPool;
  /** The session's epoch in which a transaction began; unset outside of one. */
  #epoch: number | undefined;
  /** A statement of the transaction has failed: the server answers COMMIT with a rollback and no error. */
  #aborted = false;

  constructor(session: Session, pool: SessionPool) {
    this.session = session;
    this.#pool = pool;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const { rows, affectedRows } = await this.#run(query.sql, query.parameters.map(toParameter));
    return affectedRows === undefined ? { rows: rows as R[] } : { rows: rows as R[], numAffectedRows: BigInt(affectedRows) };
  }

  // deno-lint-ignore require-yield -- part of Kysely's interface; pages are bounded, so nothing here streams
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    await Promise.reject(new DatabaseError("UNSUPPORTED", "Streaming queries are not supported"));
  }

  async begin(settings: TransactionSettings): Promise<void> {
    const isolation = settings.isolationLevel === undefined ? "" : ` isolation level ${settings.isolationLevel}`;
    const access = settings.accessMode === undefined ? "" : ` ${settings.accessMode}`;
    await this.#pool.run(this.session, `begin${isolation}${access}`, []);
    this.#epoch = this.session.epoch;
    this.#aborted = false;
  }

  async commit(): Promise<void> {
    if (this.#aborted) {
      await this.rollback();
      throw new AbortedTransactionError();
    }
    await this.#run("commit", []);
    this.#epoch = undefined;
  }

  /** A transaction whose session is gone has been rolled back by the server. */
  async rollback(): Promise<void> {
    const gone = this.#epoch !== this.session.epoch;
    this.#epoch = undefined;
    if (!gone) await this.#pool.run(this.session, "rollback", []);
  }

  async savepoint(verb: "savepoint" | "rollback to" | "release", name: string): Promise<void> {
    const wasAborted = this.#aborted;
    await this.#run(`${verb} "${name.replaceAll('"', '""')}"`, []);
    this.#aborted = verb === "rollback to" ? false : wasAborted;
  }

  async #run(sql: string, parameters: readonly unknown[]) {
    if (this.#epoch !== undefined && this.#epoch !== this.session.epoch) {
      throw new DatabaseError("CONNECTION_CLOSED", "The connection was lost during the transaction");
    }
    try {
      return await this.#pool.run(this.session, sql, parameters);
    } catch (error) {
      this.#aborted = true;
      throw error;
    }
  }
}
