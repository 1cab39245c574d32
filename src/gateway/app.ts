import { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { HttpConfig } from "../config/config.ts";
import type { Services } from "../contracts/mod.ts";
import type { Authenticator } from "../core/authenticator.ts";
import type { CallLimits } from "../core/call_limits.ts";
import { OpenShares } from "../core/open_shares.ts";
import type { Log } from "../observability/log.ts";
import { addAiRoutes } from "./ai_routes.ts";
import { authenticate } from "./authenticate.ts";
import { consoleRoutes } from "./console/console_routes.ts";
import { callContext, type GatewayEnv, type OpenCalls } from "./context.ts";
import { addDocsRoutes } from "./docs_routes.ts";
import { addDocumentRoutes } from "./document_routes.ts";
import { healthRoutes, type Readiness } from "./health_routes.ts";
import { hostPolicy } from "./host_policy.ts";
import type { Telemetry } from "../observability/telemetry.ts";
import { LiveRooms } from "./live_rooms.ts";
import { addMessageRoutes } from "./message_routes.ts";
import { observeRequests } from "./metrics.ts";
import { addSecuritySchemes } from "./openapi.ts";
import { describeOtherRoutes } from "./openapi_others.ts";
import { originPolicy } from "./origin.ts";
import { addPluginRoutes } from "./plugin_routes.ts";
import { HttpRefusal, problemResponse } from "./problem.ts";
import { MAX_URL_LENGTH } from "./query.ts";
import { addRoomRoutes } from "./room_routes.ts";
import { securityHeaders } from "./security_headers.ts";
import { sessionRoutes } from "./session_routes.ts";
import { addWebSocketRoute } from "./websocket.ts";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;

/** The services that a gateway shows: messages always, the others where it has them. */
export type GatewayServices = Pick<Services, "message"> & Partial<Services>;

/** What the routes work with. */
export interface GatewayAppOptions {
  readonly services: GatewayServices;
  readonly readiness: () => Readiness;
  readonly log: Log;
  readonly calls: OpenCalls;
  readonly heartbeatMs: number;
  /** Who types and who is there; default: what this process hears by itself. */
  readonly rooms?: LiveRooms;
  readonly live?: { readonly patienceMs?: number };
  readonly telemetry?: Telemetry;
  readonly authenticator?: Authenticator;
  /** What the settings say of requests; default: any host, pages of no other origin, no proxy. */
  readonly http?: Partial<HttpConfig>;
  /** How often callers may call; default: as often as they like. */
  readonly limits?: CallLimits;
}

/** Every route behind its middleware, not yet listening. */
export function createGatewayApp(options: GatewayAppOptions): OpenAPIHono<GatewayEnv> {
  const { services, readiness, log, calls, heartbeatMs, telemetry, authenticator, http = {}, limits, rooms = new LiveRooms(), live } =
    options;
  // Not strict: `/v1/messages/` is `/v1/messages`.
  const app = new OpenAPIHono<GatewayEnv>({ strict: false });
  app.onError((error, c) => problemResponse(c, error, log));
  app.notFound((c) => noSuchRoute(c, app, log));
  app.use(callContext(calls));
  if (telemetry !== undefined) app.use(observeRequests(telemetry, calls));
  app.use(async (c, next) => {
    if (c.req.url.length > MAX_URL_LENGTH) {
      throw new HttpRefusal(414, `The URL must be at most ${MAX_URL_LENGTH} characters, got ${c.req.url.length}`);
    }
    await next();
  });
  app.use(securityHeaders);
  app.use(hostPolicy(http.allowedHosts));
  app.use(originPolicy(new Set(http.allowedOrigins)));
  app.route("/", healthRoutes(readiness));
  app.route("/", consoleRoutes());
  const measure = { limits, shares: new OpenShares(http.maxCallsPerCaller ?? Infinity), trustedProxies: http.trustedProxies ?? [] };
  const identify = authenticate({ authenticator, measure });
  // Before the rest of `/v1`, because signing out takes no credential.
  app.route("/v1/session", sessionRoutes(identify));
  app.use("/v1/*", identify);
  const sockets = { service: services.message, rooms, log, heartbeatMs, timeoutMs: calls.timeoutMs, measure, ...live };
  addWebSocketRoute(app, sockets);
  addMessageRoutes(app, { service: services.message, log, heartbeatMs });
  addRoomRoutes(app, services.message);
  addDocumentRoutes(app, { service: services.rag, log, heartbeatMs });
  addAiRoutes(app, { service: services.ai, log, heartbeatMs });
  addPluginRoutes(app, { service: services.plugin, log, heartbeatMs });
  addSecuritySchemes(app);
  describeOtherRoutes(app);
  addDocsRoutes(app);
  return app;
}

/** 404 for a path that no route has, else 405 or the answer to OPTIONS, with the methods that the path has. */
function noSuchRoute(c: Context<GatewayEnv>, app: OpenAPIHono<GatewayEnv>, log: Log): Response {
  const methods = METHODS.filter((method) => app.router.match(method, c.req.path)[0].some(([[, route]]) => route.method === method));
  const path = JSON.stringify(c.req.path.slice(0, 80));
  if (methods.length === 0) return problemResponse(c, new HttpRefusal(404, `There is nothing at ${path}`), log);
  const allow = [...methods.flatMap((method) => method === "GET" ? ["GET", "HEAD"] : [method]), "OPTIONS"].join(", ");
  if (c.req.method !== "OPTIONS") {
    return problemResponse(c, new HttpRefusal(405, `${path} allows ${allow}, got ${c.req.method}`, { "Allow": allow }), log);
  }
  c.header("Allow", allow);
  return c.body(null, 204);
}
