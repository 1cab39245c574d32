import type { Message, MessageBatch, MessageStream } from "../contracts/mod.ts";
import { ChatError } from "../core/errors.ts";

/** Messages held for the reader before the network is told to wait: enough to hide a turn of the loop, at most about 10 MB. */
const HELD_MESSAGES = 128;

/** The part of a gRPC call that a subscription reads from. */
export interface MessageSource {
  pause(): unknown;
  resume(): unknown;
  cancel(): void;
}

/**
 * One subscription over one gRPC stream. It hands out what has arrived, in order, and stops the server's flow while its reader is busy.
 *
 * A failure is told at the reader's next step, and what is held unread is dropped with it: the error's `resumeSeq` is the last position handed
 * out. The position in the server's trailers is not used, because grpc-js, too, drops what it holds unread when a call fails, so the server may
 * have looked further than what arrived here.
 */
export class Subscription implements MessageStream {
  readonly startSeq: number;
  readonly #source: MessageSource;
  readonly #failure = new AbortController();
  #position: number;
  #held: Message[] = [];
  #ended = false;
  #error: ChatError | undefined;
  #wake: (() => void) | undefined;

  constructor(source: MessageSource, startSeq: number) {
    this.#source = source;
    this.startSeq = startSeq;
    this.#position = startSeq;
  }

  get position(): number {
    return this.#position;
  }

  get failed(): AbortSignal {
    return this.#failure.signal;
  }

  /** A message has arrived. */
  push(message: Message): void {
    if (this.#ended) return;
    this.#held.push(message);
    if (this.#held.length === HELD_MESSAGES) this.#source.pause();
    this.#wake?.();
  }

  /** The call is over; without an error the server ended it of its own will, after everything it sent. */
  end(error?: ChatError): void {
    if (this.#ended) return;
    this.#ended = true;
    if (error !== undefined) {
      this.#held = [];
      this.#error = resumable(error, this.#position);
      if (this.#wake === undefined) this.#failure.abort(this.#error);
    }
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<MessageBatch> {
    try {
      for (;;) {
        while (this.#held.length > 0) yield this.#take();
        if (this.#ended) break;
        await new Promise<void>((resolve) => this.#wake = resolve);
        this.#wake = undefined;
      }
      if (this.#error !== undefined) throw this.#error;
    } finally {
      this.#source.cancel();
    }
  }

  #take(): MessageBatch {
    const batch = this.#held;
    this.#held = [];
    this.#position = batch.at(-1)?.seq ?? this.#position;
    if (batch.length >= HELD_MESSAGES) this.#source.resume();
    return batch;
  }
}

/** The error with the reader's own position, where the server or the network ended what can go on. */
function resumable(error: ChatError, resumeSeq: number): ChatError {
  if (error.resumeSeq === undefined && error.code !== "unavailable") return error;
  const { code, message, field, retryAfterMs } = error;
  return new ChatError(code, message, {
    resumeSeq,
    cause: error,
    ...(field === undefined ? {} : { field }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}
