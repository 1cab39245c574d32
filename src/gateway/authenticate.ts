import type { MiddlewareHandler } from "hono";
import { createMiddleware } from "hono/factory";
import type { Authenticator } from "../core/authenticator.ts";
import { STRANGER } from "../core/caller.ts";
import { requireAllowed } from "../core/policy.ts";
import type { GatewayEnv } from "./context.ts";

/** Finds out who calls, for every route behind it; throws `unauthenticated` for who cannot prove it. */
export function authenticate(authenticator: Authenticator): MiddlewareHandler<GatewayEnv> {
  return createMiddleware<GatewayEnv>(async (c, next) => {
    const { call } = c.var;
    const authorization = c.req.header("authorization");
    call.identify(STRANGER);
    const found = authenticator.authenticate({ authorization });
    call.identify(found instanceof Promise ? await found : found, authorization);
    await next();
  });
}

/** Lets through who may call the RPC that the route stands for, such as `chat.MessageService/GetMessages`; throws as `requireAllowed`. */
export function allow(rpc: string): MiddlewareHandler<GatewayEnv> {
  return createMiddleware<GatewayEnv>(async (c, next) => {
    requireAllowed(c.var.call.caller, rpc);
    await next();
  });
}
