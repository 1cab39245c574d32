import type { ConversationTurn, Message, MessageService, RagService, Room } from "../../contracts/mod.ts";
import type { CallContext } from "../../core/context.ts";
import { ChatError } from "../../core/errors.ts";
import { askedOf, ASSISTANT, ASSISTANT_TYPE, isAssistants } from "./mention.ts";

/** Messages before the question that are looked at. */
const RECENT_MESSAGES = 30;
/** Parts of older messages that a search adds. */
const FOUND = 8;
const FOUND_PER_MESSAGE = 2;
/** Of the asker's talk with the assistant. */
const MAX_TURNS = 6;
/** The longest query that a search takes. */
const QUERY_UNITS = 1_000;
/** All passages together, in UTF-16 code units: half of what a request may have. */
const MAX_UNITS = 500_000;

/** A part of a message to answer from: its content from `start` on. */
export interface SourceMessage {
  readonly id: number;
  readonly start: number;
  readonly text: string;
}

/** What a question is answered from. */
export interface Sources {
  readonly passages: readonly SourceMessage[];
  readonly turns: readonly ConversationTurn[];
  /** What could not be used, and why. */
  readonly notices: readonly string[];
}

/** Where they are looked for. */
export interface SourceServices {
  readonly messages: MessageService;
  /** Absent: only recent messages are used. */
  readonly rag: RagService | undefined;
}

/** Collects what was said in the room before the question: what a search finds where its messages are documents, then the newest, oldest first. */
export async function collectSources(
  { room, question, prompt }: { readonly room: Room; readonly question: Message; readonly prompt: string },
  { messages, rag }: SourceServices,
  context: CallContext,
): Promise<Sources> {
  const [page, found] = await Promise.all([
    messages.getMessages({ room: room.room, beforeSeq: question.id, order: "newest", limit: RECENT_MESSAGES }, context),
    room.documents && rag !== undefined
      ? search({ room: room.room, prompt, before: question.id }, rag, context)
      : { passages: [], notices: [] },
  ]);
  const before = page.messages.toReversed().filter(({ deleted }) => !deleted);
  const known = new Set(found.passages.map(({ id }) => id));
  const recent = before.filter((message) => isSaid(message) && !known.has(message.id)).map(({ id, content }) => ({
    id,
    start: 0,
    text: content,
  }));
  return { passages: bounded([...found.passages, ...recent]), turns: turnsOf(before, question.username), notices: found.notices };
}

async function search(
  { room, prompt, before }: { readonly room: string; readonly prompt: string; readonly before: number },
  rag: RagService,
  context: CallContext,
): Promise<Pick<Sources, "passages" | "notices">> {
  try {
    const { results, notices } = await rag.searchDocuments({
      ...{ query: prompt.slice(0, QUERY_UNITS).toWellFormed(), collection: `room:${room}`, topK: FOUND },
      ...{ chunksPerDocument: FOUND_PER_MESSAGE, filter: `message_type != "${ASSISTANT_TYPE}"` },
    }, context);
    const passages = results.filter(({ documentId, content }) => Number(documentId) < before && askedOf(content) === undefined)
      .map(({ documentId, start, content }) => ({ id: Number(documentId), start, text: content }));
    return { passages, notices };
  } catch (error) {
    if (!(error instanceof ChatError) || context.signal.aborted) throw error;
    return { passages: [], notices: [`Older messages are not searched: ${error.message}`] };
  }
}

/** What people say to each other. */
function isSaid(message: Message): boolean {
  return !isAssistants(message) && askedOf(message.content) === undefined && message.content.trim() !== "";
}

function turnsOf(messages: readonly Message[], asker: string): readonly ConversationTurn[] {
  const turns = messages.flatMap((message): ConversationTurn[] => {
    const { username, content, metadata } = message;
    if (username === asker && !isAssistants(message) && askedOf(content)) return [{ role: "user", content: askedOf(content)! }];
    const answered = username === ASSISTANT && metadata["assistant_asker"] === asker && metadata["assistant_status"] === "done";
    return answered ? [{ role: "assistant", content }] : [];
  });
  return turns.slice(-MAX_TURNS);
}

function bounded(passages: readonly SourceMessage[]): readonly SourceMessage[] {
  let units = 0;
  return passages.filter(({ text }) => (units += text.length) <= MAX_UNITS);
}
