import type { Log } from "../../observability/log.ts";
import type { SessionPool } from "../pool.ts";

/** Between two looks. A table that has just been born is small, and any plan is good enough for so long. */
const LOOK_MS = 10_000;
/** A sample of 3,000 rows, a tenth of the default: enough for these statements, and a tenth of the pause, 0.15 s at a million messages. */
const SAMPLE = "set default_statistics_target = 10";
/** Tables that have grown by half since the planner last heard of them, and are not tiny. */
const GROWN = `
  select format('analyze %I.%I', nspname, relname) as statement from pg_class join pg_namespace n on n.oid = relnamespace
  where relkind = 'r' and nspname = 'public' and pg_relation_size(pg_class.oid) / current_setting('block_size')::int > 16 + relpages * 3 / 2`;

/**
 * Tells the planner how large the tables are. PGlite has no autovacuum, so nobody else would, and the planner would go on taking every table
 * for a small one: reading an author's newest messages out of a million took 250 ms instead of 10.
 */
export class Statistics {
  readonly #pool: SessionPool;
  readonly #log: Log;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #looking: Promise<void> | undefined;
  #stopped = false;

  constructor(pool: SessionPool, log: Log) {
    this.#pool = pool;
    this.#log = log;
  }

  /** Looks now, and from now on. Resolves after the first look; never rejects. */
  async start(): Promise<void> {
    this.#looking = this.#look();
    await this.#looking;
    if (!this.#stopped) this.#timer = setTimeout(() => this.start(), LOOK_MS);
  }

  /** Waits for the look under way; idempotent. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#looking;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    try {
      const session = await this.#pool.acquire();
      try {
        await session.query(SAMPLE, []);
        const { rows } = await session.query(GROWN, []);
        for (const { statement } of rows) await session.query(String(statement), []);
      } finally {
        this.#pool.release(session);
      }
    } catch (error) {
      this.#log.warn("The database's statistics could not be brought up to date", { error });
    }
  }
}
