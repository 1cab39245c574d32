/**
 * Documents that can be searched, over any database that it is handed.
 *
 * @module
 */
import type {
  DeleteDocumentResponse,
  DocumentKey,
  IndexDocumentRequest,
  IndexDocumentResponse,
  IndexProgress,
  ListDocumentsRequest,
  ListDocumentsResponse,
  MessageService,
  RagContextRequest,
  RagContextResponse,
  RagDocument,
  RagService,
  SearchDocumentsRequest,
  SearchDocumentsResponse,
} from "../contracts/mod.ts";
import type { CallContext } from "../core/context.ts";
import { ChatError } from "../core/errors.ts";
import type { Database } from "../database/database.ts";
import type { Log } from "../observability/log.ts";
import { indexAll } from "./bulk.ts";
import { call } from "./call.ts";
import { packContext } from "./context.ts";
import type { Embedder, Reranker } from "./embeddings/types.ts";
import { closeExtraction } from "./formats/extract.ts";
import { Indexer } from "./indexer.ts";
import { requireWritable, roomOf } from "./rooms/collection.ts";
import { type OpenedRoom, Rooms } from "./rooms/rooms.ts";
import { type Outcome, search, SearchMemory, type SearchParts, toResult } from "./search.ts";
import { type DocumentRow, readDocument, readDocuments } from "./store_reads.ts";
import { deleteDocuments } from "./store_writes.ts";
import { validContext, validKey, validList, type ValidSearch, validSearch } from "./validate.ts";
import { VectorSpaces } from "./vector_spaces.ts";

/** What the RAG service works with. */
export interface RagServiceOptions {
  readonly database: Database;
  readonly log: Log;
  /** Unset: search goes by words alone. */
  readonly embedder?: Embedder;
  readonly reranker?: Reranker;
  /** The chat log, whose rooms may let their messages be searched; unset: they cannot be. */
  readonly messages?: MessageService;
  /** How soon changed settings of rooms are noticed; default 2,000 ms. */
  readonly pollMs?: number;
}

/** A running RAG service. */
export interface RunningRagService extends RagService {
  /** The database stays the caller's to close. Idempotent. */
  close(): Promise<void>;
}

/** Makes a RAG service; the database stays the caller's to close. */
export function createRagService(options: RagServiceOptions): RunningRagService {
  return new DocumentRagService(options);
}

/** A search for context looks at more chunks than items are wanted, because neighbours become one item. */
const CHUNKS_AN_ITEM = 2;
const MAX_CONTEXT_CHUNKS = 200;
const NOTHING: Outcome = { found: [], query: undefined, corrections: [], notices: [], collection: undefined };

class DocumentRagService implements RunningRagService {
  readonly #db: Database["kysely"];
  readonly #options: RagServiceOptions;
  readonly #indexer: Indexer;
  readonly #memory = new SearchMemory();
  readonly #rooms: Rooms | undefined;
  readonly #spaces: VectorSpaces;

  constructor(options: RagServiceOptions) {
    const { messages, log, pollMs } = options;
    this.#db = options.database.kysely;
    this.#options = options;
    const onProblem = (error: unknown) => log.warn("pgvector could not be used: embeddings are compared one by one", { error });
    this.#spaces = new VectorSpaces(this.#db, onProblem);
    this.#indexer = new Indexer(this.#db, { embedder: options.embedder, spaces: this.#spaces });
    if (messages === undefined) return;
    this.#rooms = new Rooms({ db: this.#db, messages, indexer: this.#indexer, log, ...(pollMs !== undefined && { pollMs }) });
  }

  indexDocument(request: IndexDocumentRequest, context: CallContext): Promise<IndexDocumentResponse> {
    return call(context, async () => {
      const [outcome] = await this.#indexer.index([request], context.signal);
      if (outcome?.response === undefined) throw outcome?.error;
      return outcome.response;
    });
  }

