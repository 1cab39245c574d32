import type { Caller } from "./caller.ts";
import { ChatError } from "./errors.ts";
import { addressHolder } from "./ip.ts";
import { type Allowance, type Rate, RateLimiter } from "./rate_limiter.ts";

/** How many calls are taken; absent: any number. */
export interface CallRates {
  readonly perCaller?: Rate;
  readonly perAddress?: Rate;
}

/** What was taken from which bucket. */
export interface Taken extends Allowance {
  readonly policy: "caller" | "address";
  readonly rate: Rate;
}

/**
 * How often callers may call: who has proved who it is by its own measure, everybody else by its address's. So nobody with a good credential is held
 * up by strangers behind the same address, and a flood of made-up credentials is measured by where it comes from.
 */
export class CallLimits {
  readonly #callers: RateLimiter | undefined;
  readonly #addresses: RateLimiter | undefined;

  constructor({ perCaller, perAddress }: CallRates) {
    this.#callers = perCaller && new RateLimiter(perCaller);
    this.#addresses = perAddress && new RateLimiter(perAddress);
  }

  /** Takes one call of a caller; undefined: it has no measure. An address that is not known is not measured. */
  take(caller: Caller, address: string): Taken | undefined {
    if (caller.kind === "anonymous") return address === "" ? undefined : taken("address", this.#addresses, addressHolder(address));
    return taken("caller", this.#callers, caller.id);
  }
}

/** What a caller is told who calls too often. */
export function tooOften({ policy, rate, retryAfterMs }: Taken): ChatError {
  const who = policy === "caller" ? "The caller" : "The address";
  return new ChatError("resource_exhausted", `${who} calls more often than ${rate.count} times in ${rate.windowMs / 1_000} s`, {
    retryAfterMs: Math.ceil(retryAfterMs),
  });
}

function taken(policy: Taken["policy"], limiter: RateLimiter | undefined, key: string): Taken | undefined {
  return limiter && { policy, rate: limiter.rate, ...limiter.take(key) };
}
