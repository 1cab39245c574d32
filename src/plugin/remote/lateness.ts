import { ChatError } from "../../core/errors.ts";

/** So many calls in a row that ran out of time, and the next ones are not even begun for a while. */
const PATIENCE = 5;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** Clocks and timers are not that exact. */
const SHARE = 0.95;

/** Spares callers the wait for a plugin that is always late: they are told at once, and after a pause somebody tries again. */
export class Lateness {
  readonly #plugin: string;
  readonly #tell: (problem: string | undefined) => void;
  #late = 0;
  #pausedUntilMs = 0;

  /** `tell` is told of each pause and, with undefined, of the first answer after one. */
  constructor(plugin: string, tell: (problem: string | undefined) => void) {
    this.#plugin = plugin;
    this.#tell = tell;
  }

  /** Throws `unavailable` in a pause. */
  admit(): void {
    const waitMs = this.#pausedUntilMs - performance.now();
    if (waitMs <= 0) return;
    throw new ChatError("unavailable", this.#problem, { retryAfterMs: Math.ceil(waitMs) });
  }

  /** The plugin has answered, whatever it said. */
  answered(): void {
    if (this.#pausedUntilMs > 0) this.#tell(undefined);
    this.#late = 0;
    this.#pausedUntilMs = 0;
  }

  /** A call has ended without an answer. It counts only if it had all the time that the plugin may take: a caller in a hurry says nothing about the plugin. */
  ended(tookMs: number, limitMs: number): void {
    if (tookMs < limitMs * SHARE || ++this.#late < PATIENCE) return;
    this.#pausedUntilMs = performance.now() + Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.#late - PATIENCE));
    this.#tell(this.#problem);
  }

  get #problem(): string {
    return `Plugin ${this.#plugin} has not answered in time ${this.#late} times in a row`;
  }
}