  indexDocuments(requests: AsyncIterable<IndexDocumentRequest>, context: CallContext): AsyncIterable<IndexProgress> {
    return indexAll(requests, (batch) => call(context, () => this.#indexer.index(batch, context.signal)));
  }

  async searchDocuments(request: SearchDocumentsRequest, context: CallContext): Promise<SearchDocumentsResponse> {
    const valid = validSearch(request, this.#options.embedder !== undefined);
    return await call(context, async () => {
      const { found, query, corrections, notices } = await this.#search(valid, context);
      return { results: found.map((one) => toResult(one, query)), corrections, notices };
    });
  }

  async getRagContext(request: RagContextRequest, context: CallContext): Promise<RagContextResponse> {
    const { search: valid, maxTokens } = validContext(request, this.#options.embedder !== undefined);
    const topK = Math.min(MAX_CONTEXT_CHUNKS, valid.topK * CHUNKS_AN_ITEM);
    return await call(context, async () => {
      const { found, notices } = await this.#search({ ...valid, topK, chunksPerDocument: topK }, context);
      const { items, sources, prompt, tokensUsed } = packContext(found, { maxItems: valid.topK, maxTokens });
      const tooLarge = found.length > 0 && items.length === 0 ? [`No passage fits into ${maxTokens} tokens`] : [];
      return {
        ...{ contextItems: items, sourceDocuments: sources.map((source) => source.documentId), sources, prompt, tokensUsed },
        notices: [...notices, ...tooLarge],
      };
    });
  }

  async getDocument(request: DocumentKey, context: CallContext): Promise<RagDocument> {
    const { collection, documentId } = validKey(request);
    const row = await call(context, async () => {
      const open = await this.#open(collection, context);
      const found = await readDocument(this.#db, collection, documentId);
      return found === undefined || open === undefined ? found : (await open.standing([found]))[0];
    });
    if (row === undefined) throw missing(collection, documentId);
    return toDocument(collection, row, row.content);
  }

  async listDocuments(request: ListDocumentsRequest, context: CallContext): Promise<ListDocumentsResponse> {
    const page = validList(request);
    return await call(context, async () => {
      const open = await this.#open(page.collection, context);
      if (open?.closed !== undefined) return { documents: [], hasMore: false, totalCount: 0 };
      const { rows, total } = await readDocuments(this.#db, { ...page, limit: page.limit + 1 });
      const shown = rows.slice(0, page.limit);
      const standing = open === undefined ? shown : await open.standing(shown);
      const documents = standing.map((row) => toDocument(page.collection, row, ""));
      return { documents, hasMore: rows.length > page.limit, totalCount: total };
    });
  }

  async deleteDocument(request: DocumentKey, context: CallContext): Promise<DeleteDocumentResponse> {
    const { collection, documentId } = validKey(request);
    requireWritable(collection);
    const success = await call(context, () => deleteDocuments(this.#db, collection, [documentId])) > 0;
    const message = success ? `Document ${JSON.stringify(documentId)} is deleted` : missing(collection, documentId).message;
    return { success, message };
  }

  async close(): Promise<void> {
    await this.#rooms?.close();
    await Promise.all([closeExtraction(), this.#spaces.close()]);
  }

  async #search(request: ValidSearch, context: CallContext): Promise<Outcome> {
    const open = await this.#open(request.collection, context);
    if (open?.closed !== undefined) return { ...NOTHING, notices: [open.closed] };
    const outcome = await search(request, this.#searchParts(context));
    if (open === undefined) return outcome;
    const standing = new Set(await open.standing(outcome.found.map(({ row }) => row)));
    return { ...outcome, found: outcome.found.filter(({ row }) => standing.has(row)) };
  }

  /** Undefined for a collection that is no room's. */
  async #open(collection: string, context: CallContext): Promise<OpenedRoom | undefined> {
    if (roomOf(collection) === undefined) return undefined;
    if (this.#rooms !== undefined) return await this.#rooms.open(collection, context);
    throw new ChatError("failed_precondition", "Messages of rooms cannot be searched here: this server has no way to the message service");
  }

  #searchParts({ signal, requestId }: CallContext): SearchParts {
    const { embedder, reranker, log } = this.#options;
    const onDegraded = (error: unknown) => log.warn("A search did without a model server", { requestId, error });
    return { db: this.#db, embedder, reranker, memory: this.#memory, spaces: this.#spaces, signal, onDegraded };
  }
}

function missing(collection: string, documentId: string): ChatError {
  const text = `Collection ${JSON.stringify(collection)} has no document ${JSON.stringify(documentId)}`;
  return new ChatError("not_found", text, { field: "document_id" });
}

function toDocument(collection: string, row: DocumentRow, content: string): RagDocument {
  return {
    documentId: row.document_id,
    content,
    metadata: row.metadata,
    collection,
    title: row.title,
    mediaType: row.media_type,
    language: row.language,
    chunkCount: row.chunk_count,
    version: row.version,
    createdAtMs: row.created_at_ms,
    updatedAtMs: row.updated_at_ms,
  };
}
