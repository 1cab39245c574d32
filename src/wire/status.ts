/**
 * How failures cross the wire, in both directions: a closed code as a gRPC status, the rest as trailing metadata.
 *
 * @module
 */
import { ChatError, type ErrorCode, type ErrorDetails } from "../core/errors.ts";
import { Metadata, status, type StatusObject } from "./grpc_js.ts";

/** The metadata keys that the wire contract gives a meaning. Numbers are written in decimal. */
export const metadataKeys = {
  /** Names a call, request or response. */
  requestId: "x-request-id",
  /** Of a failed call: what the server's log calls it. */
  failedRequestId: "chat-request-id",
  /** The request field at fault, by its proto name. */
  errorField: "chat-error-field",
  /** Initial metadata: the position a stream begins after; trailing metadata: the position to resume after. */
  resumeSeq: "chat-resume-seq",
  /** Milliseconds after which the same call may succeed. */
  retryAfterMs: "chat-retry-after-ms",
  /** The same for the retry policies built into gRPC libraries (gRFC A6). */
  retryPushbackMs: "grpc-retry-pushback-ms",
} as const;

/** Longer sentences are cut, because many clients refuse more than 8 KB of headers in all, and each byte may be sent as three. */
const MAX_DETAILS = 1_000;

const STATUS_OF: Readonly<Record<ErrorCode, status>> = {
  cancelled: status.CANCELLED,
  invalid_argument: status.INVALID_ARGUMENT,
  deadline_exceeded: status.DEADLINE_EXCEEDED,
  not_found: status.NOT_FOUND,
  already_exists: status.ALREADY_EXISTS,
  permission_denied: status.PERMISSION_DENIED,
  resource_exhausted: status.RESOURCE_EXHAUSTED,
  failed_precondition: status.FAILED_PRECONDITION,
  aborted: status.ABORTED,
  out_of_range: status.OUT_OF_RANGE,
  unimplemented: status.UNIMPLEMENTED,
  internal: status.INTERNAL,
  unavailable: status.UNAVAILABLE,
  unauthenticated: status.UNAUTHENTICATED,
};

/** OK is none, and UNKNOWN and DATA_LOSS are never sent by this system: each of the three can only be a fault. */
const CODE_OF: Readonly<Record<status, ErrorCode>> = {
  [status.OK]: "internal",
  [status.CANCELLED]: "cancelled",
  [status.UNKNOWN]: "internal",
  [status.INVALID_ARGUMENT]: "invalid_argument",
  [status.DEADLINE_EXCEEDED]: "deadline_exceeded",
  [status.NOT_FOUND]: "not_found",
  [status.ALREADY_EXISTS]: "already_exists",
  [status.PERMISSION_DENIED]: "permission_denied",
  [status.RESOURCE_EXHAUSTED]: "resource_exhausted",
  [status.FAILED_PRECONDITION]: "failed_precondition",
  [status.ABORTED]: "aborted",
  [status.OUT_OF_RANGE]: "out_of_range",
  [status.UNIMPLEMENTED]: "unimplemented",
  [status.INTERNAL]: "internal",
  [status.UNAVAILABLE]: "unavailable",
  [status.DATA_LOSS]: "internal",
  [status.UNAUTHENTICATED]: "unauthenticated",
};

/** A grpc-js error or status as a client receives it. */
export interface ReceivedStatus {
  readonly code: number;
  readonly details: string;
  readonly metadata?: Metadata;
}

/** The gRPC status of a code. */
export function grpcStatus(code: ErrorCode): status {
  return STATUS_OF[code];
}

/** The code of a gRPC status; numbers that gRPC does not know are `internal`. */
export function errorCode(grpcStatusCode: number): ErrorCode {
  return CODE_OF[grpcStatusCode as status] ?? "internal";
}

/** What a server sends for an error. */
export function toStatus(error: ChatError, requestId: string): StatusObject {
  const metadata = new Metadata();
  metadata.set(metadataKeys.failedRequestId, headerValue(requestId));
  if (error.field !== undefined) metadata.set(metadataKeys.errorField, headerValue(error.field));
  if (error.resumeSeq !== undefined) metadata.set(metadataKeys.resumeSeq, String(error.resumeSeq));
  if (error.retryAfterMs !== undefined) {
    metadata.set(metadataKeys.retryAfterMs, String(Math.ceil(error.retryAfterMs)));
    metadata.set(metadataKeys.retryPushbackMs, String(Math.ceil(error.retryAfterMs)));
  }
  return { code: STATUS_OF[error.code], details: sentence(error.message), metadata };
}

/** The error that a client throws for a status received; `cause` goes to the log only. */
export function fromStatus(received: ReceivedStatus, cause?: unknown): ChatError {
  const { metadata } = received;
  const field = text(metadata, metadataKeys.errorField);
  const resumeSeq = wholeNumber(metadata, metadataKeys.resumeSeq);
  const retryAfterMs = wholeNumber(metadata, metadataKeys.retryAfterMs);
  const details: ErrorDetails = {
    ...(field === undefined ? {} : { field }),
    ...(resumeSeq === undefined ? {} : { resumeSeq }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(cause === undefined ? {} : { cause }),
  };
  return new ChatError(errorCode(received.code), received.details || `The server answered gRPC status ${received.code}`, details);
}

/** The position in a stream's initial or trailing metadata, if there is one. */
export function resumeSeqOf(metadata: Metadata): number | undefined {
  return wholeNumber(metadata, metadataKeys.resumeSeq);
}

/** grpc-js percent-encodes the sentence and throws at a lone surrogate. */
function sentence(message: string): string {
  const whole = message.toWellFormed();
  return whole.length <= MAX_DETAILS ? whole : `${whole.slice(0, MAX_DETAILS).toWellFormed()}…`;
}

/** Headers carry printable ASCII only. */
function headerValue(value: string): string {
  return value.slice(0, MAX_DETAILS).replace(/[^\x20-\x7e]/g, "?");
}

function wholeNumber(metadata: Metadata | undefined, key: string): number | undefined {
  const value = text(metadata, key);
  return value !== undefined && /^\d{1,16}$/.test(value) ? Number(value) : undefined;
}

function text(metadata: Metadata | undefined, key: string): string | undefined {
  const value = metadata?.get(key)[0];
  return value === undefined ? undefined : String(value);
}
