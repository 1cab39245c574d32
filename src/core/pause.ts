import { abortError } from "./errors.ts";

/** Waits so many milliseconds, or until the signal aborts; never rejects. */
export function pauseUntil(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}

/** Waits so many milliseconds; rejects with the error that an aborted signal stands for, as soon as it aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await pauseUntil(ms, signal);
  if (signal.aborted) throw abortError(signal);
}
