import type { PluginHostService, TokenCapabilityRequest } from "../contracts/mod.ts";
import type { CallContext } from "../core/context.ts";
import { ChatError } from "../core/errors.ts";
import { RateLimiter } from "../core/rate_limiter.ts";
import type { UntypedServiceImplementation } from "../wire/grpc_js.ts";
import { Call } from "./call.ts";
import { Gate } from "./gate.ts";
import { type HandlerOptions, unary } from "./unary.ts";

/** Tokens that no call has, from one address. A plugin that is late has one now and then; whoever guesses would need 2^255. */
const WRONG_TOKENS = { count: 60, windowMs: 60_000 } as const;

/** Each call of a plugin asks so many things at once at most, so this is more than plugins can ask for. */
const MAX_AT_ONCE = 1_000;

/** `chat.PluginHostService`: its RPC is open to everybody, because the token proves the call. */
export function pluginHostHandlers(service: PluginHostService, options: HandlerOptions): UntypedServiceImplementation {
  const wrong = new RateLimiter(WRONG_TOKENS);
  const useCapability = async (request: TokenCapabilityRequest, context: CallContext) => {
    try {
      return await service.useCapability(request, context);
    } catch (error) {
      if (!(error instanceof ChatError) || error.code !== "unauthenticated") throw error;
      const { ok, retryAfterMs } = wrong.take(context instanceof Call ? context.countsAs : "");
      if (ok) throw error;
      const text = `The address shows more than ${WRONG_TOKENS.count} tokens of no call in ${WRONG_TOKENS.windowMs / 1_000} s`;
      throw new ChatError("resource_exhausted", text, { retryAfterMs: Math.ceil(retryAfterMs) });
    }
  };
  // Not behind the gate of all calls: a call that waits for its plugin holds a place there, and would wait for ever for the plugin that waits for one.
  const gate = new Gate({ maxRunning: MAX_AT_ONCE, maxWaiting: MAX_AT_ONCE, advice: "try again later" });
  return { UseCapability: unary("UseCapability", useCapability, { ...options, gate }) };
}
