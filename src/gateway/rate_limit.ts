import type { Context } from "hono";
import { type CallLimits, type Taken, tooOften } from "../core/call_limits.ts";
import { addressHolder, type IpBlock } from "../core/ip.ts";
import type { OpenShares } from "../core/open_shares.ts";
import { clientAddress } from "./client_address.ts";
import type { GatewayEnv } from "./context.ts";

/** What requests are measured by. */
export interface RequestMeasure {
  /** How often a caller may call; absent: as often as it likes. */
  readonly limits?: CallLimits | undefined;
  /** How many requests of a caller may be under way at once. */
  readonly shares: OpenShares;
  readonly trustedProxies: readonly IpBlock[];
}

/**
 * Takes the request from its caller's measure, tells what is left in `RateLimit` and `RateLimit-Policy`
 * (https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/), and throws `resource_exhausted` (429, with `Retry-After`) where nothing is, or
 * where the caller has too many requests open.
 */
export function takeMeasure(c: Context<GatewayEnv>, { limits, shares, trustedProxies }: RequestMeasure): void {
  const { call } = c.var;
  const address = call.caller.kind === "anonymous" ? clientAddress(c, trustedProxies) : "";
  const taken = limits?.take(call.caller, address);
  if (taken !== undefined) tell(c, taken);
  if (taken?.ok === false) throw tooOften(taken);
  call.onFinish(shares.take(address === "" ? call.caller.id : addressHolder(address)));
}

function tell(c: Context<GatewayEnv>, { policy, rate, remaining, fullInMs }: Taken): void {
  c.header("RateLimit-Policy", `"${policy}";q=${rate.count};w=${rate.windowMs / 1_000}`);
  c.header("RateLimit", `"${policy}";r=${remaining};t=${Math.ceil(fullInMs / 1_000)}`);
}
