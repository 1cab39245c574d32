import postgres from "postgres";

/** Holds every room of a Postgres database against writers, as a stuck transaction would, until released. */
export class RoomLock implements AsyncDisposable {
  readonly #sql: postgres.Sql;
  readonly #release = Promise.withResolvers<void>();
  readonly #held = Promise.withResolvers<void>();
  readonly #transaction: Promise<unknown>;

  private constructor(url: string) {
    this.#sql = postgres(url, { max: 2, onnotice: () => {} });
    this.#transaction = this.#sql.begin(async (transaction) => {
      await transaction`select from rooms for update`;
      this.#held.resolve();
      await this.#release.promise;
    });
    this.#transaction.catch(this.#held.reject);
  }

  /** Resolves once the rooms that exist are held. */
  static async take(url: string): Promise<RoomLock> {
    const lock = new RoomLock(url);
    await lock.#held.promise;
    return lock;
  }

  /** Resolves once so many statements stand before the lock; asks the database again and again, for it tells nobody. */
  async blocked(statements: number): Promise<void> {
    for (;;) {
      const [row] = await this.#sql<{ blocked: number }[]>`
        select count(*)::int as blocked from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
      if (row !== undefined && row.blocked >= statements) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Lets the writers go; idempotent. */
  async release(): Promise<void> {
    this.#release.resolve();
    await this.#transaction;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
    await this.#sql.end();
  }
}
