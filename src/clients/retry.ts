import { abortError, ChatError, type ErrorCode } from "../core/errors.ts";
import type { RetryBudget } from "./retry_budget.ts";

const UNAVAILABLE: ReadonlySet<ErrorCode> = new Set(["unavailable"]);

/** How long the pauses between attempts are. */
export interface Backoff {
  readonly backoffInitialMs: number;
  readonly backoffMaxMs: number;
  /** By how much each pause is longer than the one before; default 2. */
  readonly backoffMultiplier?: number | undefined;
}

/** When to stop trying. */
export interface RetryPlan extends Backoff {
  /** Attempts in all, the first one included. */
  readonly maxAttempts: number;
  /** Milliseconds since 1970; no attempt begins after it. */
  readonly deadlineAtMs: number;
  /** A pause ends when one of these aborts. */
  readonly signals: readonly AbortSignal[];
  /** What all calls of the client share; unset: no bound. */
  readonly budget?: RetryBudget;
  /** Which ends are tried again; default: `unavailable`. */
  readonly retryCodes?: ReadonlySet<ErrorCode> | undefined;
}

/** The pause after so many failures in a row, in milliseconds: growing, half of it random, never above the longest. */
export function backoffMs(failures: number, backoff: Backoff, random: () => number = Math.random): number {
  const full = Math.min(backoff.backoffInitialMs * (backoff.backoffMultiplier ?? 2) ** Math.min(failures - 1, 30), backoff.backoffMaxMs);
  return Math.round(full / 2 + (full / 2) * random());
}

/** Waits; rejects with the error that an aborted signal stands for. */
export function pause(ms: number, signals: readonly AbortSignal[]): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const aborted = signals.find((signal) => signal.aborted);
  if (aborted !== undefined) return Promise.reject(abortError(aborted));
  const timer = setTimeout(resolve, ms);
  const onAbort = (event: Event) => reject(abortError(event.target as AbortSignal));
  for (const signal of signals) signal.addEventListener("abort", onAbort);
  return promise.finally(() => {
    clearTimeout(timer);
    for (const signal of signals) signal.removeEventListener("abort", onAbort);
  });
}

/**
 * Runs `attempt` until it succeeds, fails with what the plan does not try again, or the plan ends; then throws the last attempt's error.
 * Only for calls that may be repeated.
 */
export async function withRetries<T>(attempt: () => Promise<T>, plan: RetryPlan): Promise<T> {
  plan.budget?.earn();
  const { retryCodes = UNAVAILABLE } = plan;
  for (let failures = 1;; failures++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof ChatError) || !retryCodes.has(error.code) || failures >= plan.maxAttempts) throw error;
      const delayMs = Math.max(backoffMs(failures, plan), error.retryAfterMs ?? 0);
      // The reason why the service is away says more than "deadline exceeded" would.
      if (Date.now() + delayMs >= plan.deadlineAtMs) throw error;
      if (plan.budget?.spend(performance.now()) === false) throw error;
      await pause(delayMs, plan.signals);
    }
  }
}
