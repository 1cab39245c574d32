import { ChatError } from "./errors.ts";

/** How many calls each caller has open, and how many at most. */
export class OpenShares {
  readonly #max: number;
  readonly #open = new Map<string, number>();

  constructor(max: number) {
    this.#max = max;
  }

  /** Counts one more of this caller, until what is returned is called, once; throws `resource_exhausted` when it has as many as it may. */
  take(caller: string): () => void {
    const open = this.#open.get(caller) ?? 0;
    if (open >= this.#max) {
      throw new ChatError(
        "resource_exhausted",
        `The caller has ${open} calls open, which is the limit for one (HTTP_MAX_CALLS_PER_CALLER)`,
        {
          retryAfterMs: 1_000,
        },
      );
    }
    this.#open.set(caller, open + 1);
    return () => this.#release(caller);
  }

  /** Callers who have calls open. */
  get callers(): number {
    return this.#open.size;
  }

  #release(caller: string): void {
    const left = (this.#open.get(caller) ?? 1) - 1;
    if (left === 0) this.#open.delete(caller);
    else this.#open.set(caller, left);
  }
}
