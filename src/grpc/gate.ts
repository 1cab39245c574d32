import { abortError, ChatError } from "../core/errors.ts";

/** How much a gate lets in. */
export interface GateOptions {
  /** Calls that run at once. */
  readonly maxRunning: number;
  /** Calls that wait for one of them to end. */
  readonly maxWaiting: number;
  /** What the refusal tells to do about it, such as the setting's name. */
  readonly advice: string;
  /** A clock in milliseconds; default: the process's. */
  readonly nowMs?: () => number;
}

interface Waiter {
  readonly admit: () => void;
}

/** A queue is for bursts. One that has stood for longer than this is no burst, and takes only calls that will soon be in. */
const BURST_MS = 500;
/** What soon is: whoever would wait longer is better told at once, while the caller has time to do something else. */
const SOON_MS = 75;
/** Over how long is counted how many calls come in. */
const COUNT_MS = 100;
/** When a refused call may come again, in milliseconds: repeating at once would meet the same full gate. */
export const RETRY_AFTER_MS = 250;

/**
 * Lets a bounded number of calls run, and a bounded number wait in the order in which they came. Under a load that lasts, waiting in a long queue
 * would only make every call late, those before it in the queue included; so then the queue takes no more than what will be in soon.
 */
export class Gate {
  readonly #options: GateOptions;
  /** In order of arrival; a call that gives up leaves from the middle. */
  readonly #waiting = new Set<Waiter>();
  readonly #nowMs: () => number;
  #running = 0;
  /** Since when somebody has been waiting. */
  #standingSinceMs = 0;
  /** Calls that came in from the queue each millisecond, as last counted. */
  #rate = 0;
  #counted = 0;
  #countingSinceMs = 0;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? (() => performance.now());
  }

  /** Calls that are in. */
  get running(): number {
    return this.#running;
  }

  /** Calls that wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Whether a call that comes now is refused. */
  get isFull(): boolean {
    if (this.#running < this.#options.maxRunning) return false;
    if (this.#waiting.size >= this.#options.maxWaiting) return true;
    const nowMs = this.#nowMs();
    if (this.#waiting.size === 0 || nowMs - this.#standingSinceMs < BURST_MS) return false;
    // Where nobody has come in for that long, the rate says nothing any more.
    const rate = nowMs - this.#countingSinceMs < BURST_MS ? this.#rate : 0;
    return this.#waiting.size > rate * SOON_MS;
  }

  /** What a call that is refused now is told. */
  get refusal(): string {
    return `The server is full: ${this.#running} calls run and ${this.#waiting.size} wait; ${this.#options.advice}`;
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
    if (this.isFull) throw this.#full();
    return this.#wait(caller.signal);
  }

  /** A call has ended; the one that waits longest takes its place. */
  leave(): void {
    for (const first of this.#waiting) {
      this.#waiting.delete(first);
      this.#count();
      first.admit();
      return;
    }
    this.#running--;
  }

  #count(): void {
    this.#counted++;
    const nowMs = this.#nowMs();
    const tookMs = nowMs - this.#countingSinceMs;
    if (tookMs < COUNT_MS) return;
    this.#rate = this.#counted / tookMs;
    this.#counted = 0;
    this.#countingSinceMs = nowMs;
  }

  #wait(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(abortError(signal));
    if (this.#waiting.size === 0) this.#begin();
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

  #begin(): void {
    this.#standingSinceMs = this.#countingSinceMs = this.#nowMs();
    this.#counted = 0;
  }

  #full(): ChatError {
    return new ChatError("resource_exhausted", this.refusal, { retryAfterMs: RETRY_AFTER_MS });
  }
}
