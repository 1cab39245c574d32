/**
 * A watch as a body of server-sent events, pulled by its reader: the next batch is asked for only when the reader has taken the one before, so a
 * slow reader holds one batch here and falls behind in the service, which ends it with the position to resume from.
 *
 * @module
 */
import type { MessageBatch, MessageStream } from "../contracts/mod.ts";
import { abortError, ChatError } from "../core/errors.ts";
import type { Call } from "./context.ts";
import { encodeBatch, failureFrame, heartbeatFrame, readyFrame } from "./sse_frames.ts";

/** What a body of events works with. */
export interface EventBodyOptions {
  readonly call: Call;
  /** A quiet stream says so this often, so that proxies keep it open and a vanished reader is found. */
  readonly heartbeatMs: number;
  /** Told what ended the stream, unless it was the reader. */
  onFailure(error: unknown): void;
}

/** The body that follows `watch`; finishes the call when the watch or the reader ends. */
export function eventBody(watch: MessageStream, options: EventBodyOptions): ReadableStream<Uint8Array> {
  // Nothing is made before it is asked for: what waits is then bounded by what the service keeps, not by a second queue here.
  return new ReadableStream(new EventSourceBody(watch, options), { highWaterMark: 0 });
}

class EventSourceBody implements UnderlyingDefaultSource<Uint8Array> {
  readonly #watch: MessageStream;
  readonly #batches: AsyncIterator<MessageBatch>;
  readonly #options: EventBodyOptions;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #heartbeat: ReturnType<typeof setInterval> | undefined;
  /** Set while the reader waits. */
  #satisfy: (() => void) | undefined;
  /** Came when nobody waited any more, because a heartbeat had satisfied the reader. */
  #held: Uint8Array | undefined;
  #isAsking = false;
  #isLast = false;
  #isClosed = false;

  constructor(watch: MessageStream, options: EventBodyOptions) {
    this.#watch = watch;
    this.#batches = watch[Symbol.asyncIterator]();
    this.#options = options;
    this.#held = readyFrame(watch.startSeq);
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    this.#heartbeat = setInterval(() => this.#beat(), this.#options.heartbeatMs);
  }

  pull(): Promise<void> {
    return new Promise((resolve) => {
      this.#satisfy = resolve;
      this.#feed();
    });
  }

  cancel(): void {
    this.#close();
  }

  /** Gives a waiting reader what is held, else asks the watch for more. */
  #feed(): void {
    if (this.#satisfy === undefined || this.#isClosed) return;
    if (this.#held !== undefined) return this.#send(this.#held);
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#batches.next().then(({ done, value }) => done === true ? this.#ended() : this.#arrived(encodeBatch(value)))
      .catch((error) => this.#failed(error));
  }

  #arrived(frame: Uint8Array): void {
    this.#isAsking = false;
    this.#held = frame;
    this.#feed();
  }

  #send(frame: Uint8Array): void {
    this.#held = undefined;
    this.#enqueue(frame);
    if (this.#isLast && !this.#isClosed) {
      this.#controller?.close();
      this.#close();
    }
    this.#satisfied();
  }

  #beat(): void {
    if (this.#satisfy === undefined || this.#held !== undefined) return;
    this.#enqueue(heartbeatFrame(this.#watch.position));
    this.#satisfied();
  }

  #enqueue(frame: Uint8Array): void {
    const { call } = this.#options;
    try {
      this.#controller?.enqueue(frame);
      call.bytesOut = (call.bytesOut ?? 0) + frame.length;
    } catch {
      this.#close(); // a stopping server takes streams away without a word
    }
  }

  #satisfied(): void {
    const satisfy = this.#satisfy;
    this.#satisfy = undefined;
    satisfy?.();
  }

  /** A watch ends by its signal, by falling behind or by the server's stop; all but the reader's leaving are told to the reader. */
  #ended(): void {
    const { signal } = this.#options.call;
    this.#failed(signal.aborted ? abortError(signal) : new ChatError("unavailable", "The stream ended", { retryAfterMs: 0 }));
  }

  #failed(error: unknown): void {
    if (this.#isClosed) return;
    if (error instanceof ChatError && error.code === "cancelled") return this.#leave();
    this.#options.onFailure(error);
    this.#isLast = true;
    this.#arrived(failureFrame(error, { requestId: this.#options.call.requestId, position: this.#watch.position }));
  }

  /** The reader is gone: there is nobody to tell. */
  #leave(): void {
    this.#controller?.close();
    this.#close();
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#heartbeat);
    this.#options.call.abort(new ChatError("cancelled", "The client went away"));
    this.#batches.return?.().catch(() => {}); // it has nobody to tell any more
    this.#options.call.finish();
    this.#satisfied();
  }
}
