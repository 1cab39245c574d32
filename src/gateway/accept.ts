import type { Context } from "hono";
import { HttpRefusal } from "./problem.ts";

/** Refuses with 406 a request whose `Accept` header rules out `type`, such as `application/json`. No header means anything goes. */
export function requireAcceptable(c: Context, type: string): void {
  const accept = c.req.header("accept");
  if (accept === undefined || accept.trim() === "") return;
  if (!(weightOf(accept, [type, `${type.split("/")[0]}/*`, "*/*"]) > 0)) {
    throw new HttpRefusal(406, `The answer would be ${type}, which the Accept header rules out: ${JSON.stringify(accept.slice(0, 80))}`);
  }
}

/** Whether the `Accept` header names `type` itself. */
export function asksFor(c: Context, type: string): boolean {
  return weightOf(c.req.header("accept") ?? "", [type]) > 0;
}

/** The weight (`q`) that a header such as `Accept` gives to the first of `names` that it has, the most specific first (RFC 9110, section 12.5.1). */
export function weightOf(header: string, names: readonly string[]): number {
  const weights = new Map(header.toLowerCase().split(",").map(range));
  const known = names.find((name) => weights.has(name));
  return known === undefined ? 0 : weights.get(known) ?? 0;
}

function range(text: string): [range: string, weight: number] {
  const [range = "", ...parameters] = text.split(";").map((part) => part.trim());
  const weight = parameters.find((parameter) => parameter.startsWith("q="));
  return [range, weight === undefined ? 1 : Number(weight.slice(2))];
}
