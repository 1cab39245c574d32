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
  RagService,
  SearchDocumentsRequest,
  SearchDocumentsResponse,
} from "../contracts.ts";
import type { CallContext } from "../core/context.ts";
import type { MessageServiceClientOptions } from "./options.ts";
import { RagServiceClient } from "./rag_client.ts";

/** The RAG service of another process, for a gateway or a service that runs apart from it. Calls carry the request id on. */
export class RemoteRagService implements RagService, AsyncDisposable {
  readonly #client: RagServiceClient;

  /** Opens no connection yet. Its errors reach strangers, so they do not tell where the service runs. */
  constructor(options: MessageServiceClientOptions) {
    this.#client = new RagServiceClient({ ...options, hideAddress: true });
  }

  indexDocument(request: IndexDocumentRequest, context: CallContext): Promise<IndexDocumentResponse> {
    return this.#client.indexDocument(request, context);
  }

  indexDocuments(requests: AsyncIterable<IndexDocumentRequest>, context: CallContext): AsyncIterable<IndexProgress> {
    return this.#client.indexDocuments(requests, context);
  }

  searchDocuments(request: SearchDocumentsRequest, context: CallContext): Promise<SearchDocumentsResponse> {
    return this.#client.searchDocuments(request, context);
  }

  getRagContext(request: RagContextRequest, context: CallContext): Promise<RagContextResponse> {
    return this.#client.getRagContext(request, context);
  }

  getDocument(request: DocumentKey, context: CallContext): Promise<RagDocument> {
    return this.#client.getDocument(request, context);
  }

  listDocuments(request: ListDocumentsRequest, context: CallContext): Promise<ListDocumentsResponse> {
    return this.#client.listDocuments(request, context);
  }

  deleteDocument(request: DocumentKey, context: CallContext): Promise<DeleteDocumentResponse> {
    return this.#client.deleteDocument(request, context);
  }

  /** Ends what still runs and closes the connections; idempotent. */
  close(): Promise<void> {
    return this.#client.close();
  }

  /** Closes at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
