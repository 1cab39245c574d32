/**
 * Turns requests into values that the rest of the room trusts. Every refusal is an `invalid_argument` that names the field by its proto name
 * and the value found.
 *
 * @module
 */
import type {
  DocumentKey,
  IndexDocumentRequest,
  ListDocumentsRequest,
  RagContextRequest,
  SearchDocumentsRequest,
} from "../contracts/mod.ts";
import { invalidField } from "../core/errors.ts";
import { checkedMetadata, integer, text } from "../core/fields.ts";
import { type Filter, parseFilter } from "../core/filter.ts";
import { limits } from "../core/limits.ts";
import { termsOf } from "./query.ts";
import { tokens } from "../text/analysis.ts";
import { detectLanguage } from "../text/language.ts";
import { ROOM_PREFIX, roomOf } from "./rooms/collection.ts";

/** The collection of a request that names none. */
export const DEFAULT_COLLECTION = "default";

const MAX_DOCUMENT_ID_BYTES = 512;
const MAX_TITLE_BYTES = 1_024;
/** Above any gRPC message of the default size; a document has to fit into memory several times over. */
const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024;
const MAX_QUERY_BYTES = 4_096;
const MAX_RESULTS = 100;
const DEFAULT_RESULTS = 5;
const MAX_CONTEXT_TOKENS = 131_072;
const DEFAULT_CONTEXT_TOKENS = 2_048;
const MAX_MEDIA_TYPE_UNITS = 200;
const MEDIA_TYPES = ["text/plain", "text/markdown", "text/html", "application/pdf"];

/** A search with every default filled in. */
export interface ValidSearch {
  readonly query: string;
  readonly collection: string;
  readonly filter: Filter | undefined;
  readonly topK: number;
  readonly threshold: number;
  readonly chunksPerDocument: number;
  readonly exact: boolean;
}

/** A request for context with every default filled in. */
export interface ValidContext {
  readonly search: ValidSearch;
  readonly maxTokens: number;
}

/** A document to store, checked and with every default filled in. */
export type ValidDocument = Required<Omit<IndexDocumentRequest, "contentBytes">> & { readonly contentBytes: Uint8Array | undefined };

/** Checks a document to store. */
export function validDocument(request: IndexDocumentRequest): ValidDocument {
  const contentBytes = request.contentBytes === undefined || request.contentBytes.length === 0 ? undefined : request.contentBytes;
  if (contentBytes !== undefined && request.content) throw invalidField("content_bytes", "must be empty when `content` is given");
  if (contentBytes !== undefined && contentBytes.length > MAX_DOCUMENT_BYTES) {
    throw invalidField("content_bytes", `must be at most ${MAX_DOCUMENT_BYTES} bytes, got ${contentBytes.length}`);
  }
  const content = contentBytes === undefined ? text("content", request.content ?? "", { minBytes: 1, maxBytes: MAX_DOCUMENT_BYTES }) : "";
  if (contentBytes === undefined && content.trim() === "") throw invalidField("content", "must hold more than white space");
  return {
    ...validKey(request),
    content,
    contentBytes,
    metadata: checkedMetadata(request.metadata ?? {}),
    title: text("title", request.title ?? "", { minBytes: 0, maxBytes: MAX_TITLE_BYTES }),
    mediaType: validMediaType(request.mediaType ?? ""),
    language: validLanguage(request.language ?? ""),
  };
}

/** Checks a search. `byMeaning`: embeddings can answer a query that has no word to look for. */
export function validSearch(request: SearchDocumentsRequest, byMeaning: boolean): ValidSearch {
  return {
    query: validQuery(request.query, byMeaning),
    collection: validCollection(request.collection),
    filter: parseFilter(request.filter ?? ""),
    topK: integer("top_k", request.topK ?? 0, { max: MAX_RESULTS }) || DEFAULT_RESULTS,
    threshold: share("similarity_threshold", request.similarityThreshold ?? 0),
    chunksPerDocument: integer("chunks_per_document", request.chunksPerDocument ?? 0, { max: MAX_RESULTS }) || 1,
    exact: request.exact ?? false,
  };
}

