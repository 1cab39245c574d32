import type { DatabaseError } from "../session.ts";

const FIRST_DELAY_MS = 50;
const MAX_DELAY_MS = 500;
/** What a refusal takes: a caller that repeats at once must not spin. */
const REFUSAL_MS = 10;

/**
 * Keeps the connections of a process from hammering a server that is down: after a failed attempt the next one waits, 50 ms and doubling up to
 * half a second, and statements in between fail soon with what the last attempt found.
 */
export class ConnectGate {
  #failures = 0;
  #closedUntilMs = 0;
  #lastError: DatabaseError | undefined;
  /** Which of several servers the last connection was made to: the next one tries it first. */
  preferred = 0;

  /** Rejects with the last attempt's error while it is too early for another. */
  async pass(): Promise<void> {
    if (this.#lastError === undefined || performance.now() >= this.#closedUntilMs) return;
    const error = this.#lastError;
    await new Promise((resolve) => setTimeout(resolve, REFUSAL_MS));
    throw error;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#lastError = undefined;
  }

  failed(error: DatabaseError): void {
    const delayMs = Math.min(FIRST_DELAY_MS * 2 ** this.#failures++, MAX_DELAY_MS);
    this.#closedUntilMs = performance.now() + delayMs;
    this.#lastError = error;
  }
}
