import { type Context, Hono } from "hono";
import type { GatewayEnv } from "../context.ts";
import { HttpRefusal } from "../problem.ts";
import { PAGE_POLICY } from "../security_headers.ts";
import { type Asset, type PageAssets, pageAssets } from "./assets.ts";

/** Where the page's files lie; behind it stands their version. */
const BASE = "/page";

/** Over the policy of pages: no text becomes HTML or script, whatever the page's own code says. */
const CONTENT_SECURITY_POLICY = `${PAGE_POLICY}; require-trusted-types-for 'script'; trusted-types 'none'`;

const { page, etag, version, files }: PageAssets = await pageAssets(BASE);

/** The page at `/`, which shows what the server can do and uses nothing but the public API, and the files that it loads. */
export function consoleRoutes(): Hono<GatewayEnv> {
  const app = new Hono<GatewayEnv>({ strict: false });
  app.get("/", (c) => {
    c.header("Content-Security-Policy", CONTENT_SECURITY_POLICY);
    // Asked for anew each time, so that a new version shows at once; 304 while it is the same.
    return answer(c, page, { etag, cacheControl: "no-cache" });
  });
  app.get(`${BASE}/:version/:name`, (c) => {
    const file = c.req.param("version") === version ? files.get(c.req.param("name")) : undefined;
    if (file === undefined) throw new HttpRefusal(404, "The page has another version now, load it anew");
    return answer(c, file, { etag: `"${version}"`, cacheControl: "public, max-age=31536000, immutable" });
  });
  return app;
}

interface Caching {
  readonly etag: string;
  readonly cacheControl: string;
}

function answer(c: Context<GatewayEnv>, { type, body }: Asset, { etag, cacheControl }: Caching): Response {
  c.header("ETag", etag);
  c.header("Cache-Control", cacheControl);
  const known = c.req.header("if-none-match")?.split(",").map((tag) => tag.trim().replace(/^W\//, "")) ?? [];
  if (known.includes(etag) || known.includes("*")) return c.body(null, 304);
  return c.body(body, 200, { "Content-Type": type });
}
