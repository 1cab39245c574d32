/**
 * Spans through the runtime's own OpenTelemetry (`OTEL_DENO=true`), which exports them over OTLP. Contexts are handed on explicitly, because
 * the runtime loses the ambient one in HTTP/2 sessions.
 *
 * @module
 */
import {
  type Attributes,
  createTraceState,
  ROOT_CONTEXT,
  type Span as OtelSpan,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import type { TraceContext } from "../core/context.ts";

/** A step of a trace that this process takes. */
export interface Span {
  /** What goes to the services that are called on its behalf. */
  readonly context: TraceContext;
  /** Ends the step; `failure` is what went wrong, without contents. */
  end(attributes?: Attributes, failure?: string): void;
}

/** What is known of a span at its start. */
export interface SpanOptions {
  readonly kind: "server" | "client";
  /** The caller's; none begins a new trace. */
  readonly parent?: TraceContext | undefined;
  readonly attributes?: Attributes;
}

const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT } as const;

/** Whether the runtime traces; where it does not, nothing is spent on spans. It has put its tracer here before the program began. */
export const isTracing: boolean = (globalThis as Record<symbol, unknown>)[Symbol.for("opentelemetry.js.api.1")] !== undefined;

/** Begins a span; undefined when nobody traces. */
export function startSpan(name: string, { kind, parent, attributes = {} }: SpanOptions): Span | undefined {
  if (!isTracing) return undefined;
  const context = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, remoteContext(parent));
  return new RunningSpan(trace.getTracer("chat").startSpan(name, { kind: KINDS[kind], attributes }, context), parent?.tracestate);
}

/** The span that the runtime has begun for an HTTP request, by the name that the route gives it; undefined when nobody traces. */
export function activeHttpContext(): TraceContext | undefined {
  const span = isTracing ? trace.getActiveSpan() : undefined;
  return span === undefined ? undefined : contextOf(span, undefined);
}

/** Gives the runtime's span of an HTTP request its route's name, which the runtime cannot know. */
export function nameHttpSpan(name: string, attributes: Attributes): void {
  if (isTracing) trace.getActiveSpan()?.updateName(name).setAttributes(attributes);
}

class RunningSpan implements Span {
  readonly context: TraceContext;
  readonly #span: OtelSpan;

  constructor(span: OtelSpan, tracestate: string | undefined) {
    this.#span = span;
    this.context = contextOf(span, tracestate);
  }

  end(attributes?: Attributes, failure?: string): void {
    if (attributes !== undefined) this.#span.setAttributes(attributes);
    if (failure !== undefined) this.#span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
    this.#span.end();
  }
}

function contextOf(span: OtelSpan, tracestate: string | undefined): TraceContext {
  const { traceId, spanId, traceFlags } = span.spanContext();
  const traceparent = `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;
  return tracestate === undefined ? { traceparent } : { traceparent, tracestate };
}

function remoteContext({ traceparent, tracestate }: TraceContext) {
  const [, traceId = "", spanId = "", flags = "00"] = traceparent.split("-");
  const shared = { traceId, spanId, traceFlags: parseInt(flags, 16), isRemote: true };
  return tracestate === undefined ? shared : { ...shared, traceState: createTraceState(tracestate) };
}
