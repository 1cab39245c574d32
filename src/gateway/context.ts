/**
 * One HTTP request as a {@link CallContext}: its id, and a signal that fires when the client goes away, time is up or the server stops.
 *
 * @module
 */
import type { MiddlewareHandler } from "hono";
import { createMiddleware } from "hono/factory";
import { ANYBODY, type Caller } from "../core/caller.ts";
import type { CallContext, TraceContext } from "../core/context.ts";
import { abortError, ChatError } from "../core/errors.ts";
import { readTraceContext } from "../observability/trace_context.ts";
import { activeHttpContext } from "../observability/tracing.ts";

/** What every handler finds in its Hono context. */
export interface GatewayEnv {
  readonly Variables: { readonly call: Call };
}

/** Taken over from a client only in this shape, because it is written to the log and into headers. */
const REQUEST_ID = /^[A-Za-z0-9._:/+=-]{1,128}$/;

/** One request under way. */
export class Call implements CallContext {
  readonly requestId: string;
  /** The runtime's own span of the request where it traces, else the caller's. */
  readonly trace: TraceContext | undefined;
  /** What a stream has sent so far; undefined for what is no stream. */
  bytesOut: number | undefined;
  /** Of a call that is no stream: when its time is up. */
  deadlineAtMs: number | undefined;
  readonly #aborter = new AbortController();
  readonly #client: AbortSignal;
  readonly #calls: OpenCalls;
  #caller: Caller = ANYBODY;
  #authorization: string | undefined;
  #clock: ReturnType<typeof setTimeout> | undefined;
  #isStream = false;
  readonly #finished: (() => void)[] = [];
  #isSocket = false;

