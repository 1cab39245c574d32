import type {
  DeleteDocumentResponse,
  DocumentKey,
  IndexDocumentRequest,
  IndexDocumentResponse,
  IndexProgress,
  ListDocumentsRequest,
  ListDocumentsResponse,
  RagContextRequest,
  RagContextResponse,
  RagDocument,
  SearchDocumentsRequest,
  SearchDocumentsResponse,
} from "../contracts/mod.ts";
import { callUnary } from "./caller.ts";
import { ChannelPool } from "./channel.ts";
import { openIndexing } from "./indexing.ts";
import type { Method } from "./methods.ts";
import { type CallOptions, deadlineAt, type ResolvedOptions, resolveOptions, type ServiceClientOptions } from "./options.ts";
import { ragMethods as rpc } from "./rag_methods.ts";

/** What the specification's client sends where its caller says nothing; a server made from the specification has no default of its own. */
const DEFAULT_TOP_K = 5;

/**
 * A client of the RAG service over gRPC, with the specification's methods and defaults.
 *
 * Connections are made when first needed, and calls are repeated after `unavailable`: each of them may be. Every method throws `ChatError`.
 * Close it, or declare it with `await using`.
 */
export class RAGServiceClient implements AsyncDisposable {
  readonly #options: ResolvedOptions;
  readonly #pool: ChannelPool;

  /** Opens no connection yet; `invalid_argument` names the option that makes no sense. */
  constructor(options: ServiceClientOptions = {}) {
    this.#options = resolveOptions(options);
    this.#pool = new ChannelPool(this.#options);
  }

  /** Stores a document in place of the one of the same id. */
  indexDocument(request: IndexDocumentRequest, options: CallOptions = {}): Promise<IndexDocumentResponse> {
    return this.#call(rpc.indexDocument, request, options);
  }

  /**
   * Stores many documents over one stream and tells of each in order. Not repeated by itself: after an error send those again that were not told
   * of, or all of them, because what is stored already changes nothing.
   */
  async *indexDocuments(
    requests: Iterable<IndexDocumentRequest> | AsyncIterable<IndexDocumentRequest>,
    { deadlineMs, deadlineAtMs = Infinity, ...options }: CallOptions = {},
  ): AsyncGenerator<IndexProgress> {
    yield* openIndexing(this.#pool, rpc.indexDocuments, requests, {
      ...options,
      authorization: await this.#pool.authorization(options.authorization),
      deadlineAtMs: deadlineMs === undefined ? deadlineAtMs : deadlineAt(deadlineMs, deadlineAtMs),
    });
  }

  /** The documents that answer a query best, best first; 5 unless `topK` says otherwise. */
  searchDocuments(request: SearchDocumentsRequest, options: CallOptions = {}): Promise<SearchDocumentsResponse> {
    return this.#call(rpc.searchDocuments, { ...request, topK: request.topK ?? DEFAULT_TOP_K }, options);
  }

  /** Passages for a model to answer from, numbered and fenced. */
  getRagContext(request: RagContextRequest, options: CallOptions = {}): Promise<RagContextResponse> {
    return this.#call(rpc.getRagContext, request, options);
  }

  /** One document; `not_found` when the collection has no such. */
  getDocument(request: DocumentKey, options: CallOptions = {}): Promise<RagDocument> {
    return this.#call(rpc.getDocument, request, options);
  }

  /** A page of a collection in the order of ids. */
  listDocuments(request: ListDocumentsRequest = {}, options: CallOptions = {}): Promise<ListDocumentsResponse> {
    return this.#call(rpc.listDocuments, request, options);
  }

  /** Deletes a document; a missing one is an answer (`success: false`), and so is one that a first, unanswered attempt deleted. */
  deleteDocument(request: DocumentKey, options: CallOptions = {}): Promise<DeleteDocumentResponse> {
    return this.#call(rpc.deleteDocument, request, options);
  }

  /** Whether the service is there, as the last calls have seen; true before the first one. Asks nobody. */
  get reachable(): boolean {
    return this.#pool.reachable;
  }

  /** Ends calls that still run with `cancelled`, and closes the connections; idempotent. */
  close(): Promise<void> {
    return this.#pool.close();
  }

  /** Closes the client at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #call<Request, Response>(method: Method<Request, Response>, request: Request, options: CallOptions): Promise<Response> {
    return callUnary({ pool: this.#pool, options: this.#options }, method, request, options);
  }
}
