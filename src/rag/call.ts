import type { CallContext } from "../core/context.ts";
import { abortError } from "../core/errors.ts";
import { toChatError } from "../database/errors.ts";

/** Runs work for a caller: an abort answers at once (a write may still happen), and database errors become the room's. */
export function call<T>(context: CallContext, work: () => Promise<T>): Promise<T> {
  const { signal } = context;
  if (signal.aborted) return Promise.reject(abortError(signal));
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(abortError(signal));
    signal.addEventListener("abort", onAbort, { once: true });
    work().then(resolve, (error) => reject(toChatError(error))).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
