import type { MessageBatch, MessageService, MessageStream, StreamMessagesRequest } from "../contracts/mod.ts";
import type { CallContext } from "../core/context.ts";
import { abortError, ChatError } from "../core/errors.ts";
import type { Outbox } from "./websocket_outbox.ts";
import { eventFrame } from "./websocket_protocol.ts";

const LEFT = new ChatError("cancelled", "The subscription was given up");

/** What following a room by a socket takes. */
export interface SubscriptionOptions {
  readonly service: MessageService;
  readonly outbox: Outbox;
  /** The socket's; its signal ends the subscription. */
  readonly context: CallContext;
}

/** One room followed by a socket. */
export class Subscription {
  readonly room: string;
  readonly #options: SubscriptionOptions;
  readonly #stopping = new AbortController();
  /** Looked through up to here, of the batch under way up to the message sent last. */
  #position = 0;
  #stream: MessageStream | undefined;
  #isSending = false;

  private constructor(room: string, options: SubscriptionOptions) {
    this.room = room;
    this.#options = options;
  }

  /** Fixes where the subscription begins. Throws as `streamMessages`. Nothing is sent before {@link run}. */
  static async open(request: StreamMessagesRequest & { readonly room: string }, options: SubscriptionOptions): Promise<OpenSubscription> {
    const subscription = new Subscription(request.room, options);
    const signal = AbortSignal.any([options.context.signal, subscription.#stopping.signal]);
    const stream = await options.service.streamMessages(request, { ...options.context, signal });
    subscription.#position = stream.startSeq;
    subscription.#stream = stream;
    return { subscription, run: () => subscription.#run(stream, signal) };
  }

  /** What has been sent up to, and so where to resume. */
  get position(): number {
    return this.#isSending ? this.#position : Math.max(this.#position, this.#stream?.position ?? 0);
  }

  /** Sends nothing more, from this very moment on. */
  stop(): void {
    this.#stopping.abort(LEFT);
  }

  get isStopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #run(stream: MessageStream, signal: AbortSignal): Promise<never> {
    for await (const batch of stream) {
      this.#isSending = true;
      await this.#sendAll(batch, stream.failed, signal);
      this.#isSending = false;
    }
    throw signal.aborted ? abortError(signal) : new ChatError("unavailable", "The subscription ended", { retryAfterMs: 0 });
  }

  async #sendAll(batch: MessageBatch, failed: AbortSignal, signal: AbortSignal): Promise<void> {
    const { outbox } = this.#options;
    for (const message of batch) {
      if (outbox.isFull) await outbox.room(signal, failed).catch((error) => this.#gaveUp(error, failed));
      if (signal.aborted) throw abortError(signal);
      outbox.send(eventFrame(message));
      this.#position = message.seq;
    }
  }

  /** Of a batch that was begun only a part has been sent, so the service's own position would be too far. */
  #gaveUp(error: unknown, failed: AbortSignal): never {
    if (!failed.aborted) throw error;
    const text = `The reader fell behind the room "${this.room}" further than is kept for it; resume after position ${this.#position}`;
    throw new ChatError("resource_exhausted", text, { resumeSeq: this.#position, retryAfterMs: 0 });
  }
}

/** A subscription that has its place; `run` sends until it ends, and rejects with the reason. */
export interface OpenSubscription {
  readonly subscription: Subscription;
  run(): Promise<never>;
}
