import type { Context } from "hono";
import type { Call, GatewayEnv } from "./context.ts";
import { EVENTS_TYPE, LINES_TYPE } from "./media_types.ts";
import { abortError, ChatError } from "../core/errors.ts";

/** The response whose body is a stream of events; null for `HEAD`. */
export function eventResponse(c: Context<GatewayEnv>, body: ReadableStream<Uint8Array> | null): Response {
  return streamResponse(c, EVENTS_TYPE, body);
}

/** The response whose body is a JSON text a line; null for `HEAD`. */
export function lineResponse(c: Context<GatewayEnv>, body: ReadableStream<Uint8Array> | null): Response {
  return streamResponse(c, LINES_TYPE, body);
}

function streamResponse(c: Context<GatewayEnv>, type: string, body: ReadableStream<Uint8Array> | null): Response {
  c.header("Content-Type", type);
  // Neither compressed nor collected on the way: a frame is worth something only while it is new.
  c.header("Cache-Control", "no-store, no-transform");
  c.header("X-Accel-Buffering", "no");
  return c.newResponse(body);
}

/** How the steps of a service's stream become frames. */
export interface StreamBodyOptions<T> {
  readonly call: Call;
  readonly frame: (value: T) => string;
  /** The last frame of a stream that failed. */
  readonly failure: (error: unknown) => string;
  /** Sent while the stream is quiet, so that proxies keep it open and a vanished reader is found. */
  readonly heartbeat?: { readonly frame: string; readonly everyMs: number };
  /** Told what ended the stream, unless it was the reader. */
  onFailure(error: unknown): void;
}

/**
 * A service's stream as a body, pulled by its reader: the next step is asked for only when the reader has taken the one before. Finishes the call
 */
export function streamBody<T>(source: AsyncIterable<T>, options: StreamBodyOptions<T>): ReadableStream<Uint8Array> {
  return new ReadableStream(new PulledBody(source, options), { highWaterMark: 0 });
}

const encoder = new TextEncoder();

class PulledBody<T> implements UnderlyingDefaultSource<Uint8Array> {
  readonly #steps: AsyncIterator<T>;
  readonly #options: StreamBodyOptions<T>;
  /** Asked for, and not yet sent. */
  #next: Promise<IteratorResult<T>> | undefined;

  constructor(source: AsyncIterable<T>, options: StreamBodyOptions<T>) {
    this.#steps = source[Symbol.asyncIterator]();
    this.#options = options;
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    const { call, frame, failure, onFailure } = this.#options;
    try {
      this.#next ??= call.run(this.#steps.next());
      const step = await this.#orHeartbeat(this.#next);
      if (step === undefined) return this.#send(controller, this.#options.heartbeat?.frame ?? "");
      this.#next = undefined;
      if (step.done === true) return this.#end(controller);
      this.#send(controller, frame(step.value));
    } catch (error) {
      const told = call.signal.aborted ? abortError(call.signal) : error;
      if (!(told instanceof ChatError && told.code === "cancelled")) {
        onFailure(told);
        this.#send(controller, failure(told));
      }
      this.#end(controller);
    }
  }

  cancel(): void {
    this.#finish();
  }

  #send(controller: ReadableStreamDefaultController<Uint8Array>, text: string): void {
    const bytes = encoder.encode(text);
    this.#options.call.bytesOut = (this.#options.call.bytesOut ?? 0) + bytes.length;
    controller.enqueue(bytes);
  }

  #end(controller: ReadableStreamDefaultController<Uint8Array>): void {
    controller.close();
    this.#finish();
  }

  #finish(): void {
    const { call } = this.#options;
    call.abort(new ChatError("cancelled", "The client went away"));
    this.#steps.return?.().catch(() => {}); // it has nobody to tell any more
    call.finish();
  }

  /** The step, or undefined when it is time for a heartbeat. */
  async #orHeartbeat(next: Promise<IteratorResult<T>>): Promise<IteratorResult<T> | undefined> {
    const { heartbeat } = this.#options;
    if (heartbeat === undefined) return await next;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => resolve(undefined), heartbeat.everyMs);
    try {
      return await Promise.race([next, promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}
