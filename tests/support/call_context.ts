import { ANYBODY, type Caller } from "../../src/core/caller.ts";
import type { CallContext } from "../../src/core/context.ts";

let calls = 0;

/** A call context that nothing aborts unless a signal is given, of a caller who may do everything unless another one is given. */
export function callContext(options: { readonly signal?: AbortSignal; readonly caller?: Caller } = {}): CallContext {
  return { signal: options.signal ?? new AbortController().signal, requestId: `test-${++calls}`, caller: options.caller ?? ANYBODY };
}
