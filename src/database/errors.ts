import { ChatError } from "../core/errors.ts";
import { DatabaseError } from "./session.ts";

/** How soon a call is worth repeating once the way to the database was lost: about as long as a reconnect takes. */
const RETRY_AFTER_LOSS_MS = 500;
/** Two transactions were in each other's way; the other one has ended by now. */
const RETRY_AFTER_CONFLICT_MS = 20;

/** Codes of postgres.js, Deno and this folder that mean: no answer came, and whether a write happened is unknown. */
const LOSS_CODES: ReadonlySet<string> = new Set([
  "CONNECTION_CLOSED",
  "CONNECTION_ENDED",
  "CONNECTION_DESTROYED",
  "CONNECT_TIMEOUT",
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENOENT", // the Unix socket of a server that is down
  "POOL_CLOSED",
  "WORKER_DIED",
  "UNSUITABLE_SERVER", // a standby that nobody has promoted yet
  "25006", // a primary that has become a standby
]);

/** SQLSTATEs of a server that is going, coming or full: 57P01 terminating, 57P02 crash, 57P03 starting up, 57P05 idle, 53300 too many connections; class 08. */
const LOSS_STATES = /^(57P0[1235]|53300|08...)$/;

/** A unique constraint or index, the named one where `constraint` is given, refused the row. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  if (!(error instanceof DatabaseError) || error.code !== "23505") return false;
  return constraint === undefined || error.constraint === constraint;
}

/** The way to the database was lost or never there. After a COMMIT the outcome is unknown. */
export function isConnectionLoss(error: unknown): boolean {
  return error instanceof DatabaseError && (LOSS_CODES.has(error.code) || LOSS_STATES.test(error.code));
}

/** A number does not fit its column. */
export function isIntegerOverflow(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === "22003";
}

/** A statement took longer than it may, or waited too long for a lock or a connection. */
export function isDatabaseTimeout(error: unknown): boolean {
  return error instanceof DatabaseError && ["57014", "55P03", "STATEMENT_TIMEOUT", "POOL_TIMEOUT"].includes(error.code);
}

/**
 * What a database error means to a caller: `unavailable` for a lost connection, `deadline_exceeded` for a timeout, `aborted` for a serialization
 * failure or deadlock. Anything else comes back unchanged and leaves the process as `internal`. No text of the database gets out: it may hold data.
 */
export function toChatError(error: unknown): unknown {
  if (isConnectionLoss(error)) {
    return new ChatError("unavailable", "The database cannot be reached", { retryAfterMs: RETRY_AFTER_LOSS_MS, cause: error });
  }
  if (isDatabaseTimeout(error)) return new ChatError("deadline_exceeded", "The database did not answer in time", { cause: error });
  if (error instanceof DatabaseError && (error.code === "40001" || error.code === "40P01")) {
    return new ChatError("aborted", "Another change was in the way", { retryAfterMs: RETRY_AFTER_CONFLICT_MS, cause: error });
  }
  return error;
}
