/**
 * What becomes of a message by what plugins have decided.
 *
 * @module
 */
import type { HookDecision, Message, MessageDecision } from "../../contracts/mod.ts";
import { ChatError } from "../../core/errors.ts";
import type { KnownHook } from "./store.ts";

/** A plugin that fails now may be back in a moment; a gateway apart tries so long that its caller waits for some of these. */
const RETRY_MS = 250;

/** The type of a message that is a plugin's answer to its author; it is not stored, so that its id is 0. */
export const RESPONSE_TYPE = "response";

/** Decisions as they are kept with a message. */
export function keptDecisions(decisions: readonly HookDecision[]): readonly MessageDecision[] {
  return decisions.map(({ plugin, version, decision, reason, failure }) => ({ plugin, version, decision, reason, failure }));
}

/** What is kept where no hook could be asked; throws `unavailable` where one must be. */
export function decisionsWithout(hooks: readonly KnownHook[], why: string): readonly MessageDecision[] {
  const closed = hooks.find(({ hook }) => hook.onFailure === "closed");
  if (closed !== undefined) throw mustBeAsked(closed.plugin, why);
  return hooks.map(({ plugin }) => ({ plugin, version: "", decision: "allow", reason: "", failure: why }));
}

/** Why a message is not stored that a plugin has dropped. */
export function dropped({ plugin, reason, failure }: HookDecision): ChatError {
  if (failure !== "") return mustBeAsked(plugin, failure);
  const text = `The plugin ${plugin} does not let the message through${reason === "" ? "" : `: ${sentence(reason)}`}`;
  return new ChatError("permission_denied", text, { field: "content" });
}

/** Why a message is not edited to what a plugin answers instead of storing it. */
export function noAnswerToEdit({ plugin, response }: HookDecision): ChatError {
  return new ChatError("permission_denied", `The plugin ${plugin} does not let the edit through: ${sentence(response)}`, {
    field: "content",
  });
}

function mustBeAsked(plugin: string, why: string): ChatError {
  const text = `The plugin ${plugin} has to let messages through here and could not be asked: ${sentence(why)}`;
  return new ChatError("unavailable", text, { retryAfterMs: RETRY_MS });
}

/** Without the final stop that this system's own texts do not have, and not too long to be read. */
function sentence(text: string): string {
  return text.slice(0, 1_024).toWellFormed().trim().replace(/(?<!\.)\.$/, "");
}

/** What is answered to. */
export interface Asked {
  readonly room: string;
  readonly clientMessageId: string | undefined;
}

/** A plugin's answer to the author of a message that is not stored, or of a command. */
export function responseTo(
  { room, clientMessageId }: Asked,
  { plugin, content, atMs, decisions }: {
    readonly plugin: string;
    readonly content: string;
    readonly atMs: number;
    readonly decisions?: readonly MessageDecision[];
  },
): Message {
  return {
    ...{ id: 0, seq: 0, content, username: plugin, messageType: RESPONSE_TYPE, metadata: {}, room },
    ...{ timestamp: Math.floor(atMs / 1_000), createdAtMs: atMs, updatedAtMs: atMs, version: 1, eventType: "created", deleted: false },
    clientMessageId: clientMessageId ?? "",
    ...(decisions === undefined ? {} : { decisions }),
  };
}
