import { abortError, ChatError } from "../core/errors.ts";

/** How much memory large answers may take together. */
export interface AnswerRoomOptions {
  /** Bytes set aside for a large answer until its size is known. */
  readonly largestBytes: number;
  readonly totalBytes: number;
  readonly connectionBytes: number;
  /** Calls that may wait. */
  readonly maxWaiting: number;
  /** An answer that its client has not taken for so long is given up. */
  readonly lingerMs: number;
}

/** The HTTP/2 stream that an answer goes out on. */
export interface AnswerStream {
  readonly session?: object | undefined;
  readonly writableLength: number;
  readonly closed: boolean;
  once(event: "close", listener: () => void): unknown;
  destroy(): unknown;
}

/** Memory set aside for one answer. Exactly one of its methods ends it. */
export interface AnswerHold {
  /** Nothing will be sent any more. */
  release(): void;
  /** The answer has been handed to the stream: what lies unsent is kept until the stream closes. */
  sent(): void;
}

interface Waiter {
  readonly session: object;
  readonly admit: () => void;
}

const NOBODY = {};
const RETRY_AFTER_MS = 250;

/**
 * Keeps clients that ask for much and read nothing from filling the memory: a call whose answer may be large runs only when there is room for it,
 * in the process and on its connection. Others wait, in the order in which they came, and cost no more than their request.
 */
export class AnswerRoom {
  readonly #options: AnswerRoomOptions;
  readonly #held = new WeakMap<object, number>();
  readonly #waiting = new Set<Waiter>();
  #total = 0;

  constructor(options: AnswerRoomOptions) {
    this.#options = options;
  }

  /** Bytes set aside or unsent. */
  get bytes(): number {
    return this.#total;
  }

  /** Calls that wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Sets memory aside for a large answer: at once, or when the promise resolves. Throws `resource_exhausted` when too many wait already; rejects,
   * with nothing held, when the caller's signal aborts, which is read only if the call has to wait.
   */
  enter(stream: AnswerStream | undefined, caller: { readonly signal: AbortSignal }): AnswerHold | Promise<AnswerHold> {
    const session = stream?.session ?? NOBODY;
    if (this.#waiting.size === 0 && this.#fits(session)) return this.#hold(session, stream);
    if (this.#waiting.size >= this.#options.maxWaiting) {
      const text = `The server is full: ${this.#waiting.size} calls wait for answers before them to be taken`;
      throw new ChatError("resource_exhausted", text, { retryAfterMs: RETRY_AFTER_MS });
    }
    return this.#wait(session, caller.signal).then(() => this.#hold(session, stream, "admitted"));
  }

  #wait(session: object, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(abortError(signal));
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.#waiting.delete(waiter);
        reject(abortError(signal));
      };
      const waiter: Waiter = {
        session,
        admit: () => {
          signal.removeEventListener("abort", giveUp);
          resolve();
        },
      };
      signal.addEventListener("abort", giveUp, { once: true });
      this.#waiting.add(waiter);
      // Others of its connection may be the only ones that have to wait.
      this.#admit();
    });
  }

  #fits(session: object): boolean {
    const { largestBytes, totalBytes, connectionBytes } = this.#options;
    return this.#total + largestBytes <= totalBytes && (this.#held.get(session) ?? 0) + largestBytes <= connectionBytes;
  }

  #add(session: object, bytes: number): void {
    this.#total += bytes;
    this.#held.set(session, (this.#held.get(session) ?? 0) + bytes);
  }

  #hold(session: object, stream: AnswerStream | undefined, admitted?: "admitted"): AnswerHold {
    const { largestBytes, lingerMs } = this.#options;
    if (admitted === undefined) this.#add(session, largestBytes);
    const give = (bytes: number) => {
      this.#add(session, -bytes);
      this.#admit();
    };
    return {
      release: () => give(largestBytes),
      sent: () => {
        const unsent = stream === undefined || stream.closed ? 0 : stream.writableLength;
        give(largestBytes - unsent);
        if (unsent === 0) return;
        const linger = setTimeout(() => stream?.destroy(), lingerMs);
        stream?.once("close", () => {
          clearTimeout(linger);
          give(unsent);
        });
      },
    };
  }

  /** Lets in those for whom there is room now. */
  #admit(): void {
    for (const waiter of this.#waiting) {
      if (this.#total + this.#options.largestBytes > this.#options.totalBytes) return;
      if (!this.#fits(waiter.session)) continue;
      this.#waiting.delete(waiter);
      // Taken before the waiter runs, so that nobody comes in between.
      this.#add(waiter.session, this.#options.largestBytes);
      waiter.admit();
    }
  }
}
