import { ChatError } from "../core/errors.ts";
import type { Metrics } from "./metrics.ts";

/** A listening `/metrics`, with `/healthz` and `/readyz` beside it. */
export interface MetricsServer {
  /** The port it listens on, also when 0 was asked for. */
  readonly port: number;
  /** Stops listening; idempotent. */
  close(): Promise<void>;
}

/** Where metrics are served, and to whom. */
export interface MetricsServerOptions {
  readonly host: string;
  readonly port: number;
  /** For whoever starts it: a port that another process has is no error. */
  readonly skipIfTaken?: boolean;
  /** What a scraper must send as its bearer token; default: nothing. */
  readonly token?: string;
  /** What `/readyz` tells, from memory. */
  readonly readiness: () => { readonly ok: boolean; readonly checks: unknown };
}

/**
 * Serves `GET /metrics` at an address of its own, and for probes, which have no token, `/healthz` (the process lives) and `/readyz` (200, or 503 while
 * it should not be sent work). Throws `failed_precondition` with one sentence that names address and settings when it
 * cannot.
 */
export function startMetricsServer(metrics: Metrics, { host, port, token, readiness }: MetricsServerOptions): MetricsServer {
  const stop = new AbortController();
  const handle = async (request: Request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/healthz") return Response.json({ ok: true });
    if (pathname === "/readyz") return ready(readiness());
    if (token !== undefined && !await isSame(request.headers.get("authorization") ?? "", `Bearer ${token}`)) {
      return new Response("Metrics here need a bearer token\n", { status: 401, headers: { "WWW-Authenticate": "Bearer" } });
    }
    if (pathname !== "/metrics") return new Response("There are only /metrics, /healthz and /readyz here\n", { status: 404 });
    if (request.method !== "GET" && request.method !== "HEAD") return new Response(null, { status: 405, headers: { Allow: "GET, HEAD" } });
    return new Response(await metrics.text(), { headers: { "Content-Type": metrics.contentType, "Cache-Control": "no-store" } });
  };
  try {
    const server = Deno.serve({ hostname: host, port, signal: stop.signal, onListen: () => {} }, handle);
    // At once: a scraper that does not read must not hold up the end of the process.
    const close = () => {
      stop.abort();
      return server.finished;
    };
    return { port: server.addr.port, close };
  } catch (cause) {
    const address = `${host.includes(":") ? `[${host}]` : host}:${port}`;
    const why = cause instanceof Deno.errors.AddrInUse ? "another program listens there" : cause instanceof Error ? cause.message : cause;
    const advice = "METRICS_PORT=0 takes a free port, METRICS_PORT=off none";
    throw new ChatError("failed_precondition", `Cannot offer metrics on ${address} (METRICS_HOST, METRICS_PORT): ${why}; ${advice}`, {
      cause,
    });
  }
}

function ready({ ok, checks }: ReturnType<MetricsServerOptions["readiness"]>): Response {
  return Response.json({ ok, checks }, { status: ok ? 200 : 503 });
}

/** In a time that tells nothing of how much is right. */
async function isSame(given: string, expected: string): Promise<boolean> {
  const [left, right] = await Promise.all([given, expected].map(digest));
  return left!.reduce((difference, byte, index) => difference | (byte ^ right![index]!), 0) === 0;
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}
