/**
 * The interfaces between the faces of the system (gRPC, REST, clients) and its services.
 * A caller cannot tell whether a service runs in this process or is reached over gRPC.
 * Field meanings and limits stand in the protos; here stand the guarantees.
 *
 * @module
 */
import type { CallContext } from "./core/context.ts";

/** A change to a room's log. */
export type MessageEventType = "created" | "edited" | "deleted";

/** A message as it stood at one event. Times ending in `Ms` are milliseconds since 1970, `timestamp` is seconds. */
export interface Message {
  /** Position of its creation in the room; names the message within the room. */
  readonly id: number;
  readonly content: string;
  readonly username: string;
  readonly messageType: string;
  readonly timestamp: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly room: string;
  /** Position of the event told of; in a page of history the position of the creation. */
  readonly seq: number;
  readonly eventType: MessageEventType;
  /** 1 when created, one more with each edit. */
  readonly version: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly clientMessageId: string;
  /** A tombstone: content and metadata are gone. */
  readonly deleted: boolean;
}

/** Asks to store one message. */
export interface CreateMessageRequest {
  readonly content: string;
  readonly username: string;
  readonly messageType?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly room?: string;
  readonly clientMessageId?: string;
}

/** Asks for a page of a room's history. */
export interface GetMessagesRequest {
  readonly limit?: number;
  readonly offset?: number;
  readonly username?: string;
  readonly sinceTimestamp?: number;
  readonly untilTimestamp?: number;
  readonly room?: string;
  /** `oldest` (default) or `newest`. */
  readonly order?: string;
  readonly afterSeq?: number;
  readonly beforeSeq?: number;
  readonly search?: string;
  readonly messageType?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A page of a room's history. */
export interface GetMessagesResponse {
  readonly messages: readonly Message[];
  /** All that match the filters, whatever the page, cursor and offset. */
  readonly totalCount: number;
  readonly hasMore: boolean;
  /** With `hasMore`: the next page's `afterSeq` (oldest first) or `beforeSeq` (newest first); else 0. */
  readonly nextSeq: number;
  /** The room's newest position when the page was read. */
  readonly headSeq: number;
}

/** Names one message. */
export interface MessageKey {
  readonly id: number;
  readonly room?: string;
}

/** Asks to replace a message's content. */
export interface UpdateMessageRequest extends MessageKey {
  readonly content: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly replaceMetadata?: boolean;
  readonly ifVersion?: number;
}

/** What became of a deletion. */
export interface DeleteMessageResponse {
  readonly success: boolean;
  readonly message: string;
  /** The deletion's position, with `success`; else 0. */
  readonly seq: number;
}

/** One version of a message. */
export interface MessageRevision {
  readonly version: number;
  readonly content: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly seq: number;
  readonly createdAtMs: number;
}

/** Every version of one message, oldest first. */
export interface ListRevisionsResponse {
  readonly revisions: readonly MessageRevision[];
}

/** Asks to follow a room. */
export interface StreamMessagesRequest {
  /** `all` (also: empty or unset) or a user name. */
  readonly subscribeTo?: string;
  readonly room?: string;
  /** Begin after this position; 0 is the beginning, unset is now. */
  readonly afterSeq?: number;
  /** Edits and deletions too; else creations only. */
  readonly includeChanges?: boolean;
}

/**
 * Messages in the order of `seq`, never empty. Subscribers of one room that stand at the same place are handed the very same array,
 * so whoever encodes it may keep the encoding by the array's identity.
 */
export type MessageBatch = readonly Message[];

/**
 * A live subscription. Ordered, no gap, no repeat. It ends only by the caller's signal, by `return()`, or by throwing a `ChatError` whose
 * `resumeSeq` is the position to resume after: `resource_exhausted` when the reader fell behind, `unavailable` at shutdown.
 */
export interface MessageStream extends AsyncIterable<MessageBatch> {
  /** The position this subscription begins after. */
  readonly startSeq: number;
  /** The position that has been looked through so far: it moves on over messages that the subscription does not ask for. */
  readonly position: number;
  /**
   * Aborts when the stream has failed while its reader was not asking for more (it fell behind), so that whoever waits for that reader can
   * give up; the reason is the `ChatError` that the next step throws.
   */
  readonly failed: AbortSignal;
}

/**
 * The durable chat log.
 *
 * Every method throws `ChatError`: `invalid_argument` names the field; `unavailable` when the database cannot be reached;
 * `deadline_exceeded` or `cancelled` when the signal fires (a write may still have happened).
 */
export interface MessageService {
  /** Answers after the commit. With a `clientMessageId` a repeat returns the first message, for ever; without one there is no promise. */
  createMessage(request: CreateMessageRequest, context: CallContext): Promise<Message>;
  /** `not_found` when the room has no such message; a deleted one comes back as a tombstone. */
  getMessage(request: MessageKey, context: CallContext): Promise<Message>;
  /** One consistent page; a room that nobody has written to is empty, not missing. */
  getMessages(request: GetMessagesRequest, context: CallContext): Promise<GetMessagesResponse>;
  /** `not_found` for a missing or deleted message, `aborted` when `ifVersion` is stale. */
  updateMessage(request: UpdateMessageRequest, context: CallContext): Promise<Message>;
  /** A missing message is an answer (`success: false`), not an error. */
  deleteMessage(request: MessageKey, context: CallContext): Promise<DeleteMessageResponse>;
  /** `not_found` when the room has no such message; empty for a deleted one. */
  listRevisions(request: MessageKey, context: CallContext): Promise<ListRevisionsResponse>;
  /** Resolves once the position is fixed; `out_of_range` when `afterSeq` is older than what is kept or newer than the room. */
  streamMessages(request: StreamMessagesRequest, context: CallContext): Promise<MessageStream>;
}

/** Asks to store one document; the field meanings and limits stand in `rag_service.proto`. */
export interface IndexDocumentRequest {
  readonly documentId: string;
  readonly content?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly collection?: string;
  readonly title?: string;
  readonly mediaType?: string;
  /** Instead of `content`: the document as a file has it. */
  readonly contentBytes?: Uint8Array;
  readonly language?: string;
}

/** A stored document. */
export interface IndexDocumentResponse {
  readonly success: boolean;
  readonly documentId: string;
  readonly chunksIndexed: number;
  /** It was stored like this already. */
  readonly unchanged: boolean;
  readonly language: string;
}

/** One step of a bulk load: the counts so far and this request's outcome. */
export interface IndexProgress {
  readonly received: number;
  readonly indexed: number;
  readonly failed: number;
  readonly result: IndexDocumentResponse;
  /** Why this request was refused; empty with success. */
  readonly error: string;
}

/** Asks for the documents that answer a query best. */
export interface SearchDocumentsRequest {
  readonly query: string;
  readonly topK?: number;
  readonly similarityThreshold?: number;
  readonly collection?: string;
  readonly filter?: string;
  readonly chunksPerDocument?: number;
  readonly exact?: boolean;
}

/** A word that the collection does not know, and what was looked for instead. */
export interface Correction {
  readonly word: string;
  readonly corrected: string;
}

/** What a score is made of. */
export interface ScoreParts {
  readonly lexical: number;
  readonly vector?: number;
  readonly fused?: number;
  readonly rerank?: number;
}

/** A range of a document's content, in UTF-16 code units. */
export interface Highlight {
  readonly start: number;
  readonly end: number;
}

/** A chunk that a search found: `content` is the document's content from `start` to `end`. */
export interface SearchResult {
  readonly documentId: string;
  readonly content: string;
  /** 0 to 1. */
  readonly similarityScore: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly title: string;
  readonly chunkIndex: number;
  readonly start: number;
  readonly end: number;
  readonly heading: string;
  readonly scores: ScoreParts;
  readonly highlights: readonly Highlight[];
}

/** What a search found, best first. */
export interface SearchDocumentsResponse {
  readonly results: readonly SearchResult[];
  readonly corrections: readonly Correction[];
  /** What the search could not do, such as using an embedding server that is down. */
  readonly notices: readonly string[];
}

/** Asks for passages to answer from. */
export interface RagContextRequest {
  readonly query: string;
  readonly maxContextItems?: number;
  readonly collection?: string;
  readonly filter?: string;
  readonly maxTokens?: number;
  readonly similarityThreshold?: number;
}

/** Where a passage comes from. */
export interface ContextSource {
  readonly number: number;
  readonly documentId: string;
  readonly title: string;
  readonly firstChunk: number;
  readonly lastChunk: number;
  readonly start: number;
  readonly end: number;
  readonly similarityScore: number;
}

/** Passages, numbered and fenced. The lists run side by side. */
export interface RagContextResponse {
  readonly contextItems: readonly string[];
  readonly sourceDocuments: readonly string[];
  readonly sources: readonly ContextSource[];
  /** All items, after the sentence that they are data and not instructions. */
  readonly prompt: string;
  readonly tokensUsed: number;
  readonly notices: readonly string[];
}

/** Names one document. */
export interface DocumentKey {
  readonly documentId: string;
  readonly collection?: string;
}

/** A document; `content` is empty in a list. Times are milliseconds since 1970. */
export interface RagDocument {
  readonly documentId: string;
  readonly content: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly collection: string;
  readonly title: string;
  readonly mediaType: string;
  readonly language: string;
  readonly chunkCount: number;
  /** 1 at first, one more with each change. */
  readonly version: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** Asks for a page of a collection. */
export interface ListDocumentsRequest {
  readonly collection?: string;
  readonly limit?: number;
  readonly afterDocumentId?: string;
  readonly filter?: string;
}

/** A page of a collection, in the order of ids. */
export interface ListDocumentsResponse {
  readonly documents: readonly RagDocument[];
  readonly hasMore: boolean;
  readonly totalCount: number;
}

/** What became of a deletion. */
export interface DeleteDocumentResponse {
  readonly success: boolean;
  readonly message: string;
}

/**
 * Documents that can be searched. A search sees whatever was answered before it began, and never a document that was deleted before.
 *
 * Every method throws `ChatError`: `invalid_argument` names the field; `unavailable` when the database (or, while indexing, the embedding
 * server) cannot be reached; `deadline_exceeded` or `cancelled` when the signal fires (a write may still have happened).
 */
export interface RagService {
  /** Answers after the commit; the old document or the new one stands, never half. The same content twice changes nothing. */
  indexDocument(request: IndexDocumentRequest, context: CallContext): Promise<IndexDocumentResponse>;
  /** One step for each request, in order, each after its commit. A refused document is a step with an `error`; only what ends the whole load throws. */
  indexDocuments(requests: AsyncIterable<IndexDocumentRequest>, context: CallContext): AsyncIterable<IndexProgress>;
  /** A collection that nobody has written to is empty, not missing. */
  searchDocuments(request: SearchDocumentsRequest, context: CallContext): Promise<SearchDocumentsResponse>;
  getRagContext(request: RagContextRequest, context: CallContext): Promise<RagContextResponse>;
  /** `not_found` when the collection has no such document. */
  getDocument(request: DocumentKey, context: CallContext): Promise<RagDocument>;
  listDocuments(request: ListDocumentsRequest, context: CallContext): Promise<ListDocumentsResponse>;
  /** A missing document is an answer (`success: false`), not an error. */
  deleteDocument(request: DocumentKey, context: CallContext): Promise<DeleteDocumentResponse>;
}
