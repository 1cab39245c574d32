import type { Context } from "hono";

/** Adds a `Link` (RFC 8288) to the same list from another place: its parameters as they are, but for `changes`, of which an undefined one goes away. */
export function addLink(c: Context, rel: "next" | "prev" | "first", changes: Readonly<Record<string, string | number | undefined>>): void {
  const { pathname, searchParams } = new URL(c.req.url);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) searchParams.delete(name);
    else searchParams.set(name, String(value));
  }
  const query = searchParams.size === 0 ? "" : `?${searchParams}`;
  c.header("Link", `<${pathname}${query}>; rel="${rel}"`, { append: true });
}
