/**
 * Conditional requests (RFC 9110, section 13) by ETags of versions and positions.
 *
 * @module
 */
import type { Context } from "hono";
import { invalidField } from "../core/errors.ts";

/** Whether a `GET` or `HEAD` asks for nothing but what is newer than `etag`, which the answer has. */
export function isNotModified(c: Context, etag: string): boolean {
  const wanted = c.req.header("if-none-match");
  if (wanted === undefined || !["GET", "HEAD"].includes(c.req.method)) return false;
  return wanted.trim() === "*" || wanted.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag);
}

/** The version that `If-Match` names, by an ETag that begins with `v` and the version; undefined: any is right. */
export function ifMatchVersion(c: Context): number | undefined {
  const given = c.req.header("if-match")?.trim();
  if (given === undefined || given === "*") return undefined;
  const version = Number(/^(?:W\/)?"v([1-9]\d{0,9})(?:-[^"]*)?"$/.exec(given)?.[1]);
  if (version > 0 && version < 2 ** 31) return version;
  throw invalidField("If-Match", `must be one ETag of an answer or *, got ${JSON.stringify(given.slice(0, 80))}`);
}
