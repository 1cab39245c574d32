import type { MiddlewareHandler } from "hono";
import { createMiddleware } from "hono/factory";
import type { GatewayEnv } from "./context.ts";

/** Of what is no page: whatever a browser is tricked into showing runs and loads nothing. */
const DATA_POLICY = "default-src 'none'; frame-ancestors 'none'";

/** Of pages: scripts, styles and connections of this very origin, nothing inline; pictures also from `data:`. */
export const PAGE_POLICY = [
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'",
  "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
].join("; ");

/** A year, in which the browser comes over TLS only. */
const TRANSPORT_POLICY = "max-age=31536000";

/** Where nothing is a page, so that answers there need no second look. */
const DATA_ROUTES = "/v1/";

/**
 * The headers by which browsers guard what they are given. A handler may set a `Content-Security-Policy` of its own; HTML without one gets
 * {@link PAGE_POLICY}.
 */
export const securityHeaders: MiddlewareHandler<GatewayEnv> = createMiddleware<GatewayEnv>(async (c, next) => {
  // Before the answer is made, because changing one that is there takes several times as long.
  c.header("X-Content-Type-Options", "nosniff");
  c.header("Referrer-Policy", "no-referrer");
  c.header("Cross-Origin-Resource-Policy", "same-origin");
  c.header("Content-Security-Policy", DATA_POLICY);
  if (c.req.url.startsWith("https:")) c.header("Strict-Transport-Security", TRANSPORT_POLICY);
  await next();
  if (!c.req.path.startsWith(DATA_ROUTES)) guardPage(c.res.headers);
});

function guardPage(headers: Headers): void {
  if (headers.get("content-type")?.startsWith("text/html") !== true) return;
  if (headers.get("content-security-policy") === DATA_POLICY) headers.set("Content-Security-Policy", PAGE_POLICY);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
}
