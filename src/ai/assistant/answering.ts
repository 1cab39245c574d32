/**
 * Answers one question in its room.
 *
 * @module
 */
import type { Kysely } from "kysely";
import type { AiService, GeneratedResponse, Generation, GenerationPart, MessageService, RagService } from "../../contracts/mod.ts";
import type { CallContext } from "../../core/context.ts";
import { ChatError } from "../../core/errors.ts";
import { pauseUntil } from "../../core/pause.ts";
import type { Schema } from "../../database/schema.ts";
import type { Log } from "../../observability/log.ts";
import { foldParts } from "../fold.ts";
import { askedOf } from "./mention.ts";
import { Reply, type ReplyEnd } from "./reply.ts";
import { collectSources, type SourceMessage } from "./sources.ts";
import { type ClaimedQuestion, renewQuestion } from "./store.ts";

/** Edits of an answer come at most so often, and whether somebody has withdrawn it is looked at as often. */
const EDIT_EVERY_MS = 500;
/** How long the last words of an answer that is given up are tried to be shown. */
const LAST_WORDS_MS = 3_000;

/** What answering works with. */
export interface AnsweringTools {
  readonly db: Kysely<Schema>;
  readonly messages: MessageService;
  readonly rag: RagService | undefined;
  readonly ai: AiService;
  readonly log: Log;
  /** Names this server. */
  readonly holder: string;
}

/** Nobody wants the answer any more, or another server is at it. */
class Withdrawn extends ChatError {
  constructor() {
    super("cancelled", "The question or its answer was deleted");
  }
}

/**
 * Answers a question, or goes on where a server that died has left it. Resolves when there is nothing more to do for it; throws where another attempt may
 * succeed.
 */
export async function answerQuestion(question: ClaimedQuestion, tools: AnsweringTools, context: CallContext): Promise<void> {
  const { messages } = tools;
  const asked = await messages.getMessage({ room: question.room, id: question.message_id }, context);
  const room = await messages.getRoom({ room: question.room }, context);
  const withdrawn = asked.deleted || !room.assistant;
  if (withdrawn && question.attempts === 1) return;
  const reply = await Reply.open(question, messages, context);
  if (reply === undefined) return;
  if (asked.deleted) return await reply.remove(context);
  if (question.crowded) {
    return await reply.end(
      { status: "refused", text: "You have many questions waiting already; please ask again when they are answered." },
      context,
    );
  }
  const prompt = askedOf(asked.content) ?? "";
  if (prompt === "") return await reply.end({ status: "refused", text: "Please write your question after @assistant." }, context);
  await new Answering(question, { prompt, reply }, tools, context).run(() =>
    collectSources({ room, question: asked, prompt }, tools, context)
  );
}

class Answering {
  readonly #question: ClaimedQuestion;
  readonly #prompt: string;
  readonly #reply: Reply;
  readonly #tools: AnsweringTools;
  readonly #context: CallContext;
  readonly #given = new AbortController();
  #text = "";

  constructor(
    question: ClaimedQuestion,
    { prompt, reply }: { readonly prompt: string; readonly reply: Reply },
    tools: AnsweringTools,
    context: CallContext,
  ) {
    this.#question = question;
    this.#prompt = prompt;
    this.#reply = reply;
    this.#tools = tools;
    this.#context = { ...context, signal: AbortSignal.any([context.signal, this.#given.signal]) };
  }

