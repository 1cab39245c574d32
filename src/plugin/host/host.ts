/**
 * Answers what plugins ask of the system while they work on a call.
 *
 * @module
 */
import type { AiService, CapabilityRequest, CapabilityResponse, MessageService, RagService } from "../../contracts/mod.ts";
import type { CallContext } from "../../core/context.ts";
import { ChatError } from "../../core/errors.ts";
import type { Database } from "../../database/database.ts";
import { toChatError } from "../../database/errors.ts";
import type { Log } from "../../observability/log.ts";
import type { HostedCall, OpenHost } from "../launch.ts";
import type { PluginHost } from "../runner.ts";
import { Turns } from "../turns.ts";
import { Access } from "./access.ts";
import { type Desk, useCapability } from "./capabilities.ts";
import { pluginIdentity } from "./identity.ts";
import { askedOf } from "./shapes.ts";

/** What plugins' questions are answered with; a service that is absent is told of when it is asked for. */
export interface HostOptions {
  readonly database: Database;
  readonly messages?: MessageService;
  readonly rag?: RagService;
  readonly ai?: AiService;
  readonly log: Log;
}

/** A plugin that asks for more in one call does somebody else's work, or goes in a circle. */
const MAX_USES = 100;
/** Questions of one call that are answered at once; each answer may be a megabyte. */
const MAX_AT_ONCE = 8;

/** Makes what answers plugins, one call at a time. */
export function createHosts(options: HostOptions): OpenHost {
  return (call) => new CallHost(call, options);
}

class CallHost implements PluginHost {
  readonly #call: HostedCall;
  readonly #options: HostOptions;
  readonly #closing = new AbortController();
  readonly #turns = new Turns(MAX_AT_ONCE, { mostWaiting: MAX_USES, crowded: tooOften });
  #uses = 0;

  constructor(call: HostedCall, options: HostOptions) {
    this.#call = call;
    this.#options = options;
  }

  async use(request: CapabilityRequest): Promise<CapabilityResponse> {
    if (this.#closing.signal.aborted || this.#call.context.signal.aborted) throw over();
    if (++this.#uses > MAX_USES) throw tooOften();
    const asked = askedOf(request);
    const signal = AbortSignal.any([this.#call.context.signal, this.#closing.signal]);
    const leave = await this.#turns.enter(signal);
    try {
      return await useCapability(asked, this.#desk(signal));
    } catch (error) {
      throw this.#told(toChatError(error));
    } finally {
      leave();
    }
  }

  /** What is still asked ends with `cancelled`. Idempotent. */
  close(): void {
    if (!this.#closing.signal.aborted) this.#closing.abort(new ChatError("cancelled", "The plugin's call is over"));
  }

  #desk(signal: AbortSignal): Desk {
    const { database, messages, rag, ai } = this.#options;
    const { plugin, context } = this.#call;
    // Read one by one, because contexts are mostly objects whose properties a spread does not see.
    const { requestId, caller, authorization, deadlineAtMs, trace } = context;
    const own: CallContext = { signal, requestId, caller: pluginIdentity(plugin.name), deadlineAtMs, trace };
    const asUser: CallContext = { signal, requestId, caller, authorization, deadlineAtMs, trace };
    return { call: this.#call, db: database.kysely, messages, rag, ai, access: new Access(this.#call, messages), own, asUser };
  }

  /** Code that is not trusted learns of other faults as little as a client does. */
  #told(error: unknown): ChatError {
    if (error instanceof ChatError && error.code !== "internal") return error;
    const { plugin, context: { requestId } } = this.#call;
    this.#options.log.error("A plugin's question could not be answered", { plugin: plugin.name, requestId, error });
    return new ChatError("internal", `Internal error, request id ${requestId}`);
  }
}

function over(): ChatError {
  return new ChatError("unauthenticated", "The call is over, so nothing can be asked for it any more");
}

function tooOften(): ChatError {
  return new ChatError("resource_exhausted", `A plugin may ask ${MAX_USES} times in one call`);
}
