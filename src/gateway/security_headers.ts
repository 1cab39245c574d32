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

/**
 * The headers by which browsers guard what they are given. A handler may set a `Content-Security-Policy` of its own; HTML without one gets
 * {@link PAGE_POLICY}.
 */
export const securityHeaders: MiddlewareHandler<GatewayEnv> = createMiddleware<GatewayEnv>(async (c, next) => {
  await next();
  const { headers } = c.res;
  const isPage = headers.get("content-type")?.startsWith("text/html") === true;
  headers.set("X-Content-Type-Options", "nosniff");
  headers.set("Referrer-Policy", "no-referrer");
  headers.set("Cross-Origin-Resource-Policy", "same-origin");
  if (!headers.has("Content-Security-Policy")) headers.set("Content-Security-Policy", isPage ? PAGE_POLICY : DATA_POLICY);
  if (isPage) headers.set("Cross-Origin-Opener-Policy", "same-origin");
  if (c.req.url.startsWith("https:")) headers.set("Strict-Transport-Security", TRANSPORT_POLICY);
});
