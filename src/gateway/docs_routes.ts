import type { OpenAPIHono } from "@hono/zod-openapi";
import { html, raw } from "hono/html";
import type { GatewayEnv } from "./context.ts";
import { docsPage } from "./docs_page.ts";
import { DOCS_STYLE } from "./docs_style.ts";
import { openApiDocument } from "./openapi.ts";

/** `/openapi.json`, and `/docs`, the same for people without a script. Open to everybody, as the source is. */
export function addDocsRoutes(app: OpenAPIHono<GatewayEnv>): void {
  let page: string | undefined;
  app.get("/openapi.json", (c) => c.json(openApiDocument(app)));
  app.get("/docs", (c) => {
    page ??= String(docsPage(openApiDocument(app)));
    return c.html(html`<!doctype html>${raw(page)}`);
  });
  app.get("/docs/style.css", (c) => c.body(DOCS_STYLE, 200, { "Content-Type": "text/css; charset=utf-8", "Cache-Control": "max-age=300" }));
}
