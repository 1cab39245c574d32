import { type RouteConfig, z } from "@hono/zod-openapi";
import { text } from "./shape.ts";

/** `application/problem+json`, the body of every error. */
export const problemSchema = z.object({
  type: z.literal("about:blank"),
  title: text,
  status: z.int(),
  detail: text,
  code: text,
  field: text.optional(),
  request_id: text,
  resume_seq: z.int().optional(),
  retry_after_ms: z.number().optional(),
}).openapi("Problem", {
  example: {
    ...{ type: "about:blank", title: "Bad Request", status: 400, detail: "Field `limit` must be a whole number from 0 to 500, got 501" },
    ...{ code: "invalid_argument", field: "limit", request_id: "6f0a1c1e-0b5d-4c57-9a4d-0d8d8f6a1b11" },
  },
});

const REFUSALS: Readonly<Record<number, string>> = {
  400: "The request is wrong; `field` names what is at fault",
  401: "Who calls has not proved who it is",
  403: "The caller may not do this",
  404: "There is no such thing",
  406: "The Accept header rules the answer out",
  414: "The URL is too long",
  429: "The caller does too much; `Retry-After` tells when to come back",
  500: "A mistake of this side; `request_id` names it in the log",
  501: "This server has no such service",
  503: "Something behind the server cannot be reached",
  504: "The request took too long",
};
const WRITE_REFUSALS: Readonly<Record<number, string>> = {
  409: "What is there already stands against it",
  412: "The version is not the one that If-Match names",
  413: "The body is too large",
  415: "The body has a type that is not taken",
};

/** What a route answers where nothing is in the way. */
export interface DeclaredAnswer {
  readonly status: number;
  readonly content: Readonly<Record<string, z.ZodType>>;
  /** Another status for the same content. */
  readonly otherwise?: { readonly status: number; readonly description: string } | undefined;
}

/** What a route of this method may answer: `answer`, and every refusal as a problem. */
export function responsesOf(method: string, { status, content, otherwise }: DeclaredAnswer): RouteConfig["responses"] {
  const takesBody = method !== "get" && method !== "delete";
  const refusals = { ...REFUSALS, ...(takesBody ? WRITE_REFUSALS : {}) };
  const problem = { "application/problem+json": { schema: problemSchema } };
  const answered = Object.fromEntries(Object.entries(content).map(([type, schema]) => [type, { schema }]));
  return {
    [status]: { description: status === 201 ? "Made" : "Done", content: answered },
    ...(otherwise === undefined ? {} : { [otherwise.status]: { description: otherwise.description, content: answered } }),
    ...(method === "get" ? { 304: { description: "Nothing is newer than what If-None-Match names" } } : {}),
    ...Object.fromEntries(Object.entries(refusals).map(([status, description]) => [status, { description, content: problem }])),
  };
}
