import { abortError, ChatError } from "../../core/errors.ts";
import type { MatchedHook } from "./matching.ts";

/** What a hook may take that says nothing of it, and whose plugin says nothing of its calls: somebody waits for their message meanwhile. */
const HOOK_MS = 5_000;
/** Whatever a manifest says, nobody waits longer for one hook. */
const LONGEST_HOOK_MS = 10_000;

/** How long a hook may take. */
export function timeLimitMs({ plugin, hook }: MatchedHook): number {
  return Math.min(hook.timeoutMs || plugin.manifest.limits?.callMs || HOOK_MS, LONGEST_HOOK_MS);
}

/**
 * Runs work that is given up when its time is over (`deadline_exceeded`) or `signal` aborts: at once, whether or not the work looks at the signal
 * that it is handed.
 */
export async function within<T>(timeoutMs: number, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  if (signal.aborted) throw abortError(signal);
  const ending = new AbortController();
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const end = (reason: ChatError) => {
    ending.abort(reason);
    reject(reason);
  };
  const onAbort = () => end(abortError(signal));
  signal.addEventListener("abort", onAbort, { once: true });
  const late = () => end(new ChatError("deadline_exceeded", `The plugin took longer than ${timeoutMs} ms`));
  const timer = setTimeout(late, timeoutMs);
  try {
    return await Promise.race([work(ending.signal), ended]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}
