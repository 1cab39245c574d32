/**
 * Shows messages to the plugins that want to see them before they are stored, and hands commands to those that know them.
 *
 * @module
 */
import type { CreateMessageRequest, Message, MessageDecision, RunHooksResponse } from "../../contracts/mod.ts";
import type { CallContext } from "../../core/context.ts";
import { abortError, ChatError } from "../../core/errors.ts";
import { DEFAULT_MESSAGE_TYPE } from "../../core/limits.ts";
import { within } from "../../core/within.ts";
import type { MessageRow } from "../row.ts";
import { type ValidCreate, validCreate, type ValidUpdate } from "../validate.ts";
import { runCommand } from "./commands.ts";
import { draftOf } from "./draft.ts";
import { type HookTableOptions, KnownHooks } from "./hook_table.ts";
import { decisionsWithout, dropped, keptDecisions, noAnswerToEdit, responseTo } from "./outcome.ts";
import { hasKey, type KnownHook } from "./store.ts";

/** What the plugin service gives a hook that says nothing of its time, and all hooks of a message together. */
const HOOK_MS = 10_000;
const CHAIN_MS = 20_000;
/** The way there and back. */
const WAY_MS = 1_000;

/** These say that the plugin service refuses this caller or this message, so no hook's failing may let it pass. */
const REFUSALS: ReadonlySet<string> = new Set(["invalid_argument", "permission_denied", "unauthenticated"]);

/** What a message is let through as, or what its author is answered instead of its being stored. */
export type Passed = { readonly create: ValidCreate } | { readonly answer: Message };

/** The hooks of one message service. */
export class PluginHooks {
  readonly #options: HookTableOptions;
  readonly #known: KnownHooks;

  constructor(options: HookTableOptions) {
    this.#options = options;
    this.#known = new KnownHooks(options);
  }

