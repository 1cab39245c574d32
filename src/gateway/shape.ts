/**
 * Shapes of requests, as zod schemas whose refusals are sentences. Only types are looked at here; what a value may be is the service's to say,
 * so that every face refuses with the same words. What is refused here is what could not be handed on: a number that is no int32, a text that
 * has no UTF-8.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { ChatError, invalidField } from "../core/errors.ts";

const INT32 = { min: -(2 ** 31), max: 2 ** 31 - 1 } as const;
const INT64 = { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER } as const;
/** Room for what was found in a sentence that a person reads. */
const SHOWN_CHARACTERS = 40;

interface Range {
  readonly min: number;
  readonly max: number;
}

/** Text that has a UTF-8 form. */
export const text = z.string({ error: (issue) => `must be text, got ${shown(issue.input)}` })
  .refine((value) => value.isWellFormed(), { error: "must be well-formed Unicode, got a lone surrogate" });

/** `true` or `false` in a JSON body. */
export const flag = z.boolean({ error: (issue) => `must be true or false, got ${shown(issue.input)}` });

/** An int32 in a JSON body. */
export const int32 = whole(INT32, "int32");

/** An int64 in a JSON body; beyond 2^53 it would not come out as it went in. */
export const int64 = whole(INT64, "int64");

/** A number in a JSON body. */
export const real = z.number({ error: (issue) => `must be a number, got ${shown(issue.input)}` });

/** Bytes in a JSON body, as base64. */
export const bytes = z.string({ error: (issue) => `must be base64 text, got ${shown(issue.input)}` }).transform((value, context) => {
  try {
    return Uint8Array.fromBase64(value);
  } catch {
    context.addIssue({ code: "custom", message: `must be base64 text, got ${shown(value)}` });
    return z.NEVER;
  }
}).openapi({ type: "string", format: "byte" });

/** A list in a JSON body. */
export function listOf<T extends z.ZodType>(element: T) {
  return z.array(element, { error: (issue) => `must be a list, got ${shown(issue.input)}` });
}

/** An object in a JSON body. */
export function objectOf<T extends z.ZodRawShape>(shape: T) {
  return z.strictObject(shape, {
    error: (issue) => issue.code === "unrecognized_keys" ? undefined : `must be an object, got ${shown(issue.input)}`,
  });
}

/** Text to text in a JSON body. The value itself is handed on, because zod's records drop a key named `__proto__`. */
export const metadata = z.custom<Readonly<Record<string, string>>>((value) => metadataProblem(value) === undefined, {
  error: (issue) => metadataProblem(issue.input) ?? "",
}).openapi({ type: "object", additionalProperties: { type: "string" }, example: { source: "web" } });

/** `true` or `false` in a query. */
export const queryFlag = z.enum(["true", "false"], { error: (issue) => `must be true or false, got ${shown(issue.input)}` })
  .transform((value) => value === "true").openapi({ type: "boolean" });

/** An int32 in a query or path. */
export const queryInt32 = queryInteger(INT32);

/** An int64 in a query; beyond 2^53 it would not come out as it went in. */
export const queryInt64 = queryInteger(INT64);

function whole(range: Range, format: string) {
  return z.custom<number>((value) => isWhole(value, range), { error: (issue) => wholeProblem(issue.input, range) })
    .openapi({ type: "integer", format });
}

function queryInteger(range: Range) {
  return z.string().transform((value, context) => {
    const number = /^(0|-?[1-9][0-9]*)$/.test(value) ? Number(value) : NaN;
    if (isWhole(number, range)) return number;
    context.addIssue({ code: "custom", message: wholeProblem(value, range) });
    return z.NEVER;
  }).openapi({ type: "integer", format: range === INT32 ? "int32" : "int64" });
}

/** `input` in the shape of `schema`, or an `invalid_argument` that names the first field at fault. */
export function shaped<S extends z.ZodType>(schema: S, input: unknown): z.output<S> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  if (issue?.code === "unrecognized_keys") {
    throw invalidField([...issue.path, shortened(issue.keys[0] ?? "")].join("."), "is not known here");
  }
  if (issue === undefined || issue.path.length === 0) {
    throw new ChatError("invalid_argument", `The body must be a JSON object, got ${shown(input)}`);
  }
  throw invalidField(issue.path.join("."), issue.message);
}

function isWhole(value: unknown, range: Range): boolean {
  return Number.isInteger(value) && (value as number) >= range.min && (value as number) <= range.max;
}

function wholeProblem(value: unknown, range: Range): string {
  return `must be a whole number from ${range.min} to ${range.max}, got ${shown(value)}`;
}

function metadataProblem(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return `must be an object, got ${shown(value)}`;
  for (const [key, entry] of Object.entries(value)) {
    if (typeof entry !== "string") return `must map text to text, got ${shown(entry)} under ${shown(key)}`;
    if (!key.isWellFormed() || !entry.isWellFormed()) return "must be well-formed Unicode, got a lone surrogate";
  }
  return undefined;
}

/** What was found, for a sentence: short values as they are, the rest by kind. */
function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  return shortened(JSON.stringify(value));
}

function shortened(text: string): string {
  return text.length <= SHOWN_CHARACTERS ? text.toWellFormed() : `${text.slice(0, SHOWN_CHARACTERS).toWellFormed()}…`;
}
