/** The closed set of ways a call can fail. Each has one row in the gRPC map and one in the HTTP map. */
export type ErrorCode =
  | "cancelled"
  | "invalid_argument"
  | "deadline_exceeded"
  | "not_found"
  | "already_exists"
  | "permission_denied"
  | "resource_exhausted"
  | "failed_precondition"
  | "aborted"
  | "out_of_range"
  | "unimplemented"
  | "internal"
  | "unavailable"
  | "unauthenticated";

/** What a {@link ChatError} carries besides its sentence. */
export interface ErrorDetails {
  /** The request field at fault, by its proto name, such as `client_message_id`. */
  readonly field?: string;
  /** For a stream that ended: the position to resume after. */
  readonly resumeSeq?: number;
  /** Milliseconds after which the same call may succeed. Set exactly when repeating is worth while. */
  readonly retryAfterMs?: number;
  /** What led here; for the log only, never sent to a client. */
  readonly cause?: unknown;
}

/**
 * The only error whose text a client sees: one sentence that begins with a capital, has no final stop,
 * and names what is wrong and the value found. Anything else that is thrown leaves the process as `internal`.
 */
export class ChatError extends Error {
  override readonly name = "ChatError";
  readonly code: ErrorCode;
  readonly field?: string;
  readonly resumeSeq?: number;
  readonly retryAfterMs?: number;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    if (details.field !== undefined) this.field = details.field;
    if (details.resumeSeq !== undefined) this.resumeSeq = details.resumeSeq;
    if (details.retryAfterMs !== undefined) this.retryAfterMs = details.retryAfterMs;
  }
}

/** An `invalid_argument` for one field: `` Field `limit` must be 0 to 500, got 501 ``. */
export function invalidField(field: string, problem: string): ChatError {
  return new ChatError("invalid_argument", `Field \`${field}\` ${problem}`, { field });
}

/** The error an aborted signal stands for: its reason where that is a {@link ChatError}, else `cancelled`. */
export function abortError(signal: AbortSignal): ChatError {
  return signal.reason instanceof ChatError
    ? signal.reason
    : new ChatError("cancelled", "The call was cancelled", { cause: signal.reason });
}
