import type { OpenAPIHono } from "@hono/zod-openapi";
import type { GatewayEnv } from "./context.ts";

/** What the routes say of themselves, as OpenAPI 3.1 has it. */
export type OpenApiDocument = ReturnType<OpenAPIHono<GatewayEnv>["getOpenAPI31Document"]>;

const SECURITY = {
  bearer: {
    type: "http",
    scheme: "bearer",
    description: "An API key or a JSON Web Token, as `AUTH_MODE` says; with `none` nothing is asked for",
  },
  api_key: { type: "apiKey", in: "header", name: "X-Api-Key", description: "The same without `Bearer`" },
  session: { type: "apiKey", in: "cookie", name: "chat_session", description: "What `POST /v1/session` sets in a browser" },
} as const;

/** The document of every route that has been added so far. */
export function openApiDocument(app: OpenAPIHono<GatewayEnv>): OpenApiDocument {
  return app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Chat",
      version: "1",
      description: "Fields have the names of the protos. Positions and times are JSON numbers below 2^53. " +
        "A field or parameter that is not known is refused with 400, and errors are application/problem+json (RFC 9457).",
      license: { name: "MIT", url: "https://spdx.org/licenses/MIT.html" },
    },
    // Relative, because only whoever asks knows what the server is called there.
    servers: [{ url: "/" }],
    security: [...Object.keys(SECURITY).map((name) => ({ [name]: [] })), {}],
  });
}

/** Says how callers may prove who they are. */
export function addSecuritySchemes(app: OpenAPIHono<GatewayEnv>): void {
  for (const [name, scheme] of Object.entries(SECURITY)) app.openAPIRegistry.registerComponent("securitySchemes", name, scheme);
}
