/** How often is looked whether the process keeps up. */
const LOOK_MS = 20;
/**
 * So many late turns in a row are a process that is given more than it can do: fewer may be one burst, which the queue takes, or others that had the
 * processor. While a share is refused already, fewer say that it is not enough.
 */
const [AT_FIRST, IN_A_ROW] = [8, 3];
/** How fast more is refused, and how much slower again less: it must be found what is just possible. */
const [LESS, MORE] = [0.9, 0.03];
/** Some calls always come through: without them nobody would see that things are better. */
const LEAST = 0.05;

/** What to measure by. */
export interface LoopDelayOptions {
  /** A turn that comes later is late; Infinity: none is. */
  readonly maxMs: number;
  readonly random?: () => number;
}

/** Measures how late the event loop is, and from that which share of the calls the process has time for. */
export class LoopDelay {
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #random: () => number;
  #dueMs: number;
  readonly #maxMs: number;
  #share = 1;
  #lateTurns = 0;

  constructor({ maxMs, random = Math.random }: LoopDelayOptions) {
    this.#maxMs = maxMs;
    this.#random = random;
    this.#dueMs = performance.now() + LOOK_MS;
    this.#timer = setInterval(() => {
      const nowMs = performance.now();
      this.note(nowMs - this.#dueMs);
      this.#dueMs = nowMs + LOOK_MS;
    }, LOOK_MS);
    Deno.unrefTimer(this.#timer as unknown as number);
  }

  /** The share of calls that is let in, from 0 to 1. */
  get share(): number {
    return this.#share;
  }

  /** Whether this call is one that there is no time for; draws lots. */
  sheds(): boolean {
    return this.#share < 1 && this.#random() >= this.#share;
  }

  /** A turn came so many milliseconds late. */
  note(lateMs: number): void {
    this.#lateTurns = lateMs > this.#maxMs ? this.#lateTurns + 1 : 0;
    if (this.#lateTurns >= (this.#share < 1 ? IN_A_ROW : AT_FIRST)) this.#share = Math.max(LEAST, this.#share * LESS);
    else if (this.#lateTurns === 0) this.#share = Math.min(1, this.#share + MORE);
  }

  /** Looks no more. */
  stop(): void {
    clearInterval(this.#timer);
  }
}
