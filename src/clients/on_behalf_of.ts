import type { CallContext } from "../core/context.ts";
import { ChatError } from "../core/errors.ts";
import type { CallOptions } from "./options.ts";

/**
 * The options of a call that is made for another one: it ends when that one does, not after its deadline, goes by its name and in its trace, and
 * proves itself with what that one did. A caller known by certificate has nothing to hand on: for it this process calls as itself.
 * Read one by one, because contexts are mostly objects whose properties a spread does not see.
 */
export function onBehalfOf({ signal, requestId, deadlineAtMs, trace, caller, authorization }: CallContext): CallOptions {
  // Without its token the call would go out as this process, which may do more than its caller.
  if (authorization === undefined && (caller.kind === "api_key" || caller.kind === "jwt")) {
    throw new ChatError("unauthenticated", `The credential of ${caller.id} cannot be handed on`);
  }
  return { signal, requestId, deadlineAtMs, trace, authorization };
}
