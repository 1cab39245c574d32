/**
 * A collector of OpenTelemetry's OTLP over HTTP, on a free port: takes spans in protobuf and keeps what tests look at.
 *
 * @module
 */
import protobuf from "protobufjs";
import { within } from "./deadline.ts";

/** One span as it was exported; ids in lower-case hexadecimal. */
export interface ExportedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty at the root. */
  readonly parentSpanId: string;
  readonly name: string;
  /** 1 internal, 2 server, 3 client. */
  readonly kind: number;
}

/** A running collector. */
export interface Collector extends AsyncDisposable {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly url: string;
  readonly spans: readonly ExportedSpan[];
  /** Waits for a span that fits. */
  find(what: string, fits: (span: ExportedSpan) => boolean): Promise<ExportedSpan>;
}

/** The part of opentelemetry/proto/collector/trace/v1 that is read here. */
const PROTO = `syntax = "proto3";
message Request { repeated ResourceSpans resource_spans = 1; }
message ResourceSpans { repeated ScopeSpans scope_spans = 2; }
message ScopeSpans { repeated Span spans = 2; }
message Span { bytes trace_id = 1; bytes span_id = 2; bytes parent_span_id = 4; string name = 5; int32 kind = 6; }`;
const Request = protobuf.parse(PROTO).root.lookupType("Request");

/** Begins to collect. */
export function startCollector(): Collector {
  const spans: ExportedSpan[] = [];
  let arrived = Promise.withResolvers<void>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const body = new Uint8Array(await request.arrayBuffer());
    if (new URL(request.url).pathname === "/v1/traces") {
      spans.push(...spansOf(body));
      arrived.resolve();
      arrived = Promise.withResolvers();
    }
    return new Response(null, { headers: { "Content-Type": "application/x-protobuf" } });
  });
  const find = async (fits: (span: ExportedSpan) => boolean): Promise<ExportedSpan> => {
    for (;;) {
      const found = spans.find(fits);
      if (found !== undefined) return found;
      await arrived.promise;
    }
  };
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    spans,
    find: (what, fits) => within(30_000, () => `${what}; there are ${spans.map(({ name }) => name)}`, find(fits)),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function spansOf(body: Uint8Array): readonly ExportedSpan[] {
  interface Decoded {
    resourceSpans: {
      scopeSpans: { spans: { traceId: Uint8Array; spanId: Uint8Array; parentSpanId: Uint8Array; name: string; kind: number }[] }[];
    }[];
  }
  const { resourceSpans } = Request.decode(body) as unknown as Decoded;
  return resourceSpans.flatMap((resource) => resource.scopeSpans).flatMap((scope) => scope.spans).map((span) => ({
    traceId: hex(span.traceId),
    spanId: hex(span.spanId),
    parentSpanId: hex(span.parentSpanId),
    name: span.name,
    kind: span.kind,
  }));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
