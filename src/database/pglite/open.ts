import { Kysely } from "kysely";
import { ChatError } from "../../core/errors.ts";
import type { Log } from "../../observability/log.ts";
import type { Database, DatabaseLoad } from "../database.ts";
import { createDialect } from "../dialect.ts";
import { migrate } from "../migrate.ts";
import { SessionPool } from "../pool.ts";
import type { Schema } from "../schema.ts";
import { lockDataDir, type LockedDataDir } from "./data_dir.ts";
import { PgliteSession } from "./session.ts";
import { Statistics } from "./statistics.ts";

/** Locks `dataDir`, opens PGlite in it and migrates. Throws `ChatError`, and then holds nothing. */
export async function openPglite(dataDir: string, log: Log): Promise<Database> {
  const directory = lockDataDir(dataDir);
  let session: PgliteSession | undefined;
  try {
    session = await openSession(directory);
    await migrate(session, log);
    const database = new PgliteDatabase(session, directory, log);
    await database.start();
    return database;
  } catch (error) {
    await session?.close();
    directory.release();
    throw error;
  }
}

async function openSession(directory: LockedDataDir): Promise<PgliteSession> {
  try {
    return await PgliteSession.open(directory.pgliteDir);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ChatError("failed_precondition", `The database in ${directory.pgliteDir} cannot be opened: ${reason}`, { cause });
  }
}

class PgliteDatabase implements Database {
  readonly kind = "pglite";
  readonly kysely: Kysely<Schema>;
  readonly connections = 1;
  readonly #pool: SessionPool;
  readonly #session: PgliteSession;
  readonly #directory: LockedDataDir;
  readonly #statistics: Statistics;
  #closing: Promise<void> | undefined;

  constructor(session: PgliteSession, directory: LockedDataDir, log: Log) {
    this.#session = session;
    this.#directory = directory;
    // No limit on the wait: statements here run one by one, and callers have deadlines of their own.
    this.#pool = new SessionPool([session], 0);
    this.#statistics = new Statistics(this.#pool, log);
    this.kysely = new Kysely<Schema>({ dialect: createDialect(this.#pool) });
  }

  /** Brings the planner's statistics up to date, which a database that was filled elsewhere needs before its first statement. */
  async start(): Promise<void> {
    await this.#statistics.start();
  }

  /** A long statement is not a problem; only a dead worker is. */
  health(): { readonly ok: boolean; readonly problem?: string } {
    const { problem } = this.#session;
    return problem === undefined ? { ok: true } : { ok: false, problem };
  }

  load(): DatabaseLoad {
    return this.#pool.load;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#statistics.stop();
    await this.#pool.close();
    this.#directory.release();
  }
}
