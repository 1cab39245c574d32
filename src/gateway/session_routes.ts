import { type Context, Hono } from "hono";
import type { MiddlewareHandler } from "hono";
import type { Caller } from "../core/caller.ts";
import type { GatewayEnv } from "./context.ts";
import { originOf } from "./origin.ts";
import { SIGN_OUT_COOKIES, signInCookie } from "./session_cookie.ts";

/**
 * Who the caller is, and how a browser stays signed in, under `/v1/session`. `GET` tells the caller's name, scopes and rooms (401: sign in first;
 * without `AUTH_MODE` it is `anonymous` and may do everything). `POST` with `Authorization: Bearer …` tells the same and sets the cookie that goes
 * with every later request of the page, its `EventSource` and its `WebSocket`. `DELETE` signs out, whatever the cookie is worth.
 */
export function sessionRoutes(identify: MiddlewareHandler<GatewayEnv>): Hono<GatewayEnv> {
  const app = new Hono<GatewayEnv>({ strict: false });
  app.get("/", identify, (c) => c.json(callerJson(c.var.call.caller)));
  app.post("/", identify, (c) => {
    const token = c.var.call.authorization?.replace(/^bearer +/i, "").trimEnd();
    if (token !== undefined) c.header("Set-Cookie", signInCookie(token, isSecure(c)));
    return c.json(callerJson(c.var.call.caller));
  });
  app.delete("/", (c) => {
    for (const cookie of SIGN_OUT_COOKIES) c.header("Set-Cookie", cookie, { append: true });
    return c.body(null, 204);
  });
  return app;
}

/** Whether the page came over TLS. Where a proxy in front ends TLS only the browser knows, and it says so in `Origin`. */
function isSecure(c: Context<GatewayEnv>): boolean {
  return (originOf(c.req.raw) ?? c.req.url).startsWith("https:");
}

function callerJson({ kind, name, scopes, rooms, expiresAtMs }: Caller): Readonly<Record<string, unknown>> {
  return {
    ...{ kind, name, scopes: [...scopes] },
    ...(rooms === undefined ? {} : { rooms: [...rooms] }),
    ...(expiresAtMs === undefined ? {} : { expires_at_ms: expiresAtMs }),
  };
}
