import type { RagService } from "../contracts/mod.ts";
import type { UntypedServiceImplementation } from "../wire/grpc_js.ts";
import { indexStream } from "./index_stream.ts";
import { type HandlerOptions, largeUnary, unary } from "./unary.ts";

/** `chat.RAGService` over a RAG service: each RPC is its method. */
export function ragHandlers(service: RagService, options: HandlerOptions): UntypedServiceImplementation {
  return {
    IndexDocument: unary("IndexDocument", service.indexDocument.bind(service), options),
    IndexDocuments: indexStream(service, options),
    SearchDocuments: largeUnary("SearchDocuments", service.searchDocuments.bind(service), options),
    GetRAGContext: largeUnary("GetRAGContext", service.getRagContext.bind(service), options),
    GetDocument: largeUnary("GetDocument", service.getDocument.bind(service), options),
    ListDocuments: largeUnary("ListDocuments", service.listDocuments.bind(service), options),
    DeleteDocument: unary("DeleteDocument", service.deleteDocument.bind(service), options),
  };
}