  /** Asks whoever has to do with a new message; undefined, at once and at no cost, where nobody has. */
  passing(message: ValidCreate, context: CallContext): Promise<Passed> | undefined {
    if (!this.#known.isReady) return this.#whenReady(() => this.passing(message, context) ?? { create: message });
    const isPlain = message.plugins === undefined && message.messageType === DEFAULT_MESSAGE_TYPE;
    const command = isPlain ? this.#known.command(message.content, message.room) : undefined;
    const hooks = this.#known.before(message.room, message.plugins?.via);
    return command === undefined && hooks.length === 0 ? undefined : this.#pass(message, { command, hooks }, context);
  }

  /** Asks whoever has to do with new content of a message; undefined where nobody has. */
  editing(update: ValidUpdate, read: () => Promise<MessageRow | undefined>, context: CallContext): Promise<ValidUpdate> | undefined {
    if (!this.#known.isReady) return this.#whenReady(() => this.editing(update, read, context) ?? update);
    // Whose work the message is stands with it, so they are looked at again below.
    return this.#known.before(update.room, undefined).length === 0 ? undefined : this.#edit(update, read, context);
  }

  /** Follows the plugin service no more. */
  close(): Promise<void> {
    return this.#known.close();
  }

  async #whenReady<T>(go: () => T | Promise<T>): Promise<T> {
    await this.#known.ready;
    if (!this.#known.isReady) throw new ChatError("unavailable", "The message service is shutting down");
    return await go();
  }

  async #pass(
    message: ValidCreate,
    { command, hooks }: { readonly command: KnownHook | undefined; readonly hooks: readonly KnownHook[] },
    context: CallContext,
  ): Promise<Passed> {
    const { room, clientMessageId } = message;
    // The first message is the answer then, whatever would be decided now.
    if (clientMessageId !== undefined && await hasKey(this.#options.db, { room, clientMessageId })) return { create: message };
    if (command !== undefined) {
      const answer = await this.#command(message, command, context);
      if (answer !== undefined) return { answer };
    }
    return hooks.length === 0 ? { create: message } : await this.#decide(message, hooks, context);
  }

  #command(message: ValidCreate, { plugin }: KnownHook, context: CallContext): Promise<Message | undefined> {
    if (this.#known.isConnected) return runCommand(message, plugin, this.#options, context);
    const text = `The plugin ${plugin}, whose command this is, cannot be reached`;
    throw new ChatError("unavailable", text, { retryAfterMs: WAY_MS });
  }

  async #decide(message: ValidCreate, hooks: readonly KnownHook[], context: CallContext): Promise<Passed> {
    const decided = await this.#ask(message, hooks, context);
    if ("unasked" in decided) return { create: { ...message, plugins: { ...message.plugins, decisions: decided.unasked } } };
    const { outcome, draft, decisions } = decided;
    const last = decisions.at(-1);
    if (outcome === "drop" && last !== undefined) throw dropped(last);
    if (outcome === "respond" && last !== undefined) {
      const { plugin, response: content } = last;
      return { answer: responseTo(message, { plugin, content, atMs: Date.now(), decisions: keptDecisions(decisions) }) };
    }
    const create = outcome === "rewrite" && draft !== undefined ? rewritten(message, draft) : message;
    if (decisions.length === 0) return { create };
    return { create: { ...create, plugins: { ...message.plugins, decisions: keptDecisions(decisions) } } };
  }

  async #edit(update: ValidUpdate, read: () => Promise<MessageRow | undefined>, context: CallContext): Promise<ValidUpdate> {
    const row = await read();
    // The update itself says why it cannot be.
    if (row === undefined || row.deleted) return update;
    const via = row.plugins?.via;
    const hooks = this.#known.before(update.room, via);
    if (hooks.length === 0) return update;
    const plugins = via === undefined ? undefined : { via };
    const { room, content, metadata = row.metadata } = update;
    const { username, message_type: messageType, client_message_id: key } = row;
    const edited = { room, content, username, messageType, metadata, clientMessageId: key ?? undefined, plugins };
    const decided = await this.#ask(edited, hooks, context);
    if ("unasked" in decided) return { ...update, decisions: decided.unasked };
    const { outcome, draft, decisions } = decided;
    const last = decisions.at(-1);
    if (outcome === "drop" && last !== undefined) throw dropped(last);
    if (outcome === "respond" && last !== undefined) throw noAnswerToEdit(last);
    if (outcome !== "rewrite" || draft === undefined) return { ...update, decisions: keptDecisions(decisions) };
    const { content: newContent, metadata: newMetadata } = rewritten(edited, draft);
    return { ...update, content: newContent, metadata: newMetadata, decisions: keptDecisions(decisions) };
  }

  /** What the hooks decide; `unasked` where they could not be asked and none of them must be. */
  async #ask(
    message: ValidCreate,
    hooks: readonly KnownHook[],
    context: CallContext,
  ): Promise<RunHooksResponse | { readonly unasked: readonly MessageDecision[] }> {
    const { signal, requestId, caller, authorization, trace, deadlineAtMs = Infinity } = context;
    const timeoutMs = WAY_MS + Math.min(CHAIN_MS, hooks.reduce((sum, { hook }) => sum + (hook.timeoutMs || HOOK_MS), 0));
    const request = { event: "message.before_create", draft: draftOf(message), via: message.plugins?.via ?? [] };
    try {
      return await within({ timeoutMs, late, signal }, async (signal) => {
        const call = { signal, requestId, caller, authorization, trace, deadlineAtMs: Math.min(deadlineAtMs, Date.now() + timeoutMs) };
        return await this.#options.plugins.runHooks(request, call);
      });
    } catch (error) {
      if (signal.aborted) throw abortError(signal);
      if (error instanceof ChatError && REFUSALS.has(error.code)) throw error;
      const known = error instanceof ChatError;
      this.#options.log[known ? "debug" : "error"]("The hooks of a message could not be asked", { error, room: message.room });
      return { unasked: decisionsWithout(hooks, known ? error.message : "The plugin service failed for a reason that only the log knows") };
    }
  }
}

function late(timeoutMs: number): ChatError {
  return new ChatError("deadline_exceeded", `The plugin service took longer than ${timeoutMs} ms`);
}

/** Who writes, where and under which key is nothing that hooks change. */
function rewritten({ room, username, clientMessageId = "", plugins }: ValidCreate, draft: CreateMessageRequest): ValidCreate {
  return { ...validCreate({ ...draft, room, username, clientMessageId, via: [] }), plugins };
}
