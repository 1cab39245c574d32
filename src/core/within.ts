import { abortError, type ChatError } from "./errors.ts";

/** How long work may take. */
export interface TimeLimit {
  readonly timeoutMs: number;
  /** What it ends with then. */
  readonly late: (timeoutMs: number) => ChatError;
  /** Ends it too, with what it stands for. */
  readonly signal: AbortSignal;
}

/** Runs work that is given up when its time is over or the signal aborts: at once, whether or not the work looks at the signal that it is handed. */
export async function within<T>({ timeoutMs, late, signal }: TimeLimit, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  if (signal.aborted) throw abortError(signal);
  const ending = new AbortController();
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const end = (reason: ChatError) => {
    ending.abort(reason);
    reject(reason);
  };
  const onAbort = () => end(abortError(signal));
  signal.addEventListener("abort", onAbort, { once: true });
  const timer = setTimeout(() => end(late(timeoutMs)), timeoutMs);
  try {
    return await Promise.race([work(ending.signal), ended]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}
