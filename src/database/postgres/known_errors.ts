/**
 * Whether an uncaught error is the TypeError that postgres.js throws from a timer or socket event when the server goes away under it
 * (porsager/postgres#1066, #1154): it writes to a socket that is null. The statement concerned fails by itself, so the process may log it and go on.
 */
export function isKnownPostgresJsRestartError(error: unknown): boolean {
  return error instanceof TypeError && /[/\\]postgres[/\\].*connection\.js/.test(error.stack ?? "");
}
