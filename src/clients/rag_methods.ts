import type { SearchDocumentsResponse, SearchResult } from "../contracts/mod.ts";
import { ragServiceDefinition as definition } from "../wire/definitions.ts";
import type { SearchResponse__Output } from "../wire/generated/chat/SearchResponse.ts";
import type { SearchResult__Output } from "../wire/generated/chat/SearchResult.ts";
import { asIs, method } from "./methods.ts";

/** The RPCs of the RAG service, in the contract's types. */
export const ragMethods = {
  indexDocument: method(definition.IndexDocument, asIs),
  indexDocuments: method(definition.IndexDocuments, ({ result, ...counts }) => {
    return { ...counts, result: result ?? { success: false, documentId: "", chunksIndexed: 0, unchanged: false, language: "" } };
  }),
  searchDocuments: method(definition.SearchDocuments, searchFromWire),
  getRagContext: method(definition.GetRAGContext, asIs),
  getDocument: method(definition.GetDocument, asIs),
  listDocuments: method(definition.ListDocuments, asIs),
  deleteDocument: method(definition.DeleteDocument, asIs),
};

function searchFromWire({ results, ...rest }: SearchResponse__Output): SearchDocumentsResponse {
  return { ...rest, results: results.map(resultFromWire) };
}

/** Servers that know fields 1 to 4 only tell no parts of the score. */
function resultFromWire({ scores, ...rest }: SearchResult__Output): SearchResult {
  return { ...rest, scores: scores ?? { lexical: rest.similarityScore } };
}
