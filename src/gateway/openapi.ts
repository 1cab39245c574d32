import type { OpenAPIHono } from "@hono/zod-openapi";
import type { GatewayEnv } from "./context.ts";

/** `/openapi.json`: what the routes say of themselves, as OpenAPI 3.1. Open to everybody, as the source is. */
export function addOpenApi(app: OpenAPIHono<GatewayEnv>): void {
  app.openAPIRegistry.registerComponent("securitySchemes", "bearer", {
    type: "http",
    scheme: "bearer",
    description: "An API key or a JSON Web Token, as `AUTH_MODE` says; with `none` nothing is asked for",
  });
  app.doc31("/openapi.json", {
    openapi: "3.1.0",
    info: {
      title: "Chat",
      version: "1",
      description: "Fields have the names of the protos. Positions and times are JSON numbers below 2^53. " +
        "A field or parameter that is not known is refused with 400, and errors are `application/problem+json` (RFC 9457).",
      license: { name: "MIT", url: "https://spdx.org/licenses/MIT.html" },
    },
    // Relative, because only whoever asks knows what the server is called there.
    servers: [{ url: "/" }],
    security: [{ bearer: [] }, {}],
  });
}
