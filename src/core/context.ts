import type { Caller } from "./caller.ts";

/** W3C Trace Context as it travels between services: https://www.w3.org/TR/trace-context/ */
export interface TraceContext {
  /** `00-` trace id, `-` span id, `-` flags, in lower-case hexadecimal. */
  readonly traceparent: string;
  /** What tracing systems add for each other; handed on as it came. */
  readonly tracestate?: string;
}

/** What every service call is handed besides its request. */
export interface CallContext {
  /** Aborts on cancel, deadline and shutdown, whichever is first; its reason is a `ChatError` that says which. */
  readonly signal: AbortSignal;
  /** Names the call in the log and in an internal error's text. */
  readonly requestId: string;
  /** Who calls, and what that allows; `ANYBODY` where nobody has to prove anything. */
  readonly caller: Caller;
  /**
   * What the caller proved itself with, as `authorization` had it, to be handed on to other services of this system, which prove it themselves.
   * Secret: never logged, never told. Absent: nothing, or a certificate, which cannot be handed on.
   */
  readonly authorization?: string | undefined;
  /** When the caller gives up, in milliseconds since 1970; Infinity or unset: never. For whatever is called on its behalf. */
  readonly deadlineAtMs?: number | undefined;
  /** The trace that the call is part of; hand it to whatever is called on its behalf. */
  readonly trace?: TraceContext | undefined;
}
