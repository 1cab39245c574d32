import type { CallContext } from "../core/context.ts";
import type { CallOptions } from "./options.ts";

/**
 * The options of a call that is made for another one: it ends when that one does, not after its deadline, and goes by its name and in its trace.
 * Read one by one, because contexts are mostly objects whose properties a spread does not see.
 */
export function onBehalfOf({ signal, requestId, deadlineAtMs, trace }: CallContext): CallOptions {
  return { signal, requestId, deadlineAtMs, trace };
}
