import type { CallContext } from "../../src/core/context.ts";

let calls = 0;

/** A call context that nothing aborts unless a signal is given. */
export function callContext(options: { readonly signal?: AbortSignal } = {}): CallContext {
  return { signal: options.signal ?? new AbortController().signal, requestId: `test-${++calls}` };
}
