/**
 * Asks the plugin service about one message, within bounds.
 *
 * @module
 */
import type { MessageDecision, PluginService, RunHooksResponse } from "../../contracts/mod.ts";
import type { CallContext } from "../../core/context.ts";
import { abortError, ChatError } from "../../core/errors.ts";
import { within } from "../../core/within.ts";
import type { Log } from "../../observability/log.ts";
import type { ValidCreate } from "../validate.ts";
import { draftOf } from "./draft.ts";
import { decisionsWithout } from "./outcome.ts";
import type { KnownHook } from "./store.ts";

/** What the plugin service gives a hook that says nothing of its time, and all hooks of a message together. */
const HOOK_MS = 10_000;
const CHAIN_MS = 20_000;
/** The way there and back. */
const WAY_MS = 1_000;
/** Messages that plugins have before them at once: half of the calls that a server carries out by default, so that slow plugins leave room for the others. */
const MAX_AT_ONCE = 128;
const CROWDED_RETRY_MS = 500;

/** These say that the plugin service refuses this caller or this message, so no hook's failing may let it pass. */
const REFUSALS: ReadonlySet<string> = new Set(["invalid_argument", "permission_denied", "unauthenticated"]);
/** These may be the caller's own doing. */
const ENDS: ReadonlySet<string> = new Set(["deadline_exceeded", "cancelled"]);

/** What hooks decide; `unasked` where they could not be asked and none of them must be. */
export type Decided = RunHooksResponse | { readonly unasked: readonly MessageDecision[] };

/** Asks about messages, so many at once. */
export class Asking {
  readonly #plugins: PluginService;
  readonly #log: Log;
  #running = 0;
  #unasked = 0;

  constructor({ plugins, log }: { readonly plugins: PluginService; readonly log: Log }) {
    this.#plugins = plugins;
    this.#log = log;
  }

  /** Messages under way, and those since the start whose hooks could not be asked. */
  get load(): { readonly asking: number; readonly unasked: number } {
    return { asking: this.#running, unasked: this.#unasked };
  }

  /**
   * Asks those hooks. Throws `unavailable` where one of them must be asked and could not be, what the caller's own end stands for, `resource_exhausted` where
   * too many messages wait for plugins: nothing that a caller can bring about lets a message past a hook.
   */
  async ask(message: ValidCreate, hooks: readonly KnownHook[], context: CallContext): Promise<Decided> {
    const timeoutMs = WAY_MS + Math.min(CHAIN_MS, hooks.reduce((sum, { hook }) => sum + (hook.timeoutMs || HOOK_MS), 0));
    const isCallersEnd = (context.deadlineAtMs ?? Infinity) <= Date.now() + timeoutMs;
    try {
      return await this.bounded(() => this.#run(message, timeoutMs, context));
    } catch (error) {
      if (context.signal.aborted) throw abortError(context.signal);
      if (!(error instanceof ChatError)) {
        this.#unasked++;
        this.#log.error("The hooks of a message could not be asked", { error, room: message.room });
        return { unasked: decisionsWithout(hooks, "The plugin service failed for a reason that only the log knows") };
      }
      if (error instanceof Crowded || REFUSALS.has(error.code) || (isCallersEnd && ENDS.has(error.code))) throw error;
      this.#unasked++;
      this.#log.debug("The hooks of a message could not be asked", { error, room: message.room });
      return { unasked: decisionsWithout(hooks, error.message) };
    }
  }

  /** Counts work that waits for plugins; throws `resource_exhausted` where there is too much of it. */
  async bounded<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= MAX_AT_ONCE) throw new Crowded();
    this.#running++;
    try {
      return await work();
    } finally {
      this.#running--;
    }
  }

  async #run(message: ValidCreate, timeoutMs: number, context: CallContext): Promise<RunHooksResponse> {
    const { requestId, caller, authorization, trace, deadlineAtMs = Infinity } = context;
    const request = { event: "message.before_create", draft: draftOf(message), via: message.plugins?.via ?? [] };
    const answer = await within({ timeoutMs, late, signal: context.signal }, (signal) => {
      const call = { signal, requestId, caller, authorization, trace, deadlineAtMs: Math.min(deadlineAtMs, Date.now() + timeoutMs) };
      return this.#plugins.runHooks(request, call);
    });
    if (answer.outcome === "allow" || answer.outcome === "rewrite" || answer.decisions.length > 0) return answer;
    throw new ChatError("unavailable", `The plugin service decided ${JSON.stringify(answer.outcome)} and does not say which plugin did`);
  }
}

/** Told apart from what a plugin has used up, which is that plugin's failure. */
class Crowded extends ChatError {
  constructor() {
    super("resource_exhausted", `Plugins have ${MAX_AT_ONCE} messages before them, and take no more`, { retryAfterMs: CROWDED_RETRY_MS });
  }
}

function late(timeoutMs: number): ChatError {
  return new ChatError("deadline_exceeded", `The plugin service took longer than ${timeoutMs} ms`);
}
