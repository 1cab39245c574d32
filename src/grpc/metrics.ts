import type { CallContext, TraceContext } from "../core/context.ts";
import type { CallCounter } from "../observability/call_series.ts";
import type { Metrics } from "../observability/metrics.ts";
import type { Telemetry } from "../observability/telemetry.ts";
import { readTraceContext, TRACEPARENT_COPY } from "../observability/trace_context.ts";
import { isTracing, type Span, startSpan } from "../observability/tracing.ts";
import {
  type Metadata,
  type Server,
  type ServerInterceptingCall,
  type ServerInterceptor,
  status,
  type StatusObject,
} from "../wire/grpc_js.ts";
import { bottomOf } from "./bottom.ts";

/** The ends that are this side's fault, as OpenTelemetry's conventions for gRPC have them; the others are the caller's. */
const SERVER_FAULTS: ReadonlySet<status> = new Set([
  ...[status.UNKNOWN, status.DEADLINE_EXCEEDED, status.UNIMPLEMENTED, status.INTERNAL, status.UNAVAILABLE, status.DATA_LOSS],
]);
const PROBES = "grpc.health.v1.Health/";
/** What a metric calls every method that the server does not have: strangers choose their names, and may choose millions. */
const UNKNOWN = "unknown";

/** The class at the bottom of every call in grpc-js 1.14, as far as it is reached for here. */
interface BottomCall {
  readonly handler: { readonly path: string };
  readonly metadata: Metadata;
  /** Meant for channelz; told of the end of every call, however it ends. */
  callEventTracker: unknown;
  serializeMessage(message: unknown): Uint8Array;
  handleDataFrame(data: Uint8Array): void;
  getPeer(): string;
  [PATCHED]?: true;
}

/** The private part of a grpc-js server that refuses unknown methods. */
interface RefusingServer {
  _respondWithError(error: Partial<StatusObject>, ...rest: readonly unknown[]): void;
}

const PATCHED = Symbol("counts bytes");

/** What goes on in one server right now, and what has, as the faces tell it to {@link Telemetry}. */
export class CallMeter {
  /** Calls that have not ended, streams included. */
  inFlight = 0;
  readonly #telemetry: Telemetry;
  readonly #methods = new Map<string, CallCounter>();
  readonly #counterOf: (method: string) => CallCounter | undefined;

  constructor(telemetry: Telemetry) {
    this.#telemetry = telemetry;
    const series = telemetry.metrics?.calls({
      total: { name: "grpc_calls_total", help: "Total gRPC calls" },
      duration: { name: "grpc_call_duration_seconds", help: "gRPC call duration" },
    });
    this.#counterOf = (method) => series?.counter({ method });
    telemetry.metrics?.gauge("grpc_calls_in_flight", "gRPC calls that have not ended, streams included", () => this.inFlight);
  }

  /** Watches every call of a server: give the result to it as its first interceptor, then call {@link watchRefusals}. */
  readonly interceptor: ServerInterceptor = (_method, call) => {
    const bottom = call as unknown as BottomCall;
    const prototype = Object.getPrototypeOf(bottom) as BottomCall;
    if (prototype[PATCHED] !== true) countBytes(prototype);
    bottom.callEventTracker = new CallTrack(bottom, this);
    return call as ServerInterceptingCall;
  };

  /** Counts calls to methods that the server does not have, which never come to an interceptor. */
  watchRefusals(server: Server): void {
    const refusing = server as unknown as RefusingServer;
    const respond = refusing._respondWithError;
    refusing._respondWithError = (error, ...rest) => {
      this.#count(UNKNOWN, status[error.code ?? status.INTERNAL] ?? "UNKNOWN", 0);
      respond.call(server, error, ...rest);
    };
  }

  /** A call has ended. */
  ended(call: CallTrack, code: status): void {
    this.inFlight--;
    const durationMs = performance.now() - call.startedMs;
    const name = status[code] ?? "UNKNOWN";
    this.#count(call.method, name, durationMs / 1000);
    // Probes come every few seconds from machines; a line for each good answer would drown the others.
    if (code === status.OK && call.method.startsWith(PROBES)) return;
    if (this.#telemetry.accessLog?.wants(code !== status.OK) !== true) return;
    const { method, bytesIn, bytesOut, peer, caller, requestId, trace } = call;
    const shared = { kind: "grpc", method, status: name, failed: code !== status.OK, durationMs } as const;
    this.#telemetry.accessLog.add({ ...shared, requestId, peer, caller, bytesIn, bytesOut, trace });
  }

  /** A call was refused before it became one. */
  refused(method: string): void {
    this.#count(method, "RESOURCE_EXHAUSTED", 0);
  }

  #count(method: string, code: string, seconds: number): void {
    let counter = this.#methods.get(method);
    if (counter === undefined) {
      counter = this.#counterOf(method);
      if (counter === undefined) return;
      this.#methods.set(method, counter);
    }
    counter.add(code, seconds);
  }
}

