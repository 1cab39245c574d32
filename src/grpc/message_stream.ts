import type { Message, MessageService, MessageStream, StreamMessagesRequest } from "../contracts/mod.ts";
import { abortError, ChatError } from "../core/errors.ts";
import { type handleBidiStreamingCall, Metadata, type ServerDuplexStream } from "../wire/grpc_js.ts";
import type { MessageFrames } from "../wire/message_frames.ts";
import { metadataKeys } from "../wire/status.ts";
import { type BatchWriter, batchWriter, http2StreamOf } from "./batch_writer.ts";
import { Call } from "./call.ts";
import { failureStatus } from "./failure.ts";
import { goOn, Inbox } from "./inbox.ts";
import type { HandlerOptions } from "./unary.ts";

/** A client that does not take the end of its stream for so long loses the stream. */
const LINGER_MS = 30_000;
const REPLACED = new ChatError("cancelled", "The subscription was replaced by another request");

type StreamEdge = ServerDuplexStream<StreamMessagesRequest, Message>;

/** Serves `StreamMessages`: each request on the open stream replaces the subscription before it. */
export function messageStream(
  service: MessageService,
  frames: MessageFrames,
  options: HandlerOptions,
): handleBidiStreamingCall<StreamMessagesRequest, Message> {
  return (edge) => new MessageStreamCall(edge, frames, options).run(service);
}

class MessageStreamCall extends Call {
  readonly #edge: StreamEdge;
  readonly #options: HandlerOptions;
  readonly #inbox: Inbox;
  readonly #writer: BatchWriter;
  #announced = false;

  constructor(edge: StreamEdge, frames: MessageFrames, options: HandlerOptions) {
    super(edge, options.callers);
    this.#edge = edge;
    this.#options = options;
    this.#inbox = new Inbox(edge);
    this.#writer = batchWriter(edge, frames, this.signal);
    edge.on("cancelled", () => this.endCancelled());
  }

  /** Never rejects. */
  async run(service: MessageService): Promise<void> {
    try {
      this.#options.calls.addStream(this);
      await this.#serve(service);
    } catch (error) {
      this.#close(error);
    } finally {
      this.#options.calls.delete(this);
    }
  }

  async #serve(service: MessageService): Promise<never> {
    let request = await this.#inbox.first(this.signal);
    while (request !== undefined) {
      const position: number | undefined = await this.#follow(service, request);
      const next: StreamMessagesRequest | undefined = this.#inbox.take();
      request = next && goOn(next, request.room, position);
    }
    throw abortError(this.signal);
  }

  /** Follows one subscription until another request comes; gives the position it came to. Throws when the call is over. */
  async #follow(service: MessageService, request: StreamMessagesRequest): Promise<number | undefined> {
    const subscription = new AbortController();
    const endWithCall = () => subscription.abort(this.signal.reason);
    this.signal.addEventListener("abort", endWithCall, { once: true });
    this.#inbox.whenWaiting(() => subscription.abort(REPLACED));
    let stream: MessageStream | undefined;
    try {
      if (this.signal.aborted) throw abortError(this.signal);
      stream = await service.streamMessages(request, {
        signal: subscription.signal,
        requestId: this.requestId,
        caller: this.caller,
        authorization: this.authorization,
        trace: this.trace,
      });
      this.#announce(stream.startSeq);
      await this.#copy(stream, subscription.signal);
      if (!this.#inbox.waiting) throw new ChatError("unavailable", "The subscription ended");
    } catch (error) {
      if (this.signal.aborted || !this.#inbox.waiting) throw withPosition(error, stream?.position);
    } finally {
      this.#inbox.whenWaiting(undefined);
      this.signal.removeEventListener("abort", endWithCall);
    }
    return stream?.position ?? request.afterSeq;
  }

  async #copy(stream: MessageStream, signal: AbortSignal): Promise<void> {
    for await (const batch of stream) {
      const busy = this.#writer.write(batch, stream.failed);
      if (busy !== undefined) await busy;
      // The batch is in the client's queue, so the stream's position is right whether it goes on or not.
      if (signal.aborted) throw abortError(signal);
    }
  }

  #announce(startSeq: number): void {
    if (this.#announced) return;
    this.#announced = true;
    const metadata = new Metadata();
    metadata.set(metadataKeys.resumeSeq, String(startSeq));
    this.#edge.sendMetadata(metadata);
  }

  #close(error: unknown): void {
    if (this.#edge.cancelled || this.#edge.destroyed) return;
    const stream = http2StreamOf(this.#edge);
    const linger = setTimeout(() => this.#edge.destroy(), LINGER_MS);
    stream?.once("close", () => clearTimeout(linger));
    this.#edge.emit("error", failureStatus(error, { method: "StreamMessages", requestId: this.requestId }, this.#options.log));
  }
}

/** The client must learn where to resume, so whoever ended the stream without saying it is helped out. */
function withPosition(error: unknown, position: number | undefined): unknown {
  if (!(error instanceof ChatError) || position === undefined || error.resumeSeq !== undefined) return error;
  const { code, message, field, retryAfterMs } = error;
  return new ChatError(code, message, {
    resumeSeq: position,
    cause: error.cause,
    ...(field === undefined ? {} : { field }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}
