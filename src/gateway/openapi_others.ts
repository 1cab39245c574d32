/**
 * What the OpenAPI document says of the routes that stand for no RPC: the session, and the probes.
 *
 * @module
 */
import { type OpenAPIHono, z } from "@hono/zod-openapi";
import type { GatewayEnv } from "./context.ts";
import { responsesOf } from "./openapi_responses.ts";
import { flag, int64, text } from "./shape.ts";

const caller = z.strictObject({
  kind: text,
  name: text,
  scopes: z.array(text),
  rooms: z.array(text).optional(),
  expires_at_ms: int64.optional(),
}).openapi("Caller");

const readiness = z.strictObject({
  ok: flag,
  checks: z.record(z.string(), z.strictObject({ ok: flag, problem: text.optional() })),
}).openapi("Readiness");

const json = (schema: z.ZodType) => ({ "application/json": { schema } });

/** Adds them to the document. */
export function describeOtherRoutes(app: OpenAPIHono<GatewayEnv>): void {
  const registry = app.openAPIRegistry;
  const session = { path: "/v1/session", tags: ["session"] };
  const answer = { status: 200, content: { "application/json": caller } };
  registry.registerPath({
    ...{ ...session, method: "get", operationId: "get_session", summary: "See who calls, and what that allows" },
    responses: responsesOf("get", answer),
  });
  registry.registerPath({
    ...{ ...session, method: "post", operationId: "post_session", summary: "Sign a browser in by a cookie, with Authorization" },
    responses: responsesOf("post", answer),
  });
  registry.registerPath({
    ...{ ...session, method: "delete", operationId: "delete_session", summary: "Sign a browser out", security: [{}] },
    responses: { 204: { description: "Done" } },
  });
  const probe = { method: "get" as const, tags: ["health"], security: [{}] };
  registry.registerPath({
    ...{ ...probe, path: "/healthz", operationId: "get_healthz", summary: "Whether the process lives" },
    responses: { 200: { description: "It does", content: json(z.strictObject({ ok: flag })) } },
  });
  registry.registerPath({
    ...{ ...probe, path: "/readyz", operationId: "get_readyz", summary: "Whether the process should be sent work" },
    responses: {
      200: { description: "It should", content: json(readiness) },
      503: { description: "It should not", content: json(readiness) },
    },
  });
}