  async run(collect: () => ReturnType<typeof collectSources>): Promise<void> {
    const looking = this.#keepLooking();
    let end: ReplyEnd;
    try {
      // An answer that has begun is never paid for twice.
      const begun = this.#question.attempts === 1 ? undefined : await this.#begun();
      end = begun === undefined ? await this.#generate(collect) : await this.#watch(begun);
    } catch (error) {
      end = await this.#failure(error);
    } finally {
      await looking.stop();
    }
    if (this.#given.signal.aborted && await this.#isQuestionGone()) return await this.#reply.remove(this.#lastWords());
    await this.#reply.end(end, this.#lastWords());
  }

  async #generate(collect: () => ReturnType<typeof collectSources>): Promise<ReplyEnd> {
    const { passages, turns, notices } = await collect();
    const parts: GenerationPart[] = [];
    const request = { prompt: this.#prompt, requestId: this.#question.nonce, context: passages.map(({ text }) => text), turns };
    for await (const part of this.#tools.ai.streamResponse(request, this.#context)) {
      parts.push(part);
      this.#text += part.content;
    }
    return doneOf(foldParts(this.#question.nonce, parts), { passages, notices });
  }

  async #begun(): Promise<Generation | undefined> {
    try {
      return await this.#tools.ai.getGeneration({ requestId: this.#question.nonce }, this.#context);
    } catch (error) {
      if (error instanceof ChatError && error.code === "not_found") return undefined;
      throw error;
    }
  }

  /** Follows what another attempt has begun, to its end. What it cited went with its server. */
  async #watch(begun: Generation): Promise<ReplyEnd> {
    let generation = begun;
    while (generation.status === "running") {
      this.#text = this.#seen(generation);
      await pauseUntil(EDIT_EVERY_MS, this.#context.signal);
      generation = await this.#begun() ?? begun;
    }
    const text = this.#seen(generation);
    if (generation.status === "done" && generation.answer !== undefined) return doneOf(generation.answer, { passages: [], notices: [] });
    if (generation.status === "interrupted") return { status: "interrupted", text: broken(text, "its server has stopped") };
    if (generation.status === "cancelled") return { status: "cancelled", text: broken(text, "it was cancelled") };
    return { status: "failed", text: broken(text, generation.error?.message ?? "it failed") };
  }

  /** A server that dies may have shown more than it has stored. */
  #seen({ answer }: Generation): string {
    const stored = answer?.response ?? "";
    return stored.length < this.#reply.shown.length ? this.#reply.shown : stored;
  }

  /** Shows what has come, keeps hold of the question, and notices when nobody wants the answer any more; from time to time, and never two at once. */
  #keepLooking(): { stop(): Promise<void> } {
    let looking = Promise.resolve();
    let busy = false;
    const timer = setInterval(() => {
      if (busy) return;
      busy = true;
      looking = this.#look().catch((error) => {
        this.#tools.log.debug("An answer in a room could not be shown yet", { error, room: this.#question.room });
      }).finally(() => busy = false);
    }, EDIT_EVERY_MS);
    return {
      stop: () => {
        clearInterval(timer);
        return looking;
      },
    };
  }

  async #look(): Promise<void> {
    const { db, holder } = this.#tools;
    if (!await renewQuestion(db, this.#question, holder)) throw this.#give(new ChatError("aborted", "Another server is at the question"));
    if (await this.#isQuestionGone() || (await this.#reply.read(this.#context)).deleted) throw this.#give(new Withdrawn());
    if (this.#text !== "") await this.#reply.show(this.#text, this.#context);
  }

  #give(reason: ChatError): ChatError {
    this.#given.abort(reason);
    return reason;
  }

  async #isQuestionGone(): Promise<boolean> {
    const { room, message_id: id } = this.#question;
    return (await this.#tools.messages.getMessage({ room, id }, this.#lastWords())).deleted;
  }

  async #failure(error: unknown): Promise<ReplyEnd> {
    const reason: unknown = this.#given.signal.aborted ? this.#given.signal.reason : error;
    if (reason instanceof Withdrawn) {
      await this.#tools.ai.cancelGeneration({ requestId: this.#question.nonce }, this.#lastWords()).catch(() => {});
      return { status: "cancelled", text: broken(this.#text, "it was cancelled") };
    }
    if (this.#context.signal.aborted && !this.#given.signal.aborted) {
      return { status: "interrupted", text: broken(this.#text, "its server has stopped") };
    }
    if (!(reason instanceof ChatError) || reason.code === "aborted") throw error;
    if (reason.code === "cancelled") return { status: "cancelled", text: broken(this.#text, "it was cancelled") };
    return { status: "failed", text: broken(this.#text, reason.message) };
  }

  /** A context for what must still be said when the answer was given up. */
  #lastWords(): CallContext {
    const { requestId, caller } = this.#context;
    return { requestId, caller, signal: AbortSignal.timeout(LAST_WORDS_MS) };
  }
}

function doneOf(
  answer: GeneratedResponse,
  { passages, notices }: { readonly passages: readonly SourceMessage[]; readonly notices: readonly string[] },
): ReplyEnd {
  const cut = answer.finishReason === "length" ? "\n\n(The answer is longer than the model may make it.)" : "";
  return { status: "done", text: answer.response + cut, answer, passages, notices };
}

/** What has come, and in one sentence why there is no more. */
function broken(text: string, why: string): string {
  return text.trim() === "" ? `There is no answer: ${why}.` : `${text}\n\n(The answer ends here: ${why}.)`;
}
