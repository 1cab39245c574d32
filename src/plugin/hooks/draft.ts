/**
 * What hooks are asked about, and what may come of it.
 *
 * @module
 */
import type { CreateMessageRequest } from "../../contracts/mod.ts";
import { ChatError } from "../../core/errors.ts";
import { checkedMetadata, optionalText, text } from "../../core/fields.ts";
import { DEFAULT_MESSAGE_TYPE, DEFAULT_ROOM, limits } from "../../core/limits.ts";
import type { HookAnswer } from "../runner.ts";

/** Bytes of UTF-8 in a decision's reason. */
export const MAX_REASON_BYTES = 1_024;

/** A message that is asked for, every default filled in. */
export interface Draft {
  readonly content: string;
  readonly username: string;
  readonly messageType: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly room: string;
  /** Empty: it has none. */
  readonly clientMessageId: string;
}

/** What a hook decided, checked. */
export type Verdict =
  | { readonly decision: "allow" | "drop"; readonly reason: string }
  | { readonly decision: "rewrite"; readonly reason: string; readonly draft: Draft }
  | { readonly decision: "respond"; readonly reason: string; readonly response: string };

/** Checks a draft as a creation would be; one that names nobody is of `ownName`. */
export function validDraft(draft: CreateMessageRequest, ownName: string): Draft {
  return {
    content: text("content", draft.content, { minBytes: 1, maxBytes: limits.contentBytes }),
    username: text("username", draft.username || ownName, { minBytes: 1, maxBytes: limits.nameBytes }),
    messageType: text("message_type", draft.messageType || DEFAULT_MESSAGE_TYPE, { minBytes: 1, maxBytes: limits.nameBytes }),
    metadata: checkedMetadata(draft.metadata ?? {}),
    room: optionalText("room", draft.room, limits.nameBytes) ?? DEFAULT_ROOM,
    clientMessageId: optionalText("client_message_id", draft.clientMessageId, limits.nameBytes) ?? "",
  };
}

/** Believes an answer as far as it makes sense; throws `failed_precondition` that says what does not. */
export function verdictOf(answer: HookAnswer, draft: Draft): Verdict {
  try {
    return checkedVerdict(answer, draft);
  } catch (error) {
    const why = error instanceof ChatError ? error.message : "it is no answer at all";
    throw new ChatError("failed_precondition", `The answer makes no sense: ${why}`, { cause: error });
  }
}

function checkedVerdict(answer: HookAnswer, draft: Draft): Verdict {
  const reason = optionalText("reason", answer.reason, MAX_REASON_BYTES) ?? "";
  switch (answer.decision) {
    case "":
    case "allow":
      return { decision: "allow", reason };
    case "drop":
      return { decision: "drop", reason };
    case "rewrite":
      return { decision: "rewrite", reason, draft: rewritten(answer.draft, draft) };
    case "respond":
      return { decision: "respond", reason, response: text("response", answer.response, { minBytes: 1, maxBytes: limits.contentBytes }) };
    default:
      throw new ChatError(
        "failed_precondition",
        `there is no decision ${JSON.stringify(String(answer.decision).slice(0, 40).toWellFormed())}`,
      );
  }
}

/** Who writes, where and under which key stays; what the rewriting leaves out stays too. */
function rewritten(given: CreateMessageRequest | undefined, draft: Draft): Draft {
  if (given === undefined || given === null) throw new ChatError("failed_precondition", "a rewrite has a draft, and this has none");
  for (const name of ["username", "room", "clientMessageId"] as const) {
    // Not set looks like empty on the wire.
    if ((given[name] ?? "") !== "" && given[name] !== draft[name]) throw new ChatError("failed_precondition", `${name} cannot be changed`);
  }
  if ((given.via?.length ?? 0) > 0) throw new ChatError("failed_precondition", "via cannot be changed");
  const { metadata } = given;
  if (metadata !== undefined && (typeof metadata !== "object" || metadata === null || Array.isArray(metadata))) {
    throw new ChatError("failed_precondition", "metadata is no object");
  }
  // A copy, so that what the plugin's side holds cannot change it afterwards.
  return validDraft({
    ...draft,
    ...copied(given),
    ...(metadata === undefined ? {} : { metadata: Object.fromEntries(Object.entries(metadata)) }),
  }, "");
}

function copied({ content, messageType }: CreateMessageRequest): Partial<Draft> {
  return { ...(content === undefined ? {} : { content }), ...(messageType ? { messageType } : {}) };
}
