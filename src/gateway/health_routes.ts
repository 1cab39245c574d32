import { Hono } from "hono";
import type { GatewayEnv } from "./context.ts";

/** Whether this process can do its work, and what of it cannot be done. Problems are sentences without secrets. */
export interface Readiness {
  readonly ok: boolean;
  readonly checks: Readonly<Record<string, { readonly ok: boolean; readonly problem?: string }>>;
}

/** `/healthz` says that the process lives, `/readyz` (200 or 503) whether it should be sent work; `readiness` answers from memory. */
export function healthRoutes(readiness: () => Readiness): Hono<GatewayEnv> {
  const app = new Hono<GatewayEnv>({ strict: false });
  app.get("/healthz", (c) => c.json({ ok: true }));
  app.get("/readyz", (c) => {
    const { ok, checks } = readiness();
    return c.json({ ok, checks }, ok ? 200 : 503);
  });
  return app;
}
