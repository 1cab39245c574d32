import type { DatabaseLoad } from "./database.ts";
import { DatabaseError, type Session, type SqlResult } from "./session.ts";

interface Waiter {
  readonly resolve: (session: Session) => void;
  readonly reject: (error: DatabaseError) => void;
}

/**
 * Lends sessions, first come, first served; the session used last goes out first, so that idle ones may close.
 * With one session it is the mutex that keeps transactions apart.
 */
export class SessionPool {
  readonly #sessions: readonly Session[];
  readonly #idle: Session[];
  readonly #waiters: Waiter[] = [];
  readonly #acquireTimeoutMs: number;
  #statements = 0;
  #failures = 0;
  #seconds = 0;
  #closing: Promise<void> | undefined;
  #allReturned: (() => void) | undefined;

  /** `acquireTimeoutMs` bounds the wait for a session; 0 waits for as long as it takes. */
  constructor(sessions: readonly Session[], acquireTimeoutMs: number) {
    this.#sessions = sessions;
    this.#idle = [...sessions];
    this.#acquireTimeoutMs = acquireTimeoutMs;
  }

  /** How many statements may run at once. */
  get size(): number {
    return this.#sessions.length;
  }

  /** How busy the sessions are, and what has gone over them. */
  get load(): DatabaseLoad {
    return {
      busy: this.#sessions.length - this.#idle.length,
      waiting: this.#waiters.length,
      statements: this.#statements,
      failures: this.#failures,
      seconds: this.#seconds,
    };
  }

  /** Runs a statement on a session that the caller holds, and counts it. */
  async run(session: Session, sql: string, parameters: readonly unknown[]): Promise<SqlResult> {
    const startedMs = performance.now();
    try {
      return await session.query(sql, parameters);
    } catch (error) {
      this.#failures++;
      throw error;
    } finally {
      this.#statements++;
      this.#seconds += (performance.now() - startedMs) / 1000;
    }
  }

  /** A session for the caller alone, until `release`. Rejects with `POOL_TIMEOUT` and `POOL_CLOSED`. */
  acquire(): Promise<Session> {
    if (this.#closing !== undefined) return Promise.reject(new DatabaseError("POOL_CLOSED", "The database is closed"));
    const session = this.#idle.pop();
    return session === undefined ? this.#wait() : Promise.resolve(session);
  }

  /** Gives a session back; the next waiter gets it. */
  release(session: Session): void {
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) return waiter.resolve(session);
    this.#idle.push(session);
    if (this.#idle.length === this.#sessions.length) this.#allReturned?.();
  }

  /** Refuses new callers, serves those that wait, waits for every session to come back, then closes them all; idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#idle.length < this.#sessions.length) await new Promise<void>((resolve) => this.#allReturned = resolve);
    await Promise.all(this.#sessions.map((session) => session.close()));
  }

  #wait(): Promise<Session> {
    const { promise, resolve, reject } = Promise.withResolvers<Session>();
    if (this.#acquireTimeoutMs === 0) {
      this.#waiters.push({ resolve, reject });
      return promise;
    }
    const timer = setTimeout(() => {
      this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
      reject(new DatabaseError("POOL_TIMEOUT", `No database connection became free within ${this.#acquireTimeoutMs} ms`));
    }, this.#acquireTimeoutMs);
    const waiter: Waiter = { resolve: (session) => (clearTimeout(timer), resolve(session)), reject };
    this.#waiters.push(waiter);
    return promise;
  }
}
