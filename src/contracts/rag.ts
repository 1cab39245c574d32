import type { CallContext } from "../core/context.ts";

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
