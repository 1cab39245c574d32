import type { TraceContext } from "../core/context.ts";
import type { ChatError } from "../core/errors.ts";
import { TRACEPARENT_COPY } from "../observability/trace_context.ts";
import { startSpan } from "../observability/tracing.ts";
import type { Metadata } from "../wire/grpc_js.ts";
import { callMetadata, type CallNames } from "./channel.ts";

/** An outgoing call as tracing sees it. */
export interface TracedCall {
  /** What it is sent with: the request id, and the trace in W3C's form. */
  readonly metadata: Metadata;
  /** Ends the call's span, where somebody traces. */
  end(error?: ChatError): void;
}

/** Puts a call to `path` into the caller's trace, with a span of its own where the runtime traces. */
export function tracedCall(path: string, call: CallNames & { readonly trace?: TraceContext | undefined }): TracedCall {
  const metadata = callMetadata(call);
  const { trace: parent } = call;
  const name = path.slice(1);
  const [service = "", method = ""] = name.split("/");
  const attributes = { "rpc.system": "grpc", "rpc.service": service, "rpc.method": method };
  const span = startSpan(name, { kind: "client", parent, attributes });
  const trace = span?.context ?? parent;
  if (trace !== undefined) {
    metadata.set("traceparent", trace.traceparent);
    if (span !== undefined) metadata.set(TRACEPARENT_COPY, trace.traceparent);
    if (trace.tracestate !== undefined) metadata.set("tracestate", trace.tracestate);
  }
  return { metadata, end: (error) => span?.end(undefined, error?.code) };
}
