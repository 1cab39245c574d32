import { type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { IndexDocumentRequest, IndexProgress, RagDocument, RagService } from "../contracts/mod.ts";
import type { ServiceRouteTools } from "./ai_routes.ts";
import type { GatewayEnv } from "./context.ts";
import { DOCUMENT_TYPES, documentBody, documentLines, formDocument, MAX_DOCUMENT_BODY_BYTES, putDocument } from "./document_bodies.ts";
import { ServiceRoutes } from "./endpoint.ts";
import { addLink } from "./links.ts";
import { LINES_TYPE } from "./media_types.ts";
import { wireNames } from "./names.ts";
import {
  contextSchema,
  documentPageSchema,
  documentSchema,
  indexedSchema,
  outcomeSchema,
  progressSchema,
  searchSchema,
} from "./schemas/rag.ts";
import { flag, int32, queryInt32, real, text } from "./shape.ts";
import { streamAnswer } from "./stream_response.ts";

const searchBody = z.strictObject({
  query: text.default(""),
  top_k: int32.optional(),
  similarity_threshold: real.optional(),
  collection: text.optional(),
  filter: text.optional(),
  chunks_per_document: int32.optional(),
  exact: flag.optional(),
}).openapi("DocumentSearch", { example: { query: "holiday rules", top_k: 3 } });

const contextBody = z.strictObject({
  query: text.default(""),
  max_context_items: int32.optional(),
  collection: text.optional(),
  filter: text.optional(),
  max_tokens: int32.optional(),
  similarity_threshold: real.optional(),
}).openapi("ContextQuestion", { example: { query: "How many days off are there?" } });

const listQuery = z.strictObject({
  collection: text.optional(),
  limit: queryInt32.optional(),
  after_document_id: text.optional(),
  filter: text.optional(),
});

const uploadQuery = z.strictObject({ collection: text.optional(), title: text.optional(), language: text.optional() });
const key = { params: z.strictObject({ id: text }) };
const collection = { query: z.strictObject({ collection: text.optional() }) };

const progressJson = wireNames(progressSchema);
const progressFrame = (progress: IndexProgress) => `${JSON.stringify(progressJson(progress))}\n`;

/** The retrieval service under `/v1/documents` and `/v1/rag`. */
export function addDocumentRoutes(app: OpenAPIHono<GatewayEnv>, tools: ServiceRouteTools<RagService>): void {
  const routes = new ServiceRoutes(app, { service: tools.service, grpcName: "chat.RAGService", tag: "retrieval" });
  addWrites(routes);
  addBulk(routes, tools);
  addReads(routes);
  addQuestions(routes);
}

function addWrites(routes: ServiceRoutes<RagService>): void {
  const maxBodyBytes = MAX_DOCUMENT_BODY_BYTES;
  routes.json({
    ...{ method: "put", path: "/v1/documents/{id}", rpc: "IndexDocument", summary: "Store a document, or replace it" },
    description:
      "As JSON, or as the file itself under its content type, with the rest in the query (`metadata.KEY=value` too). A slash in an id is `%2F`.",
    ...{ ...key, query: uploadQuery, takesMetadata: true, body: documentBody, uploads: DOCUMENT_TYPES, readBody: putDocument },
    ...{ maxBodyBytes, answer: indexedSchema },
  }, (service, { id, ...request }, c) => service.indexDocument({ ...request, documentId: id }, c.var.call));
  routes.json({
    ...{ method: "post", path: "/v1/documents", rpc: "IndexDocument", summary: "Store an uploaded file", status: 201 },
    description:
      "A form with the file as `file`, and `document_id` (else the file's name), `collection`, `title`, `language`, `media_type` and " +
      "`metadata.KEY` fields.",
    ...{ uploads: ["multipart/form-data"], readBody: formDocument, maxBodyBytes, answer: indexedSchema },
  }, async (service, request, c) => {
    // The form's reader gives all of it.
    const document = request as unknown as IndexDocumentRequest;
    const indexed = await service.indexDocument(document, c.var.call);
    c.header("Location", locationOf(indexed.documentId, document.collection));
    return indexed;
  });
}

function addBulk(routes: ServiceRoutes<RagService>, tools: ServiceRouteTools<RagService>): void {
  routes.stream(
    {
      ...{ method: "post", path: "/v1/documents/bulk", rpc: "IndexDocuments", summary: "Store many documents" },
      description:
        "A document (NewDocument with its `document_id`) a line, answered with an IndexProgress a line while they come. A document that is " +
        "refused is a line with an `error`; a line that cannot be read ends the load with a Problem.",
      ...{ uploads: [LINES_TYPE], streams: LINES_TYPE },
    },
    (service, _request, c) =>
      streamAnswer(c, service.indexDocuments(documentLines(c), c.var.call), { ...tools, type: LINES_TYPE, frame: progressFrame }),
  );
}

function addReads(routes: ServiceRoutes<RagService>): void {
  routes.json({
    ...{ method: "get", path: "/v1/documents/{id}", rpc: "GetDocument", summary: "Read a document", ...key, ...collection },
    ...{ answer: documentSchema, etag: ({ version }: RagDocument) => `v${version}` },
  }, (service, { id, ...request }, c) => service.getDocument({ ...request, documentId: id }, c.var.call));
  routes.json({
    ...{ method: "delete", path: "/v1/documents/{id}", rpc: "DeleteDocument", summary: "Delete a document", ...key, ...collection },
    answer: outcomeSchema,
  }, (service, { id, ...request }, c) => service.deleteDocument({ ...request, documentId: id }, c.var.call));
  routes.json(
    { method: "get", path: "/v1/documents", rpc: "ListDocuments", summary: "List documents", query: listQuery, answer: documentPageSchema },
    async (service, request, c) => {
      const page = await service.listDocuments(request, c.var.call);
      linkPages(c, request.afterDocumentId, page);
      return page;
    },
  );
}

function addQuestions(routes: ServiceRoutes<RagService>): void {
  routes.json({
    ...{ method: "post", path: "/v1/documents/search", rpc: "SearchDocuments", summary: "Search documents" },
    ...{ body: searchBody, answer: searchSchema },
  }, (service, request, c) => service.searchDocuments(request, c.var.call));
  routes.json({
    ...{ method: "post", path: "/v1/rag/context", rpc: "GetRAGContext", summary: "Find passages to answer from" },
    ...{ body: contextBody, answer: contextSchema },
  }, (service, request, c) => service.getRagContext(request, c.var.call));
}

function linkPages(
  c: Context<GatewayEnv>,
  after: string | undefined,
  { hasMore, documents }: { readonly hasMore: boolean; readonly documents: readonly RagDocument[] },
): void {
  if (hasMore) addLink(c, "next", { after_document_id: documents.at(-1)?.documentId });
  if (after !== undefined) addLink(c, "first", { after_document_id: undefined });
}

function locationOf(id: string, collection: string | undefined): string {
  return `/v1/documents/${encodeURIComponent(id)}${collection === undefined ? "" : `?collection=${encodeURIComponent(collection)}`}`;
}
