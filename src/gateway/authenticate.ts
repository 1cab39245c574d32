import type { Context, MiddlewareHandler } from "hono";
import { createMiddleware } from "hono/factory";
import type { Authenticator } from "../core/authenticator.ts";
import { STRANGER } from "../core/caller.ts";
import { ChatError } from "../core/errors.ts";
import { requireAllowed } from "../core/policy.ts";
import type { GatewayEnv } from "./context.ts";
import { credentialOf } from "./credential.ts";
import { isActing, requireOwnPage } from "./origin.ts";
import { type RequestMeasure, takeMeasure } from "./rate_limit.ts";
import { SIGN_OUT_COOKIES } from "./session_cookie.ts";

/** What callers are held against. */
export interface Doorkeeper {
  /** Absent: nobody has to prove anything. */
  readonly authenticator: Authenticator | undefined;
  readonly measure: RequestMeasure;
}

/**
 * Finds out who calls, for every route behind it, by what `credentialOf` finds; throws `unauthenticated` for who cannot prove it, and
 * `resource_exhausted` for who calls too often. Without an authenticator nobody has to prove anything.
 */
export function authenticate({ authenticator, measure }: Doorkeeper): MiddlewareHandler<GatewayEnv> {
  return createMiddleware<GatewayEnv>(async (c, next) => {
    try {
      if (authenticator !== undefined) await identify(c, authenticator);
    } finally {
      // Whoever is not known by now is measured by its address, and told of that first.
      takeMeasure(c, measure);
    }
    await next();
  });
}

async function identify(c: Context<GatewayEnv>, authenticator: Authenticator): Promise<void> {
  const { call } = c.var;
  const { authorization, isAmbient } = credentialOf(c.req.raw);
  call.identify(STRANGER);
  if (isAmbient && isActing(c.req.raw)) requireOwnPage(c.req.raw);
  try {
    const found = authenticator.authenticate({ authorization });
    call.identify(found instanceof Promise ? await found : found, authorization);
  } catch (error) {
    if (isAmbient && error instanceof ChatError && error.code === "unauthenticated") forget(c);
    throw error;
  }
}

/** A cookie that counts no longer would be sent again and again. */
function forget(c: Context<GatewayEnv>): void {
  for (const cookie of SIGN_OUT_COOKIES) c.header("Set-Cookie", cookie, { append: true });
}

/** Lets through who may call the RPC that the route stands for, such as `chat.MessageService/GetMessages`; throws as `requireAllowed`. */
export function allow(rpc: string): MiddlewareHandler<GatewayEnv> {
  return createMiddleware<GatewayEnv>(async (c, next) => {
    requireAllowed(c.var.call.caller, rpc);
    await next();
  });
}
