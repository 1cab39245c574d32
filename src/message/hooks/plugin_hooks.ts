/**
 * Shows messages to the plugins that want to see them before they are stored, and hands commands to those that know them.
 *
 * @module
 */
import type { CreateMessageRequest, Message } from "../../contracts/mod.ts";
import type { CallContext } from "../../core/context.ts";
import { ChatError } from "../../core/errors.ts";
import { DEFAULT_MESSAGE_TYPE } from "../../core/limits.ts";
import type { MessageRow } from "../row.ts";
import { type ValidCreate, validCreate, type ValidUpdate } from "../validate.ts";
import { Asking } from "./asking.ts";
import { runCommand } from "./commands.ts";
import { type HookTableOptions, KnownHooks } from "./hook_table.ts";
import { dropped, keptDecisions, noAnswerToEdit, responseTo } from "./outcome.ts";
import { hasKey, type KnownHook } from "./store.ts";

/** A plugin service that is away may be back in a moment. */
const RETRY_MS = 250;

/** What a message is let through as, or what its author is answered instead of its being stored. */
export type Passed = { readonly create: ValidCreate } | { readonly answer: Message };

/** The hooks of one message service. */
export class PluginHooks {
  readonly #options: HookTableOptions;
  readonly #known: KnownHooks;
  readonly #asking: Asking;

  constructor(options: HookTableOptions) {
    this.#options = options;
    this.#known = new KnownHooks(options);
    this.#asking = new Asking(options);
  }

  /** For metrics. */
  get load(): { readonly asking: number; readonly unasked: number } {
    return this.#asking.load;
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
    if (this.#known.isConnected) return this.#asking.bounded(() => runCommand(message, plugin, this.#options, context));
    const text = `The plugin ${plugin}, whose command this is, cannot be reached`;
    throw new ChatError("unavailable", text, { retryAfterMs: RETRY_MS });
  }

  async #decide(message: ValidCreate, hooks: readonly KnownHook[], context: CallContext): Promise<Passed> {
    const decided = await this.#asking.ask(message, hooks, context);
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
    const decided = await this.#asking.ask(edited, hooks, context);
    if ("unasked" in decided) return { ...update, decisions: decided.unasked };
    const { outcome, draft, decisions } = decided;
    const last = decisions.at(-1);
    if (outcome === "drop" && last !== undefined) throw dropped(last);
    if (outcome === "respond" && last !== undefined) throw noAnswerToEdit(last);
    if (outcome !== "rewrite" || draft === undefined) return { ...update, decisions: keptDecisions(decisions) };
    const { content: newContent, metadata: newMetadata } = rewritten(edited, draft);
    return { ...update, content: newContent, metadata: newMetadata, decisions: keptDecisions(decisions) };
  }
}

/** Who writes, where and under which key is nothing that hooks change. */
function rewritten({ room, username, clientMessageId = "", plugins }: ValidCreate, draft: CreateMessageRequest): ValidCreate {
  return { ...validCreate({ ...draft, room, username, clientMessageId, via: [] }), plugins };
}
