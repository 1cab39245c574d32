import type { Context } from "hono";
import { abortError, ChatError } from "../core/errors.ts";
import type { Log } from "../observability/log.ts";
import type { Call, GatewayEnv } from "./context.ts";
import { EVENTS_TYPE, type LINES_TYPE } from "./media_types.ts";
import { logStreamEnd, problemOf } from "./problem.ts";

/** The response whose body is a stream of events; null for `HEAD`. */
export function eventResponse(c: Context<GatewayEnv>, body: ReadableStream<Uint8Array> | null): Response {
  return streamResponse(c, EVENTS_TYPE, body);
}

function streamResponse(c: Context<GatewayEnv>, type: string, body: ReadableStream<Uint8Array> | null): Response {
  c.header("Content-Type", type);
  // Neither compressed nor collected on the way: a frame is worth something only while it is new.
  c.header("Cache-Control", "no-store, no-transform");
  c.header("X-Accel-Buffering", "no");
  return c.newResponse(body);
}

/** How long an answer waits for its stream's first step: what is refused at once is refused with a status. */
const FIRST_STEP_MS = 2_000;

/** How the steps of a service's stream become an answer. */
export interface StreamAnswerOptions<T> {
  readonly type: typeof EVENTS_TYPE | typeof LINES_TYPE;
  /** A step as text; empty: it is not told. */
  readonly frame: (value: T) => string;
  readonly log: Log;
  /** How often a quiet stream of events says that it lives. */
  readonly heartbeatMs: number;
}

/**
 * Answers with a service's stream, pulled by its reader: the next step is asked for only when the reader has taken the one before. What fails
 * later ends the stream with a problem as its last event or line.
 */
export async function streamAnswer<T>(
  c: Context<GatewayEnv>,
  source: AsyncIterable<T>,
  options: StreamAnswerOptions<T>,
): Promise<Response> {
  const { call } = c.var;
  const body = new PulledBody(source, { ...options, call });
  await body.begin();
  call.becomeStream();
  return streamResponse(c, options.type, new ReadableStream(body, { highWaterMark: 0 }));
}

const encoder = new TextEncoder();

const HEARTBEAT = ": heartbeat\n\n";

class PulledBody<T> implements UnderlyingDefaultSource<Uint8Array> {
  readonly #steps: AsyncIterator<T>;
  readonly #options: StreamAnswerOptions<T> & { readonly call: Call };
  /** Asked for, and not yet sent. */
  #next: Promise<IteratorResult<T>> | undefined;
  #isOver = false;

  constructor(source: AsyncIterable<T>, options: StreamAnswerOptions<T> & { readonly call: Call }) {
    this.#steps = source[Symbol.asyncIterator]();
    this.#options = options;
  }

  /** Waits for the first step, but not for long; throws what it throws. */
  async begin(): Promise<void> {
    this.#next = this.#options.call.run(this.#steps.next());
    await orLater(this.#next, FIRST_STEP_MS);
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    const { call, type, frame, heartbeatMs } = this.#options;
    try {
      this.#next ??= call.run(this.#steps.next());
      const step = type === EVENTS_TYPE ? await orLater(this.#next, heartbeatMs) : await this.#next;
      if (step === undefined) return this.#send(controller, HEARTBEAT);
      this.#next = undefined;
      if (step.done === true) return this.#end(controller);
      this.#send(controller, frame(step.value));
    } catch (error) {
      this.#failed(controller, call.signal.aborted ? abortError(call.signal) : error);
    }
  }

  cancel(): void {
    this.#finish();
  }

  #failed(controller: ReadableStreamDefaultController<Uint8Array>, error: unknown): void {
    if (this.#isOver) return;
    const { call, type, log } = this.#options;
    // Whoever has gone away is told nothing.
    if (!(error instanceof ChatError && error.code === "cancelled" && call.signal.aborted)) {
      logStreamEnd(log, error, { requestId: call.requestId });
      const problem = JSON.stringify(problemOf(error, call.requestId));
      this.#send(controller, type === EVENTS_TYPE ? `event: error\ndata: ${problem}\n\n` : `${problem}\n`);
    }
    this.#end(controller);
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
    if (this.#isOver) return;
    this.#isOver = true;
    const { call } = this.#options;
    call.abort(new ChatError("cancelled", "The client went away"));
    this.#steps.return?.().catch(() => {}); // it has nobody to tell any more
    call.finish();
  }
}

/** What `work` gives, or undefined when that takes longer than `ms`. */
async function orLater<T>(work: Promise<T>, ms: number): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), ms);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
