import { abortError, ChatError } from "../core/errors.ts";

/** How much a gate lets in. */
export interface GateOptions {
  /** Calls that run at once. */
  readonly maxRunning: number;
  /** Calls that wait for one of them to end. */
  readonly maxWaiting: number;
  /** What the refusal tells to do about it, such as the setting's name. */
  readonly advice: string;
}

interface Waiter {
  readonly admit: () => void;
}

/** Repeating at once would meet the same full gate. */
const RETRY_AFTER_MS = 250;

/** Lets a bounded number of calls run, and a bounded number wait in the order in which they came. */
export class Gate {
  readonly #options: GateOptions;
  /** In order of arrival; a call that gives up leaves from the middle. */
  readonly #waiting = new Set<Waiter>();
  #running = 0;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** Calls that are in. */
  get running(): number {
    return this.#running;
  }

  /** Calls that wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Lets a call in: at once (undefined), or when the promise resolves. Whoever is in must `leave` once. Throws `resource_exhausted` when too
   * many wait already. The promise rejects, and the call is no longer waiting, when the signal aborts; it is read only if the call has to wait.
   */
  enter(caller: { readonly signal: AbortSignal }): Promise<void> | undefined {
    if (this.#running < this.#options.maxRunning) {
      this.#running++;
      return undefined;
    }
    if (this.#waiting.size >= this.#options.maxWaiting) throw this.#full();
    return this.#wait(caller.signal);
  }

  /** A call has ended; the one that waits longest takes its place. */
  leave(): void {
    for (const first of this.#waiting) {
      this.#waiting.delete(first);
      first.admit();
      return;
    }
    this.#running--;
  }

  #wait(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(abortError(signal));
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.#waiting.delete(waiter);
        reject(abortError(signal));
      };
      const waiter: Waiter = {
        admit: () => {
          signal.removeEventListener("abort", giveUp);
          resolve();
        },
      };
      signal.addEventListener("abort", giveUp, { once: true });
      this.#waiting.add(waiter);
    });
  }

  #full(): ChatError {
    const { maxRunning, maxWaiting, advice } = this.#options;
    const text = `The server is full: ${maxRunning} calls run and ${maxWaiting} wait; ${advice}`;
    return new ChatError("resource_exhausted", text, { retryAfterMs: RETRY_AFTER_MS });
  }
}
