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
} from "../contracts/mod.ts";
import type { CallContext } from "../core/context.ts";
import type { ServiceClientOptions } from "./options.ts";
import { onBehalfOf } from "./on_behalf_of.ts";
import { RAGServiceClient } from "./rag_client.ts";

/** The RAG service of another process, for a gateway or a service that runs apart from it. Calls carry the request id and the caller's deadline on. */
export class RemoteRagService implements RagService, AsyncDisposable {
  readonly #client: RAGServiceClient;

  /** Opens no connection yet. Its errors reach strangers, so they do not tell where the service runs. */
  constructor(options: ServiceClientOptions) {
    this.#client = new RAGServiceClient({ ...options, hideAddress: true });
  }

  indexDocument(request: IndexDocumentRequest, context: CallContext): Promise<IndexDocumentResponse> {
    return this.#client.indexDocument(request, onBehalfOf(context));
  }

  indexDocuments(requests: AsyncIterable<IndexDocumentRequest>, context: CallContext): AsyncIterable<IndexProgress> {
    return this.#client.indexDocuments(requests, onBehalfOf(context));
  }

  searchDocuments(request: SearchDocumentsRequest, context: CallContext): Promise<SearchDocumentsResponse> {
    return this.#client.searchDocuments(request, onBehalfOf(context));
  }

  getRagContext(request: RagContextRequest, context: CallContext): Promise<RagContextResponse> {
    return this.#client.getRagContext(request, onBehalfOf(context));
  }

  getDocument(request: DocumentKey, context: CallContext): Promise<RagDocument> {
    return this.#client.getDocument(request, onBehalfOf(context));
  }

  listDocuments(request: ListDocumentsRequest, context: CallContext): Promise<ListDocumentsResponse> {
    return this.#client.listDocuments(request, onBehalfOf(context));
  }

  deleteDocument(request: DocumentKey, context: CallContext): Promise<DeleteDocumentResponse> {
    return this.#client.deleteDocument(request, onBehalfOf(context));
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
