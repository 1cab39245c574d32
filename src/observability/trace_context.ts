import type { TraceContext } from "../core/context.ts";

/**
 * A copy of `traceparent` in gRPC metadata. Where Deno traces, its `node:http2` puts a span of its own into `traceparent`, under whatever
 * context is around, which in a shared connection may be another call's; the copy arrives as it was sent.
 */
export const TRACEPARENT_COPY = "chat-traceparent";

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const MAX_TRACESTATE = 512;

/** The context in a caller's headers; undefined when there is none, or none that the standard allows. */
export function readTraceContext(traceparent: string | undefined, tracestate?: string): TraceContext | undefined {
  if (traceparent === undefined) return undefined;
  const [, version, traceId, spanId, flags, rest] = TRACEPARENT.exec(traceparent) ?? [];
  if (version === undefined || version === "ff" || (version === "00" && rest !== undefined)) return undefined;
  if (/^0+$/.test(traceId!) || /^0+$/.test(spanId!)) return undefined;
  const context = { traceparent: `00-${traceId}-${spanId}-${flags}` };
  const state = tracestate !== undefined && tracestate.length <= MAX_TRACESTATE && /^[\x20-\x7e]+$/.test(tracestate);
  return state ? { ...context, tracestate } : context;
}

/** The trace's id, which is the same in every service that the call passes. */
export function traceIdOf({ traceparent }: TraceContext): string {
  return traceparent.slice(3, 35);
}
