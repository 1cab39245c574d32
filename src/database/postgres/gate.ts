import type { DatabaseError } from "../session.ts";

const FIRST_DELAY_MS = 50;
const MAX_DELAY_MS = 500;

/**
 * Keeps the connections of a process from hammering a server that is down: after a failed attempt the next one waits, 50 ms and doubling up to
 * half a second, and statements in between fail at once with what the last attempt found.
 */
export class ConnectGate {
  #failures = 0;
  #closedUntilMs = 0;
  #lastError: DatabaseError | undefined;

  /** Throws the last attempt's error while it is too early for another. */
  pass(): void {
    if (this.#lastError !== undefined && performance.now() < this.#closedUntilMs) throw this.#lastError;
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
