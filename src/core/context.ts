/** What every service call is handed besides its request. */
export interface CallContext {
  /** Aborts on cancel, deadline and shutdown, whichever is first; its reason is a `ChatError` that says which. */
  readonly signal: AbortSignal;
  /** Names the call in the log and in an internal error's text. */
  readonly requestId: string;
}
