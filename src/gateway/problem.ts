/**
 * Errors as HTTP tells them: one map from code to status, one body (RFC 9457), one response.
 *
 * @module
 */
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { ChatError, type ErrorCode } from "../core/errors.ts";
import type { Log } from "../observability/log.ts";
import type { GatewayEnv } from "./context.ts";

/** The status of each code; those of google.rpc.Code, so that a gRPC-JSON proxy in front would say the same. */
export const httpStatusOf: Readonly<Record<ErrorCode, ContentfulStatusCode>> = {
  cancelled: 499 as ContentfulStatusCode, // nobody is left to read it; the number is the one that nginx made usual
  invalid_argument: 400,
  deadline_exceeded: 504,
  not_found: 404,
  already_exists: 409,
  permission_denied: 403,
  resource_exhausted: 429,
  failed_precondition: 400,
  aborted: 409,
  out_of_range: 400,
  unimplemented: 501,
  internal: 500,
  unavailable: 503,
  unauthenticated: 401,
};

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  409: "Conflict",
  412: "Precondition Failed",
  413: "Content Too Large",
  414: "URI Too Long",
  415: "Unsupported Media Type",
  421: "Misdirected Request",
  426: "Upgrade Required",
  429: "Too Many Requests",
  499: "Client Closed Request",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/** The body of an error, `application/problem+json`. Branch on `code`; `detail` is for people. */
export interface Problem {
  readonly type: "about:blank";
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  /** The request field at fault, by its wire name. */
  readonly field?: string;
  /** Names the request in the server's log. */
  readonly request_id: string;
  /** For a stream that ended: the position to resume after. */
  readonly resume_seq?: number;
  /** Milliseconds after which the same request may succeed; present exactly when repeating is worth while. */
  readonly retry_after_ms?: number;
}

const REFUSAL_CODES: Readonly<Record<number, ErrorCode>> = { 404: "not_found", 405: "unimplemented", 412: "aborted" };

/** A refusal that only HTTP knows, such as 405 or 415; its status goes before that of its code. */
export class HttpRefusal extends ChatError {
  readonly status: ContentfulStatusCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: ContentfulStatusCode, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(REFUSAL_CODES[status] ?? "invalid_argument", message);
    this.status = status;
    this.headers = headers;
  }
}

/** The body for `error`. What is not a {@link ChatError} tells nothing but the request id. */
export function problemOf(error: unknown, requestId: string): Problem {
  const known = error instanceof ChatError ? error : new ChatError("internal", `Internal error, request ${requestId}`);
  const status = statusOf(known);
  return {
    type: "about:blank",
    title: TITLES[status] ?? "Error",
    status,
    detail: known.message,
    code: known.code,
    ...(known.field === undefined ? {} : { field: known.field }),
    request_id: requestId,
    ...(known.resumeSeq === undefined ? {} : { resume_seq: known.resumeSeq }),
    ...(known.retryAfterMs === undefined ? {} : { retry_after_ms: known.retryAfterMs }),
  };
}

/** Answers with `error` as problem+json; the log gets the cause chain of whatever is this side's fault. */
export function problemResponse(c: Context<GatewayEnv>, error: unknown, log: Log): Response {
  const problem = problemOf(error, c.var.call.requestId);
  logFailure(log, error, { requestId: problem.request_id, status: problem.status, method: c.req.method, path: c.req.path });
  if (problem.retry_after_ms !== undefined) c.header("Retry-After", String(Math.ceil(problem.retry_after_ms / 1000)));
  if (problem.status === 401) c.header("WWW-Authenticate", challenge(c));
  if (error instanceof HttpRefusal) { for (const [name, value] of Object.entries(error.headers)) c.header(name, value); }
  return c.body(JSON.stringify(problem), problem.status as ContentfulStatusCode, { "Content-Type": "application/problem+json" });
}

/** Whether a token is missing or no good (RFC 6750, section 3.1). */
function challenge(c: Context<GatewayEnv>): string {
  return c.req.header("authorization") === undefined ? "Bearer" : 'Bearer error="invalid_token"';
}

/** Writes what a client is not told: bugs as errors, failures of what lies behind as warnings, refusals not at all. */
export function logFailure(log: Log, error: unknown, fields: Readonly<Record<string, unknown>>): void {
  if (!isExpected(error)) log.error("Request failed", { ...fields, error });
  else if (statusOf(error) >= 500) log.warn("Request failed", { ...fields, error });
}

/** Writes why a stream ended. Streams end at every restart, all at once, so what a client is told anyway is worth a line only to who looks for it. */
export function logStreamEnd(log: Log, error: unknown, fields: Readonly<Record<string, unknown>>): void {
  if (!isExpected(error)) log.error("Stream failed", { ...fields, error });
  else log.debug("Stream ended", { ...fields, code: error.code, resumeSeq: error.resumeSeq });
}

function statusOf(error: ChatError): ContentfulStatusCode {
  return error instanceof HttpRefusal ? error.status : httpStatusOf[error.code];
}

/** Whether somebody meant to throw this; anything else is a bug. */
function isExpected(error: unknown): error is ChatError {
  return error instanceof ChatError && error.code !== "internal";
}
