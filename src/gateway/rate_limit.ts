import type { Context } from "hono";
import { type CallLimits, type Taken, tooOften } from "../core/call_limits.ts";
import type { IpBlock } from "../core/ip.ts";
import { clientAddress } from "./client_address.ts";
import type { GatewayEnv } from "./context.ts";

/** What requests are measured by. */
export interface RequestMeasure {
  readonly limits: CallLimits;
  readonly trustedProxies: readonly IpBlock[];
}

/**
 * Takes the request from its caller's measure, tells what is left in `RateLimit` and `RateLimit-Policy`
 * (https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/), and throws `resource_exhausted` (429, with `Retry-After`) where nothing is.
 */
export function takeMeasure(c: Context<GatewayEnv>, { limits, trustedProxies }: RequestMeasure): void {
  const { caller } = c.var.call;
  const taken = limits.take(caller, caller.kind === "anonymous" ? clientAddress(c, trustedProxies) : "");
  if (taken === undefined) return;
  tell(c, taken);
  if (!taken.ok) throw tooOften(taken);
}

function tell(c: Context<GatewayEnv>, { policy, rate, remaining, fullInMs }: Taken): void {
  c.header("RateLimit-Policy", `"${policy}";q=${rate.count};w=${rate.windowMs / 1_000}`);
  c.header("RateLimit", `"${policy}";r=${remaining};t=${Math.ceil(fullInMs / 1_000)}`);
}
