import { ChatError } from "../core/errors.ts";
import type { Log } from "../observability/log.ts";
import type { StatusObject } from "../wire/grpc_js.ts";
import { toStatus } from "../wire/status.ts";

/** A failed call, for the log. */
export interface FailedCall {
  /** Such as `CreateMessage`. */
  readonly method: string;
  readonly requestId: string;
}

/** What a client is told of a failure. What is no `ChatError` says nothing outside, and everything in the log. */
export function failureStatus(error: unknown, call: FailedCall, log: Log): StatusObject {
  if (error instanceof ChatError && error.code !== "internal") return toStatus(error, call.requestId);
  log.error("A call failed", { method: call.method, requestId: call.requestId, error: asError(error) });
  return toStatus(new ChatError("internal", `Internal error, request id ${call.requestId}`), call.requestId);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(`Something that is no error was thrown: ${String(error)}`);
}
