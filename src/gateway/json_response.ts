import type { Context } from "hono";
import { weightOf } from "./accept.ts";
import type { GatewayEnv } from "./context.ts";

/** Below this a compressed answer saves no packet. */
const MIN_COMPRESSED_UNITS = 1_400;

/** What a JSON answer is sent with. */
export interface JsonAnswerOptions {
  readonly status: 200 | 201;
  /** A strong one. */
  readonly etag: string | undefined;
}

/** Answers with `value` as JSON, compressed with gzip where it is long and the client takes that. */
export async function jsonResponse(c: Context<GatewayEnv>, value: unknown, { status, etag }: JsonAnswerOptions): Promise<Response> {
  const text = JSON.stringify(value);
  c.header("Content-Type", "application/json");
  if (etag !== undefined) c.header("ETag", etag);
  if (text.length < MIN_COMPRESSED_UNITS) return c.body(text, status);
  c.header("Vary", "Accept-Encoding", { append: true });
  if (!(weightOf(c.req.header("accept-encoding") ?? "", ["gzip", "*"]) > 0)) return c.body(text, status);
  // Other bytes than the plain answer's, of the same state.
  if (etag !== undefined) c.header("ETag", `W/${etag}`);
  c.header("Content-Encoding", "gzip");
  const packed = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return c.body(await new Response(packed).arrayBuffer(), status);
}
