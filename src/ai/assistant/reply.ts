import type { GeneratedResponse, Message, MessageService } from "../../contracts/mod.ts";
import type { CallContext } from "../../core/context.ts";
import { ChatError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import { ASSISTANT, ASSISTANT_TYPE } from "./mention.ts";
import type { SourceMessage } from "./sources.ts";
import type { ClaimedQuestion } from "./store.ts";

/** Stands where no word of an answer has come yet. */
const NOTHING_YET = "…";
/** Room for the sentence that may follow a text which is cut. */
const MAX_CONTENT_BYTES = limits.contentBytes - 1_024;
/** Room for the other metadata of a message. */
const MAX_CITATIONS_BYTES = limits.metadataBytes - 2_048;

/** What an answer says of itself: `running` until its last edit. */
export type ReplyStatus = "running" | "done" | "failed" | "cancelled" | "interrupted" | "refused";

/** What else is known at the end of an answer. */
export interface ReplyEnd {
  readonly status: ReplyStatus;
  readonly text: string;
  readonly answer?: GeneratedResponse | undefined;
  readonly passages?: readonly SourceMessage[];
  readonly notices?: readonly string[];
}

/** An answer as a message of the room. */
export class Reply {
  readonly #question: ClaimedQuestion;
  readonly #messages: MessageService;
  readonly #id: number;
  #shown = NOTHING_YET;

  private constructor(question: ClaimedQuestion, messages: MessageService, id: number) {
    this.#question = question;
    this.#messages = messages;
    this.#id = id;
  }

  /** The question's one answer, however often this is called for it; undefined when somebody has deleted it. */
  static async open(question: ClaimedQuestion, messages: MessageService, context: CallContext): Promise<Reply | undefined> {
    const { id, deleted, content } = await messages.createMessage({
      ...{ room: question.room, username: ASSISTANT, messageType: ASSISTANT_TYPE, content: NOTHING_YET },
      ...{ clientMessageId: `assistant:${question.message_id}:${question.nonce}`, metadata: metadataOf(question, "running") },
    }, context);
    if (deleted) return undefined;
    const reply = new Reply(question, messages, id);
    reply.#shown = content;
    return reply;
  }

  /** What people see of it so far. */
  get shown(): string {
    return this.#shown === NOTHING_YET ? "" : this.#shown;
  }

  /** Shows as much as has come. Throws `not_found` when somebody has deleted it. */
  async show(text: string, context: CallContext): Promise<void> {
    const content = fitted(text);
    if (content === this.#shown) return;
    await this.#messages.updateMessage({ room: this.#question.room, id: this.#id, content }, context);
    this.#shown = content;
  }

  /** Shows the end; one that somebody has deleted stays so. */
  async end({ status, text, answer, passages = [], notices = [] }: ReplyEnd, context: CallContext): Promise<void> {
    const metadata: Record<string, string> = { ...metadataOf(this.#question, status) };
    if (answer !== undefined) {
      metadata["assistant_model"] = answer.model.slice(0, 256);
      metadata["assistant_citations"] = citationsOf(answer, passages);
    }
    if (notices.length > 0) metadata["assistant_notices"] = notices.join("; ").slice(0, 256);
    await this.#unlessGone(() =>
      this.#messages.updateMessage(
        { room: this.#question.room, id: this.#id, content: fitted(text), metadata, replaceMetadata: true },
        context,
      )
    );
  }

  /** Takes it out of the room. */
  async remove(context: CallContext): Promise<void> {
    await this.#messages.deleteMessage({ room: this.#question.room, id: this.#id }, context);
  }

  /** The message as it stands. */
  async read(context: CallContext): Promise<Message> {
    return await this.#messages.getMessage({ room: this.#question.room, id: this.#id }, context);
  }

  async #unlessGone(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof ChatError) || error.code !== "not_found") throw error;
    }
  }
}

function metadataOf({ message_id: id, asker, nonce }: ClaimedQuestion, status: ReplyStatus): Readonly<Record<string, string>> {
  return { assistant_status: status, assistant_question: `${id}`, assistant_asker: asker, assistant_generation: nonce };
}

/** A JSON list of the marks: where each stands in the answer, and which part of which message it stands for; as many as a message can hold. */
function citationsOf({ citations, passages: numbered }: GeneratedResponse, passages: readonly SourceMessage[]): string {
  let bytes = 2;
  const kept = citations.flatMap(({ number, textStart, textEnd, sourceStart, sourceEnd }) => {
    const index = numbered.find((passage) => passage.number === number)?.contextIndex;
    const source = index === undefined ? undefined : passages[index];
    if (source === undefined) return [];
    const start = source.start + sourceStart;
    const told = { number, text_start: textStart, text_end: textEnd, message_id: source.id, start, end: source.start + sourceEnd };
    return (bytes += JSON.stringify(told).length + 1) <= MAX_CITATIONS_BYTES ? [told] : [];
  });
  return JSON.stringify(kept);
}

/** As a message can hold it: never empty, of so many bytes, whole characters, nothing that cannot be stored. */
function fitted(text: string): string {
  const clean = text.replaceAll("\0", "\uFFFD").toWellFormed();
  if (clean.trim() === "") return NOTHING_YET;
  const bytes = new TextEncoder().encode(clean);
  if (bytes.length <= MAX_CONTENT_BYTES) return clean;
  return `${
    new TextDecoder().decode(bytes.subarray(0, MAX_CONTENT_BYTES), { stream: true })
  }\n\n(The answer is longer than a message can be.)`;
}
