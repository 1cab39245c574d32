import { keyedHash, makeHashKey } from "./keyed_hash.ts";

/** How often something may be done: so many times at once, and as many again in each window. */
export interface Rate {
  readonly count: number;
  readonly windowMs: number;
}

/** What a limiter says to one request. */
export interface Allowance {
  readonly ok: boolean;
  /** How many more would be let through now. */
  readonly remaining: number;
  /** When all of them will be there again, in milliseconds from now. */
  readonly fullInMs: number;
  /** Until the next one would be let through; 0: now. */
  readonly retryAfterMs: number;
}

/** How a limiter is made; the defaults are for production. */
export interface RateLimiterOptions {
  /** A power of 2 from 2 to 65,536; 65,536 take 2 MB. */
  readonly slots?: number;
  /** A clock in milliseconds that never goes back. */
  readonly now?: () => number;
}

const ROWS = 4;
const SLOTS = 65_536;

/**
 * Token buckets for any number of keys in 2 MB, whatever keys strangers make up. A bucket is one number, the time at which it will be full again
 * (the generic cell rate algorithm). The numbers lie in a count-min sketch with conservative update (Cormode and Muthukrishnan 2005; Estan and Varghese
 * 2002): each key has a slot in each of four rows and takes the least of them. So no key ever gets more than its rate, because nothing is thrown out,
 * and one gets less only when each of its four slots is shared with a key that is busier; where those are is secret.
 */
export class RateLimiter {
  readonly rate: Rate;
  readonly #intervalMs: number;
  readonly #slots: number;
  readonly #fullAtMs: Float64Array;
  readonly #key = makeHashKey();
  readonly #now: () => number;

  constructor(rate: Rate, { slots = SLOTS, now = () => performance.now() }: RateLimiterOptions = {}) {
    this.rate = rate;
    this.#intervalMs = rate.windowMs / rate.count;
    this.#slots = slots;
    this.#fullAtMs = new Float64Array(ROWS * slots);
    this.#now = now;
  }

  /** Takes one from the key's bucket, if there is one left. */
  take(key: string): Allowance {
    const nowMs = this.#now();
    const places = this.#placesOf(key);
    const fullAtMs = Math.max(nowMs, Math.min(...places.map((place) => this.#fullAtMs[place] ?? 0)));
    const thenMs = fullAtMs + this.#intervalMs;
    const lateMs = thenMs - nowMs - this.rate.windowMs;
    // A millionth of a token for rounding.
    if (lateMs > this.#intervalMs * 1e-6) return { ok: false, remaining: 0, fullInMs: fullAtMs - nowMs, retryAfterMs: lateMs };
    for (const place of places) this.#fullAtMs[place] = Math.max(this.#fullAtMs[place] ?? 0, thenMs);
    const remaining = Math.floor((this.rate.windowMs - (thenMs - nowMs)) / this.#intervalMs + 1e-6);
    return { ok: true, remaining: Math.max(remaining, 0), fullInMs: thenMs - nowMs, retryAfterMs: 0 };
  }

  #placesOf(key: string): readonly number[] {
    const [first, second] = keyedHash(key, this.#key);
    const mask = this.#slots - 1, size = this.#slots;
    return [first & mask, size + (first >>> 16 & mask), 2 * size + (second & mask), 3 * size + (second >>> 16 & mask)];
  }
}