  constructor(request: Request, calls: OpenCalls) {
    const given = request.headers.get("x-request-id");
    this.requestId = given !== null && REQUEST_ID.test(given) ? given : crypto.randomUUID();
    const { headers } = request;
    this.trace = activeHttpContext() ?? readTraceContext(headers.get("traceparent") ?? undefined, headers.get("tracestate") ?? undefined);
    this.#calls = calls;
    this.#client = request.signal;
    this.#client.addEventListener("abort", this.#clientGone);
    this.deadlineAtMs = Date.now() + calls.timeoutMs;
    this.#clock = setTimeout(
      () => this.abort(new ChatError("deadline_exceeded", `The request took longer than ${calls.timeoutMs} ms`)),
      calls.timeoutMs,
    );
  }

  /** Who calls; whoever may call where nobody has to prove anything, unless {@link identify} has said better. */
  get caller(): Caller {
    return this.#caller;
  }

  /** What the caller proved itself with, to be handed on; secret. */
  get authorization(): string | undefined {
    return this.#authorization;
  }

  /** Says who calls. */
  identify(caller: Caller, authorization?: string): void {
    this.#caller = caller;
    this.#authorization = authorization;
  }

  /** Aborts with a {@link ChatError} as its reason. */
  get signal(): AbortSignal {
    return this.#aborter.signal;
  }

  /** Whether the response goes on after the handler has returned; then whoever writes it calls {@link finish}. */
  get isStream(): boolean {
    return this.#isStream;
  }

  /** Whether the response is a WebSocket. */
  get isSocket(): boolean {
    return this.#isSocket;
  }

  /** Ends the call early; only the first reason counts. */
  abort(reason: ChatError): void {
    this.#aborter.abort(reason);
  }

  /** Waits for `work`, but not beyond the signal: work that does not listen to it is left behind. */
  run<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const stop = () => reject(abortError(this.signal));
      if (this.signal.aborted) stop();
      this.signal.addEventListener("abort", stop);
      work.then(resolve, reject).finally(() => this.signal.removeEventListener("abort", stop));
    });
  }

  /** From here on the call is a stream: it may last as long as the client stays, and ends when the server stops. */
  becomeStream(): void {
    this.#isStream = true;
    this.bytesOut = 0;
    this.deadlineAtMs = undefined;
    clearTimeout(this.#clock);
    if (this.#calls.streamsEnded !== undefined) this.abort(this.#calls.streamsEnded);
  }

  /**
   * Like {@link becomeStream}, for a WebSocket: its own events tell of the client from here on, because the request counts as answered with the
   * handshake, and the runtime then aborts its signal.
   */
  becomeSocket(): void {
    this.#client.removeEventListener("abort", this.#clientGone);
    this.#isSocket = true;
    this.becomeStream();
  }

  /** Calls `listener` once, when the answer has been given and, of a stream, sent; those that came first first. */
  onFinish(listener: () => void): void {
    this.#finished.push(listener);
  }

  /** Lets go of the timer and of the client's signal; idempotent. */
  finish(): void {
    for (const listener of this.#finished.splice(0)) listener();
    clearTimeout(this.#clock);
    this.#client.removeEventListener("abort", this.#clientGone);
    this.#calls.forget(this);
  }

  readonly #clientGone = () => this.abort(new ChatError("cancelled", "The client went away"));
}

/** The requests under way, so that a stop can reach them. */
export class OpenCalls {
  /** How long a request may take that is not a stream. */
  readonly timeoutMs: number;
  readonly #open = new Set<Call>();
  #streamsEnded: ChatError | undefined;
  #socketsGone: PromiseWithResolvers<void> | undefined;

  constructor(timeoutMs: number) {
    this.timeoutMs = timeoutMs;
  }

  /** Why no stream may stay open; undefined while the server runs. */
  get streamsEnded(): ChatError | undefined {
    return this.#streamsEnded;
  }

  /** Begins a call; its time runs from here. */
  begin(request: Request): Call {
    const call = new Call(request, this);
    this.#open.add(call);
    return call;
  }

  /** How many are under way. */
  get size(): number {
    return this.#open.size;
  }

  /** How many of them are streams. */
  get streams(): number {
    let count = 0;
    for (const call of this.#open) if (call.isStream) count++;
    return count;
  }

  /** Resolves when no WebSocket is open, or closing, any more. */
  socketsGone(): Promise<void> {
    this.#socketsGone ??= Promise.withResolvers();
    this.#checkSockets();
    return this.#socketsGone.promise;
  }

  /** Ends the streams of callers for whom `ended` gives a reason. */
  endStreamsOf(ended: (caller: Caller) => ChatError | undefined): void {
    for (const call of this.#open) {
      const reason = call.isStream ? ended(call.caller) : undefined;
      if (reason !== undefined) call.abort(reason);
    }
  }

  /** Ends every open stream, and each that would open later. */
  endStreams(reason: ChatError): void {
    this.#streamsEnded = reason;
    for (const call of this.#open) if (call.isStream) call.abort(reason);
  }

  /** Ends whatever is left. */
  endAll(reason: ChatError): void {
    for (const call of this.#open) call.abort(reason);
  }

  /** Called by a call that is over. */
  forget(call: Call): void {
    this.#open.delete(call);
    if (call.isSocket) this.#checkSockets();
  }

  #checkSockets(): void {
    if (this.#socketsGone !== undefined && !this.#open.values().some((call) => call.isSocket)) this.#socketsGone.resolve();
  }
}

/** Gives each request its {@link Call} and the headers that every answer carries. */
export function callContext(calls: OpenCalls): MiddlewareHandler<GatewayEnv> {
  return createMiddleware<GatewayEnv>(async (c, next) => {
    const call = calls.begin(c.req.raw);
    c.set("call", call);
    c.header("X-Request-Id", call.requestId);
    c.header("Cache-Control", "no-store");
    try {
      await next();
    } catch (error) {
      // Hono hands only an Error to the error handler; anything else would leave without an answer.
      throw error instanceof Error ? error : new Error("Something was thrown that is no Error", { cause: error });
    } finally {
      if (!call.isStream) call.finish();
    }
  });
}