/** What is known of a call once somebody has looked at it. */
type AttachedCall = Pick<CallContext, "requestId" | "caller">;

/** One call from its headers to its end, as grpc-js tells it to what it takes for channelz. */
export class CallTrack {
  readonly startedMs: number = performance.now();
  readonly method: string;
  bytesIn = 0;
  bytesOut = 0;
  readonly #meter: CallMeter;
  readonly #bottom: BottomCall;
  readonly #span: Span | undefined;
  #context: AttachedCall | undefined;
  #trace: TraceContext | undefined;

  constructor(bottom: BottomCall, meter: CallMeter) {
    this.#bottom = bottom;
    this.#meter = meter;
    this.method = bottom.handler.path.slice(1);
    meter.inFlight++;
    if (!isTracing) return;
    const [service = "", method = ""] = this.method.split("/");
    const attributes = { "rpc.system": "grpc", "rpc.service": service, "rpc.method": method };
    this.#span = startSpan(this.method, { kind: "server", parent: traceOf(bottom.metadata), attributes });
  }

  /** The trace that the call is part of: this server's step in it where it traces, else the caller's. */
  get trace(): TraceContext | undefined {
    return this.#trace ??= this.#span?.context ?? traceOf(this.#bottom.metadata);
  }

  get peer(): string {
    return this.#bottom.getPeer();
  }

  get requestId(): string {
    return this.#context?.requestId ?? "";
  }

  get caller(): string | undefined {
    const caller = this.#context?.caller;
    return caller === undefined || caller.kind === "anonymous" ? undefined : caller.id;
  }

  /** Tells whose call this is, once the handler has it. */
  attach(context: AttachedCall): void {
    this.#context = context;
  }

  /** Part of grpc-js's interface. */
  addMessageSent(): void {}

  /** Part of grpc-js's interface. */
  addMessageReceived(): void {}

  /** Part of grpc-js's interface. */
  onStreamEnd(): void {}

  /** Called once. */
  onCallEnd({ code }: { readonly code: status }): void {
    this.#span?.end(
      { "rpc.grpc.status_code": code, "chat.request_id": this.requestId },
      SERVER_FAULTS.has(code) ? status[code] : undefined,
    );
    this.#meter.ended(this, code);
  }
}

/** The track of a call, whatever interceptors lie above it; undefined when nobody watches the server. */
export function trackOf(edge: unknown): CallTrack | undefined {
  const bottom = bottomOf((edge as { readonly call?: unknown }).call) as { readonly callEventTracker?: unknown } | undefined;
  return bottom?.callEventTracker instanceof CallTrack ? bottom.callEventTracker : undefined;
}

/** The trace context in a call's metadata. */
export function traceOf(metadata: Metadata): TraceContext | undefined {
  const traceparent = metadata.get(TRACEPARENT_COPY)[0] ?? metadata.get("traceparent")[0];
  if (typeof traceparent !== "string") return undefined;
  const states = metadata.get("tracestate");
  return readTraceContext(traceparent, states.length === 0 ? undefined : states.join(","));
}

function countBytes(prototype: BottomCall): void {
  prototype[PATCHED] = true;
  const { serializeMessage, handleDataFrame } = prototype;
  prototype.serializeMessage = function (this: BottomCall, message) {
    const bytes = serializeMessage.call(this, message);
    if (this.callEventTracker instanceof CallTrack) this.callEventTracker.bytesOut += bytes.length;
    return bytes;
  };
  prototype.handleDataFrame = function (this: BottomCall, data) {
    if (this.callEventTracker instanceof CallTrack) this.callEventTracker.bytesIn += data.length;
    handleDataFrame.call(this, data);
  };
}

/** The part of a server's load that has a gauge. */
interface Load {
  readonly running: number;
  readonly waiting: number;
  readonly streams: number;
  readonly answerBytes: number;
  readonly encodings: number;
}

/** Adds the gauges of a running server. */
export function addLoadMetrics(metrics: Metrics, load: () => Load): void {
  metrics.gauge("grpc_workers_busy", "Unary handlers that run", () => load().running);
  metrics.gauge("grpc_queue_length", "Unary calls that wait for a worker, or for room for their answer", () => load().waiting);
  metrics.gauge("grpc_answer_bytes", "Large answers that are being made or that clients have not taken yet", () => load().answerBytes);
  metrics.gauge("grpc_streams_open", "Streams that have not ended", () => load().streams);
  metrics.counter(
    "grpc_message_encodings_total",
    "Messages encoded for streams; one encoding serves every subscriber",
    () => load().encodings,
  );
}
