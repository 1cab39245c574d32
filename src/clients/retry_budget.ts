/** How many repeats a client may send in all. */
export interface RetryBudgetOptions {
  /** Repeats for each call, from 0 to 1. */
  readonly retryRatio: number;
  /** Repeats each second whatever the number of calls. */
  readonly retriesPerSecond: number;
}

/** Seconds' worth of repeats that a quiet client may save up, and the least it may. */
const SAVED_SECONDS = 10;
const SAVED_AT_LEAST = 10;

/**
 * Bounds the repeats of all calls together, so that clients of a service in trouble do not multiply its load: each call earns a part of a repeat,
 * and time earns some more, so that a client with few calls may still repeat them.
 */
export class RetryBudget {
  readonly #options: RetryBudgetOptions;
  readonly #most: number;
  #tokens: number;
  #filledAtMs: number;

  /** Starts with all that time can earn; `nowMs` is any clock that runs forward. */
  constructor(options: RetryBudgetOptions, nowMs: number) {
    this.#options = options;
    this.#most = Math.max(SAVED_AT_LEAST, options.retriesPerSecond * SAVED_SECONDS);
    this.#tokens = this.#most;
    this.#filledAtMs = nowMs;
  }

  /** A call begins. */
  earn(): void {
    this.#tokens = Math.min(this.#most, this.#tokens + this.#options.retryRatio);
  }

  /** Whether one more repeat may be sent; counts it if so. */
  spend(nowMs: number): boolean {
    this.#tokens = Math.min(this.#most, this.#tokens + ((nowMs - this.#filledAtMs) / 1_000) * this.#options.retriesPerSecond);
    this.#filledAtMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
