/**
 * What pages of other origins may do. Browsers send a page's requests along with whatever the user's machine can reach and whatever cookies it
 * has, so a request that changes something, or opens a WebSocket, is taken from the server's own pages and from origins that the settings name.
 *
 * @module
 */
import type { Context, MiddlewareHandler } from "hono";
import { createMiddleware } from "hono/factory";
import { ChatError } from "../core/errors.ts";
import { isUpgrade } from "./credential.ts";
import type { GatewayEnv } from "./context.ts";

const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);
const PREFLIGHT_HEADERS = {
  "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
  "Access-Control-Allow-Headers":
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, X-Api-Key, X-Request-Id, traceparent, tracestate",
  "Access-Control-Max-Age": "600",
};
const READABLE_HEADERS = "ETag, Link, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id";

/** The origin of the page that sent the request; undefined: no browser says so. */
export function originOf({ headers }: Request): string | undefined {
  return headers.get("origin") ?? undefined;
}

/** Whether the request could change something that answers alone do not show. */
export function isActing(request: Request): boolean {
  return !SAFE_METHODS.has(request.method) || isUpgrade(request);
}

/**
 * Refuses with 403 what pages of other origins must not do, and answers CORS (preflight too) for the origins in `allowed`, exact ones. Cookies
 * are never allowed along (no `Access-Control-Allow-Credentials`): a page elsewhere shows a token of its own.
 */
export function originPolicy(allowed: ReadonlySet<string>): MiddlewareHandler<GatewayEnv> {
  return createMiddleware<GatewayEnv>(async (c, next) => {
    const origin = originOf(c.req.raw);
    const isAllowed = origin !== undefined && allowed.has(origin);
    if (!isAllowed && isActing(c.req.raw)) requireSameOrigin(c.req.raw, origin);
    if (allowed.size > 0) c.header("Vary", "Origin", { append: true });
    if (isAllowed) {
      c.header("Access-Control-Allow-Origin", origin);
      c.header("Access-Control-Expose-Headers", READABLE_HEADERS);
      if (isPreflight(c)) return c.body(null, 204, PREFLIGHT_HEADERS);
    }
    return await next();
  });
}

/** Throws `permission_denied` for a credential that the browser has added by itself to a request of which it does not say that this server's page sent it. */
export function requireOwnPage(request: Request): void {
  if (originOf(request) !== undefined || request.headers.get("sec-fetch-site") === "same-origin") return;
  throw new ChatError(
    "permission_denied",
    "A request that acts by the session cookie must say where it comes from (Origin), and says nothing",
  );
}

function requireSameOrigin(request: Request, origin: string | undefined): void {
  const site = request.headers.get("sec-fetch-site") ?? "none";
  if (origin === undefined ? site === "none" || site === "same-origin" : isOwn(origin, request)) return;
  const from = JSON.stringify((origin ?? site).slice(0, 200));
  throw new ChatError("permission_denied", `Pages of another origin may not do this (HTTP_ALLOWED_ORIGINS), got ${from}`);
}

/** By host and port alone: where a proxy in front ends TLS, the scheme differs. */
function isOwn(origin: string, request: Request): boolean {
  return URL.canParse(origin) && new URL(origin).host === new URL(request.url).host;
}

function isPreflight(c: Context<GatewayEnv>): boolean {
  return c.req.method === "OPTIONS" && c.req.header("access-control-request-method") !== undefined;
}
