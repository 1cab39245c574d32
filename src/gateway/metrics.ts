import type { Context, MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import { createMiddleware } from "hono/factory";
import type { CallCounter } from "../observability/call_series.ts";
import type { Telemetry } from "../observability/telemetry.ts";
import { nameHttpSpan } from "../observability/tracing.ts";
import { isUpgrade } from "./credential.ts";
import type { GatewayEnv, OpenCalls } from "./context.ts";

/** What a metric calls a path or a method that no route has: strangers choose them, and may choose millions. */
const UNKNOWN = "unknown";
const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
/** Asked every few seconds by machines; a line for each good answer would drown the others. */
const PROBES: ReadonlySet<string> = new Set(["/healthz", "/readyz"]);

/** Counts every request and times it up to the end of its body; to be used right behind `callContext`. */
export function observeRequests(telemetry: Telemetry, calls: OpenCalls): MiddlewareHandler<GatewayEnv> {
  const meter = new RequestMeter(telemetry, calls);
  return createMiddleware<GatewayEnv>(async (c, next) => {
    const startedMs = performance.now();
    // Of a WebSocket the runtime knows it no longer when it ends, and throws.
    const peer = isUpgrade(c.req.raw) ? peerOf(c) : undefined;
    c.var.call.onFinish(() => meter.ended(c, performance.now() - startedMs, peer));
    await next();
    const route = routeOf(c);
    nameHttpSpan(`${c.req.method} ${route}`, { "http.route": route, "chat.request_id": c.var.call.requestId });
  });
}

class RequestMeter {
  readonly #telemetry: Telemetry;
  readonly #counters = new Map<string, CallCounter>();
  readonly #counterOf: (method: string, route: string) => CallCounter | undefined;

  constructor(telemetry: Telemetry, calls: OpenCalls) {
    this.#telemetry = telemetry;
    const series = telemetry.metrics?.calls({
      total: { name: "http_requests_total", help: "HTTP requests" },
      duration: { name: "http_request_duration_seconds", help: "From a request's headers to the end of its answer" },
    });
    this.#counterOf = (method, route) => series?.counter({ method, route });
    telemetry.metrics?.gauge("http_requests_in_flight", "HTTP requests that have not ended, streams included", () => calls.size);
    telemetry.metrics?.gauge("http_streams_open", "Streams of events that have not ended", () => calls.streams);
  }

  ended(c: Context<GatewayEnv>, durationMs: number, peer: string | undefined): void {
    const route = routeOf(c);
    const method = METHODS.has(c.req.method) ? c.req.method : UNKNOWN;
    const { status } = c.res;
    this.#counter(method, route)?.add(String(status), durationMs / 1000);
    const failed = status >= 400;
    if (PROBES.has(route) && !failed) return;
    if (this.#telemetry.accessLog?.wants(failed) === true) this.#log(c, { method: `${method} ${route}`, status, failed, durationMs, peer });
  }

  #log(
    c: Context<GatewayEnv>,
    about: { method: string; status: number; failed: boolean; durationMs: number; peer: string | undefined },
  ): void {
    const { call } = c.var;
    this.#telemetry.accessLog?.add({
      ...about,
      kind: "http",
      status: String(about.status),
      requestId: call.requestId,
      caller: call.caller.kind === "anonymous" ? undefined : call.caller.id,
      peer: call.isSocket ? about.peer : peerOf(c),
      bytesIn: call.isSocket ? undefined : lengthOf(c.req.header("content-length")),
      bytesOut: call.bytesOut ?? lengthOf(c.res.headers.get("content-length")),
      trace: call.trace,
    });
  }

  #counter(method: string, route: string): CallCounter | undefined {
    const key = `${method} ${route}`;
    const known = this.#counters.get(key);
    if (known !== undefined) return known;
    const counter = this.#counterOf(method, route);
    if (counter !== undefined) this.#counters.set(key, counter);
    return counter;
  }
}

/** The pattern of the route that answered, which is the last that was entered. What only middleware has seen has no route. */
function routeOf(c: Context<GatewayEnv>): string {
  const route = routePath(c);
  return route === "/*" || route === "*" ? UNKNOWN : route;
}

function peerOf(c: Context<GatewayEnv>): string | undefined {
  const { remoteAddr } = (c.env ?? {}) as { readonly remoteAddr?: Deno.Addr };
  return remoteAddr?.transport === "tcp" ? `${remoteAddr.hostname}:${remoteAddr.port}` : undefined;
}

function lengthOf(header: string | null | undefined): number | undefined {
  return header == null || !/^\d{1,15}$/.test(header) ? undefined : Number(header);
}
