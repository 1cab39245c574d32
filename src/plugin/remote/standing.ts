import { abortError, ChatError } from "../../core/errors.ts";

/** How {@link Standing} finds out, and whom it tells. */
export interface StandingOptions {
  /** Asks the server what it is; throws `ChatError` where nobody is there, or another one than was installed. */
  readonly ask: (signal: AbortSignal) => Promise<void>;
  /** Told of each change: undefined when all is well. */
  readonly tell: (problem: ChatError | undefined) => void;
}

/** Pauses between looks at a server that fails; each is twice as long, and a little is random. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 15_000;
/** A call may have the server looked at again before the pause is over, but not more often than this. */
const ON_DEMAND_MS = 500;
/** A server that is lost while it says what it is, so often in a row, does not stand. */
const MAX_ROUNDS = 3;

/** Whether a plugin's server is there and is the one that was installed. Asked once for each connection, and again and again while it is not. */
export class Standing {
  readonly #options: StandingOptions;
  readonly #closing = new AbortController();
  /** One more with each connection that is lost. */
  #round = 0;
  #stands = false;
  #asking: Promise<void> | undefined;
  #problem: ChatError | undefined;
  #failures = 0;
  #tryAtMs = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: StandingOptions) {
    this.#options = options;
    this.#askAnew();
  }

  /** Resolves when the server stands; throws why it does not, at once where that is known. */
  async ready(signal: AbortSignal): Promise<void> {
    if (this.#closing.signal.aborted) throw abortError(this.#closing.signal);
    if (this.#stands) return;
    const waitMs = this.#tryAtMs - performance.now();
    if (this.#problem !== undefined && this.#asking === undefined && waitMs > 0) throw withRetry(this.#problem, waitMs);
    await unlessAborted(this.#ask(), signal);
  }

  /** The connection is gone: whoever is there next must say what it is. */
  lost(): void {
    this.#round++;
    this.#stands = false;
    if (this.#problem === undefined) this.#askAnew();
  }

  /** Asks no more; who waits is told why. Idempotent. */
  close(reason: ChatError): void {
    this.#closing.abort(reason);
    clearTimeout(this.#timer);
  }

  #askAnew(): void {
    if (!this.#closing.signal.aborted) this.#ask().catch(() => {}); // told by `tell`
  }

  #ask(): Promise<void> {
    return this.#asking ??= this.#askRounds().finally(() => this.#asking = undefined);
  }

  async #askRounds(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      for (let count = 0; count < MAX_ROUNDS; count++) {
        if (await this.#askOnce(count === MAX_ROUNDS - 1)) return this.#stand();
      }
      throw new ChatError("unavailable", "The plugin's server is lost again and again");
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** False: the connection was lost meanwhile, so the answer is not about whoever is there now. */
  async #askOnce(isLast: boolean): Promise<boolean> {
    const round = this.#round;
    try {
      await this.#options.ask(this.#closing.signal);
    } catch (error) {
      if (round === this.#round || isLast || this.#closing.signal.aborted) throw error;
    }
    return round === this.#round;
  }

  #stand(): void {
    this.#stands = true;
    this.#failures = 0;
    this.#problem = undefined;
    this.#options.tell(undefined);
  }

  #fail(error: unknown): unknown {
    if (this.#closing.signal.aborted) return abortError(this.#closing.signal);
    if (!(error instanceof ChatError)) return error;
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures++) * (0.75 + Math.random() / 2);
    this.#problem = error;
    this.#tryAtMs = performance.now() + Math.min(pauseMs, ON_DEMAND_MS);
    this.#timer = setTimeout(() => this.#askAnew(), pauseMs);
    this.#options.tell(error);
    return withRetry(error, pauseMs);
  }
}

/** The same error, for whoever may try again; what needs a person is not worth repeating. */
function withRetry(error: ChatError, afterMs: number): ChatError {
  if (error.code !== "unavailable") return error;
  return new ChatError("unavailable", error.message, { retryAfterMs: Math.ceil(afterMs), cause: error });
}

function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) {
    work.catch(() => {});
    return Promise.reject(abortError(signal));
  }
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(abortError(signal));
    signal.addEventListener("abort", giveUp, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", giveUp));
  });
}
