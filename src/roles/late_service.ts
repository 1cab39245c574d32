import type { Role, Services } from "../contracts/mod.ts";
import { ChatError } from "../core/errors.ts";

/** When a call that came too early is worth repeating: a start takes a second or two. */
const STARTING_RETRY_MS = 200;

/**
 * Stands for a service of this process that is still to start. Services know each other in a circle (a message may run a plugin's hook, and the plugin
 * may post a message), so one of them has to be named before it stands. A call before that throws `unavailable`; from then on each goes
 * straight through.
 */
export function lateService<R extends Role>(role: R, find: () => Services[R] | undefined): Services[R] {
  return new Proxy({} as Services[R], {
    get(_, name) {
      // Whoever awaits it gets it as it is: a service is no promise.
      if (name === "then") return undefined;
      const service = find();
      if (service === undefined) {
        throw new ChatError("unavailable", `The ${role} service is still starting`, { retryAfterMs: STARTING_RETRY_MS });
      }
      const member: unknown = Reflect.get(service, name);
      return typeof member === "function" ? member.bind(service) : member;
    },
  });
}