/** Checks a request for context: like a search, but several passages of one document are welcome. */
export function validContext(request: RagContextRequest, byMeaning: boolean): ValidContext {
  const { query, collection, filter, similarityThreshold, maxContextItems } = request;
  const topK = integer("max_context_items", maxContextItems ?? 0, { max: MAX_RESULTS }) || DEFAULT_RESULTS;
  const optional = { ...(collection && { collection }), ...(filter && { filter }), ...(similarityThreshold && { similarityThreshold }) };
  return {
    search: validSearch({ query, topK, chunksPerDocument: topK, ...optional }, byMeaning),
    maxTokens: integer("max_tokens", request.maxTokens ?? 0, { max: MAX_CONTEXT_TOKENS }) || DEFAULT_CONTEXT_TOKENS,
  };
}

/** Checks the name of a document. */
export function validKey(request: DocumentKey): Required<DocumentKey> {
  const documentId = text("document_id", request.documentId, { minBytes: 1, maxBytes: MAX_DOCUMENT_ID_BYTES });
  const control = documentId.search(/\p{Cc}/u);
  if (control >= 0) {
    const found = documentId.codePointAt(control)!.toString(16).toUpperCase().padStart(4, "0");
    throw invalidField("document_id", `must not hold control characters, got U+${found} at character ${control}`);
  }
  return { documentId, collection: validCollection(request.collection) };
}

/** Checks a page request. */
export function validList(request: ListDocumentsRequest) {
  return {
    collection: validCollection(request.collection),
    limit: integer("limit", request.limit ?? 0, { max: limits.pageMax }) || limits.pageDefault,
    afterDocumentId: text("after_document_id", request.afterDocumentId ?? "", { minBytes: 0, maxBytes: MAX_DOCUMENT_ID_BYTES }),
    filter: parseFilter(request.filter ?? ""),
  };
}

function validQuery(query: string, byMeaning: boolean): string {
  const given = text("query", query, { minBytes: 1, maxBytes: MAX_QUERY_BYTES });
  const found = tokens(given);
  if (found.length === 0) {
    throw invalidField("query", `must hold a word to look for, got ${JSON.stringify(given.slice(0, 40).toWellFormed())}`);
  }
  const saysNothingIn = (language: string) => found.every((token) => termsOf(token, [language]).length === 0);
  if (!byMeaning && (saysNothingIn("en") || saysNothingIn(detectLanguage(given)))) {
    throw invalidField(
      "query",
      `must hold a word that tells something, got only stop words: ${JSON.stringify(given.slice(0, 80).toWellFormed())}`,
    );
  }
  return given;
}

function validCollection(collection: string | undefined): string {
  if (collection === undefined || collection === "") return DEFAULT_COLLECTION;
  const room = roomOf(collection);
  if (room === undefined) return text("collection", collection, { minBytes: 1, maxBytes: limits.nameBytes });
  return text("collection", collection, { minBytes: ROOM_PREFIX.length + 1, maxBytes: ROOM_PREFIX.length + limits.nameBytes });
}

function validMediaType(mediaType: string): string {
  const bare = mediaType.split(";")[0]!.trim().toLowerCase();
  if (bare === "") return "text/plain";
  // Its parameters may name the encoding.
  if (MEDIA_TYPES.includes(bare) && mediaType.length <= MAX_MEDIA_TYPE_UNITS) return mediaType.trim().toLowerCase();
  throw invalidField(
    "media_type",
    `must be one of ${MEDIA_TYPES.join(", ")}, got ${JSON.stringify(mediaType.slice(0, 80).toWellFormed())}`,
  );
}

function validLanguage(language: string): string {
  if (language === "" || /^[a-z]{2,3}$/.test(language)) return language;
  throw invalidField("language", `must be an ISO 639 code such as "de", got ${JSON.stringify(language.slice(0, 40).toWellFormed())}`);
}

function share(field: string, value: number): number {
  if (!(value >= 0 && value <= 1)) throw invalidField(field, `must be a number from 0 to 1, got ${value}`);
  return value;
}
