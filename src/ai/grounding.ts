import type { Message, MessageService, Passage, PluginService, RagService } from "../contracts/mod.ts";
import type { CallContext } from "../core/context.ts";
import { ChatError } from "../core/errors.ts";
import { requireAllowed } from "../core/policy.ts";
import { searchTextOf } from "./extractive/question.ts";
import type { ValidGenerate } from "./validate.ts";

/** Services that answers are grounded on, here or elsewhere; what is absent is not used, and the answer says so. */
export interface GroundingSources {
  readonly rag?: RagService;
  readonly messages?: MessageService;
  /** Has actions that a model may call. */
  readonly plugins?: PluginService;
}

/** A passage with its text; a document's is the document's content from `start` to `end`. */
export interface GroundPassage {
  readonly passage: Passage;
  readonly text: string;
  /** What a model is told it comes from. */
  readonly name: string;
  /** 0 to 1. */
  readonly score: number;
}

/** What an answer can be grounded on. */
export interface Grounding {
  readonly passages: readonly GroundPassage[];
  readonly notices: readonly string[];
}

/** Newest messages of a room that a model is shown. */
const RECENT_MESSAGES = 20;
/** Of one document. */
const CHUNKS_PER_DOCUMENT = 3;
/** What the caller gave is taken to fit. */
const GIVEN_SCORE = 1;
/** A recent message is there for being recent, not for fitting. */
const RECENT_SCORE = 0.5;
/** The longest query that a search takes; the beginning of a question says what it is about. */
const QUERY_UNITS = 1_000;
/** Without these the answer is worse, but an answer. */
const PASSING: ReadonlySet<string> = new Set(["unavailable", "deadline_exceeded", "resource_exhausted", "internal", "failed_precondition"]);

/** Whether a request asks for passages, so that its answer may cite. */
export function isGrounded({ context, room, collection }: ValidGenerate): boolean {
  return context.length > 0 || room !== undefined || collection !== undefined;
}

/**
 * Collects what an answer can be grounded on, as the caller: the request's context, then documents, best first, then the room's newest messages, oldest first.
 * What is down is left out with a notice; what the caller may not see throws.
 */
export async function ground(request: ValidGenerate, sources: GroundingSources, context: CallContext): Promise<Grounding> {
  const [documents, messages] = await Promise.all([findDocuments(request, sources, context), recentMessages(request, sources, context)]);
  const given = request.context.map((text, contextIndex): Ground => ({
    ...{ source: { contextIndex }, text, name: `context ${contextIndex + 1}`, score: GIVEN_SCORE },
  }));
  const passages = [...given, ...documents.found, ...messages.found].map(({ source, ...rest }, index) => ({
    ...{ passage: { number: index + 1, ...source }, ...rest },
  }));
  return { passages, notices: [...documents.notices, ...messages.notices] };
}

interface Ground extends Omit<GroundPassage, "passage"> {
  readonly source: Omit<Passage, "number">;
}

interface Part {
  readonly found: readonly Ground[];
  readonly notices: readonly string[];
}

const NOTHING: Part = { found: [], notices: [] };

async function findDocuments(
  { prompt, turns, room, collection, filter, maxContextItems }: ValidGenerate,
  { rag }: GroundingSources,
  context: CallContext,
): Promise<Part> {
  const searched = collection ?? (room === undefined ? undefined : `room:${room}`);
  if (searched === undefined) return NOTHING;
  requireAllowed(context.caller, "chat.RAGService/SearchDocuments");
  if (rag === undefined) return { found: [], notices: ["Documents are not searched, because this server knows no RAG service"] };
  return await unlessDown("Documents are not searched", async () => {
    const query = searchTextOf(prompt.slice(0, QUERY_UNITS), turns.map(({ content }) => content)).slice(0, QUERY_UNITS).toWellFormed();
    const { results, notices } = await rag.searchDocuments({
      ...{ query, collection: searched, topK: maxContextItems },
      ...{ chunksPerDocument: CHUNKS_PER_DOCUMENT, ...(filter !== undefined && { filter }) },
    }, context);
    const found = results.map(({ documentId, title, chunkIndex, start, end, similarityScore, content }): Ground => ({
      source: {
        document: {
          ...{ collection: searched, documentId, title, firstChunk: chunkIndex, lastChunk: chunkIndex },
          ...{ start, end, similarityScore },
        },
      },
      ...{ text: content, name: title === "" ? documentId : title, score: similarityScore },
    }));
    return { found, notices };
  });
}

async function recentMessages({ room }: ValidGenerate, { messages }: GroundingSources, context: CallContext): Promise<Part> {
  if (room === undefined) return NOTHING;
  requireAllowed(context.caller, "chat.MessageService/GetMessages");
  if (messages === undefined) {
    return { found: [], notices: ["The room's messages are not read, because this server knows no message service"] };
  }
  return await unlessDown("The room's messages are not read", async () => {
    const page = await messages.getMessages({ room, limit: RECENT_MESSAGES, order: "newest" }, context);
    return {
      found: page.messages.toReversed().filter(({ content }) => content.trim() !== "").map((message) => toGround(room, message)),
      notices: [],
    };
  });
}

function toGround(room: string, { id, username, content }: Message): Ground {
  return { source: { message: { room, id, username } }, text: content, name: `message of ${username}`, score: RECENT_SCORE };
}

async function unlessDown(what: string, find: () => Promise<Part>): Promise<Part> {
  try {
    return await find();
  } catch (error) {
    if (!(error instanceof ChatError) || !PASSING.has(error.code)) throw error;
    return { found: [], notices: [`${what}: ${error.message}`] };
  }
}
