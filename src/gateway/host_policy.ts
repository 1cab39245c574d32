import type { MiddlewareHandler } from "hono";
import { createMiddleware } from "hono/factory";
import { ipBytes } from "../core/ip.ts";
import type { GatewayEnv } from "./context.ts";
import { HttpRefusal } from "./problem.ts";

const HOST = /^(?:[A-Za-z0-9_.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/;

/**
 * Refuses what comes for a host that nobody is here. A `Host` that is no host and port (400), because the runtime makes the request's URL of it and a
 * slash in it would change the path; and, where `allowed` is given, a name that is neither in it nor `localhost` (421). Addresses are always let through:
 * a page cannot have another machine's.
 */
export function hostPolicy(allowed: readonly string[] | undefined): MiddlewareHandler<GatewayEnv> {
  const names = allowed === undefined ? undefined : new Set(allowed);
  // Nearly every request is for the host that the one before was for.
  let last: string | undefined;
  return createMiddleware<GatewayEnv>(async (c, next) => {
    const host = hostOf(c.req.url);
    const given = c.req.header("host") ?? host;
    if (given !== host || host !== last) {
      requireHost(given, host);
      if (names !== undefined) requireKnown(new URL(c.req.url).hostname, names);
      last = host;
    }
    await next();
  });
}

/** As it was written; the runtime makes the URL of the host and the target as they came. */
function hostOf(url: string): string {
  const start = url.indexOf("//") + 2;
  const end = url.indexOf("/", start);
  return end < 0 ? url.slice(start) : url.slice(start, end);
}

function requireHost(given: string, host: string): void {
  if (given === host && HOST.test(given)) return;
  throw new HttpRefusal(
    400,
    `The Host must be a host and a port, the same as the request's own, got ${JSON.stringify(given.slice(0, 80))}`,
  );
}

function requireKnown(name: string, names: ReadonlySet<string>): void {
  const bare = name.replace(/^\[|\]$/g, "");
  if (bare === "localhost" || bare.endsWith(".localhost") || names.has(bare) || ipBytes(bare) !== undefined) return;
  throw new HttpRefusal(421, `This server is not ${JSON.stringify(bare.slice(0, 80))} (HTTP_ALLOWED_HOSTS)`);
}
