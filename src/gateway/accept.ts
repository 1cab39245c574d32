import type { Context } from "hono";
import { HttpRefusal } from "./problem.ts";

/** Refuses with 406 a request whose `Accept` header rules out `type`, such as `application/json`. No header means anything goes. */
export function requireAcceptable(c: Context, type: string): void {
  const accept = c.req.header("accept");
  if (accept === undefined || accept.trim() === "") return;
  const weights = new Map(accept.toLowerCase().split(",").map(mediaRange));
  // The most specific range decides (RFC 9110, section 12.5.1).
  const weight = weights.get(type) ?? weights.get(`${type.split("/")[0]}/*`) ?? weights.get("*/*") ?? 0;
  if (!(weight > 0)) {
    throw new HttpRefusal(406, `The answer would be ${type}, which the Accept header rules out: ${JSON.stringify(accept.slice(0, 80))}`);
  }
}

function mediaRange(text: string): [range: string, weight: number] {
  const [range = "", ...parameters] = text.split(";").map((part) => part.trim());
  const weight = parameters.find((parameter) => parameter.startsWith("q="));
  return [range, weight === undefined ? 1 : Number(weight.slice(2))];
}
