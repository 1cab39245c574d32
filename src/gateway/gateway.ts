import type { HttpConfig } from "../config/config.ts";
import type { Authenticator } from "../core/authenticator.ts";
import type { CallLimits } from "../core/call_limits.ts";
import { ChatError } from "../core/errors.ts";
import type { Signals } from "../core/signals.ts";
import type { Log } from "../observability/log.ts";
import type { Telemetry } from "../observability/telemetry.ts";
import { createGatewayApp, type GatewayServices } from "./app.ts";
import { OpenCalls } from "./context.ts";
import { LiveRooms } from "./live_rooms.ts";
import type { Readiness } from "./health_routes.ts";

export type { Readiness };

/** What the gateway works with. */
export interface GatewayOptions {
  readonly http: Pick<HttpConfig, "host" | "port"> & Partial<HttpConfig>;
  readonly services: GatewayServices;
  /** Answers from memory; asked at every `/readyz`. */
  readonly readiness: () => Readiness;
  readonly log: Log;
  /** Finds out who calls; default: nobody has to prove anything, and everybody may do everything. */
  readonly authenticator?: Authenticator;
  /** Where its requests are told of; default: nowhere. */
  readonly telemetry?: Telemetry;
  /** How often callers may call; default: as often as they like. */
  readonly limits?: CallLimits;
  /** To the gateways of other processes, for who types and who is there; default: there are none. */
  readonly signals?: Signals;
  /** How often a process says who is in its rooms, and after what time a WebSocket whose peer takes nothing is cut; for tests to shorten. */
  readonly live?: { readonly repeatMs?: number; readonly patienceMs?: number };
  /** How often a quiet event stream says that it lives; default 15 s, half of what proxies usually allow. */
  readonly heartbeatMs?: number;
}

/** A listening HTTP server. */
export interface Gateway {
  /** The port it listens on, also when 0 was asked for. */
  readonly port: number;
  /**
   * Stops listening, tells open streams where to resume, and answers what was accepted; shortly before `deadlineMs` whatever is still under
   * way is answered with 503, and at the deadline it waits no longer for clients that do not read.
   * Idempotent: a second call waits for the first.
   */
  stop(options: { readonly deadlineMs: number }): Promise<void>;
}

/** Serves the HTTP API. Rejects with one sentence that names the address and its settings when it cannot listen there. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const calls = new OpenCalls(options.http.requestTimeoutMs ?? 30_000);
  const rooms = new LiveRooms({ signals: options.signals, ...options.live });
  const app = createGatewayApp({ ...options, calls, rooms, heartbeatMs: options.heartbeatMs ?? 15_000 });
  const server = await listen(options, (request, info) => app.fetch(request, info));
  const { authenticator } = options;
  const sweeper = authenticator && setInterval(() => calls.endStreamsOf((caller) => authenticator.ended(caller)), SWEEP_MS);
  let stopped: Promise<void> | undefined;
  return {
    port: server.addr.port,
    stop: ({ deadlineMs }) =>
      stopped ??= stop({ server, calls, rooms, log: options.log, deadlineMs }).finally(() => clearInterval(sweeper)),
  };
}

/** A server that calls `handler`; over TLS where the settings say so. */
async function listen(
  { http, log }: GatewayOptions,
  handler: Deno.ServeHandler<Deno.NetAddr>,
): Promise<Deno.HttpServer<Deno.NetAddr>> {
  const tls = http.tls === undefined ? {} : await readTls(http.tls);
  const onError = (error: unknown) => {
    log.error("Request failed outside its handler", { error });
    return new Response(null, { status: 500 });
  };
  try {
    return Deno.serve({ ...{ hostname: http.host, port: http.port, onListen: () => {}, onError }, ...tls }, handler);
  } catch (error) {
    throw cannotListen(http, error);
  }
}

async function readTls({ certPath, keyPath }: NonNullable<HttpConfig["tls"]>): Promise<{ readonly cert: string; readonly key: string }> {
  const read = (path: string, setting: string) =>
    Deno.readTextFile(path).catch((cause) => {
      throw new ChatError("failed_precondition", `The file ${path} (${setting}) cannot be read`, { cause });
    });
  return { cert: await read(certPath, "HTTP_TLS_CERT_PATH"), key: await read(keyPath, "HTTP_TLS_KEY_PATH") };
}

/** How often the credentials of open streams are looked at again. */
const SWEEP_MS = 1_000;

/** The part of a stop's deadline after which requests under way are given up. */
const LAST_CALL = 0.9;

/** How long WebSockets may take to close. */
const FAREWELL_MS = 1_000;

interface Stopping {
  readonly server: Deno.HttpServer<Deno.NetAddr>;
  readonly calls: OpenCalls;
  readonly rooms: LiveRooms;
  readonly log: Log;
  readonly deadlineMs: number;
}

async function stop({ server, calls, rooms, log, deadlineMs }: Stopping): Promise<void> {
  const reason = new ChatError("unavailable", "The server is shutting down", { retryAfterMs: 1000 });
  calls.endStreams(reason);
  // Before the runtime's own shutdown, which cuts WebSockets off without what they are still to be told.
  await atMost(Math.min(FAREWELL_MS, deadlineMs / 2), calls.socketsGone());
  const drained = server.shutdown().then(() => true);
  // Shortly before the end, so that who waits for an answer still gets one.
  const lastCall = setTimeout(() => calls.endAll(reason), deadlineMs * LAST_CALL);
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const deadline = setTimeout(() => resolve(false), deadlineMs);
  const inTime = await Promise.race([drained, late]);
  clearTimeout(deadline);
  clearTimeout(lastCall);
  rooms.close();
  // Deno has no way to close connections once it drains them (aborting the signal then throws BadResource), so they end with the process.
  if (!inTime) log.warn("Clients that do not read their answers are left to the end of the process", { calls: calls.size });
}

/** Waits for the promise, but no longer than this. */
async function atMost(ms: number, promise: Promise<void>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([promise, late]);
  clearTimeout(timer);
}

function cannotListen({ host, port }: GatewayOptions["http"], error: unknown): ChatError {
  const address = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  return new ChatError("failed_precondition", `Cannot listen on ${address} (HTTP_HOST, HTTP_PORT): ${whyNot(error)}`, { cause: error });
}

function whyNot(error: unknown): string {
  if (error instanceof Deno.errors.AddrInUse) return "another program listens there";
  if (error instanceof Deno.errors.AddrNotAvailable) return "this machine has no such address";
  if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) return "this process may not listen there";
  return error instanceof Error ? error.message : String(error);
}
