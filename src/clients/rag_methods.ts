import type { SearchDocumentsResponse, SearchResult } from "../contracts/mod.ts";
import { ragServiceDefinition as definition } from "../wire/definitions.ts";
import type { SearchResponse__Output } from "../wire/generated/chat/SearchResponse.ts";
import type { SearchResult__Output } from "../wire/generated/chat/SearchResult.ts";
import type { Method } from "./methods.ts";

/** The RPCs of the RAG service, in the contract's types. */
export const ragMethods = {
  indexDocument: method(definition.IndexDocument, (answer) => ({ ...answer })),
  indexDocuments: method(definition.IndexDocuments, ({ result, ...counts }) => {
    return { ...counts, result: result ?? { success: false, documentId: "", chunksIndexed: 0, unchanged: false, language: "" } };
  }),
  searchDocuments: method(definition.SearchDocuments, searchFromWire),
  getRagContext: method(definition.GetRAGContext, (answer) => ({ ...answer })),
  getDocument: method(definition.GetDocument, (answer) => ({ ...answer })),
  listDocuments: method(definition.ListDocuments, (answer) => ({ ...answer })),
  deleteDocument: method(definition.DeleteDocument, (answer) => ({ ...answer })),
};

function method<Request, WireResponse, Response>(
  { path, requestSerialize, responseDeserialize }: Method<Request, WireResponse>,
  decode: (answer: WireResponse) => Response,
): Method<Request, Response> {
  return { path, requestSerialize, responseDeserialize: (bytes) => decode(responseDeserialize(bytes)) };
}

function searchFromWire({ results, ...rest }: SearchResponse__Output): SearchDocumentsResponse {
  return { ...rest, results: results.map(resultFromWire) };
}

/** Servers that know fields 1 to 4 only tell no parts of the score. */
function resultFromWire({ scores, ...rest }: SearchResult__Output): SearchResult {
  return { ...rest, scores: scores ?? { lexical: rest.similarityScore } };
}
