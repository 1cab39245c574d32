/**
 * Documents and what is found in them as JSON, by the protos' field names.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { flag, int32, int64, metadata, real, text } from "../shape.ts";

/** `chat.IndexResponse`. */
export const indexedSchema = z.strictObject({
  success: flag,
  document_id: text,
  chunks_indexed: int32,
  unchanged: flag,
  language: text,
}).openapi("IndexedDocument");

/** `chat.IndexProgress`: a line of a bulk load's answer. */
export const progressSchema = z.strictObject({
  received: int32,
  indexed: int32,
  failed: int32,
  result: indexedSchema,
  error: text,
}).openapi("IndexProgress");

/** `chat.SearchResponse`. */
export const searchSchema = z.strictObject({
  results: z.array(z.strictObject({
    document_id: text,
    content: text,
    similarity_score: real,
    metadata,
    title: text,
    chunk_index: int32,
    start: int32,
    end: int32,
    heading: text,
    scores: z.strictObject({ lexical: real, vector: real.optional(), fused: real.optional(), rerank: real.optional() }),
    highlights: z.array(z.strictObject({ start: int32, end: int32 })),
  })),
  corrections: z.array(z.strictObject({ word: text, corrected: text })),
  notices: z.array(text),
}).openapi("FoundDocuments");

/** `chat.ContextResponse`. */
export const contextSchema = z.strictObject({
  context_items: z.array(text),
  source_documents: z.array(text),
  sources: z.array(z.strictObject({
    number: int32,
    document_id: text,
    title: text,
    first_chunk: int32,
    last_chunk: int32,
    start: int32,
    end: int32,
    similarity_score: real,
  })),
  prompt: text,
  tokens_used: int32,
  notices: z.array(text),
}).openapi("RagContext");

/** `chat.Document`. */
export const documentSchema = z.strictObject({
  document_id: text,
  content: text,
  metadata,
  collection: text,
  title: text,
  media_type: text,
  language: text,
  chunk_count: int32,
  version: int32,
  created_at_ms: int64,
  updated_at_ms: int64,
}).openapi("Document");

/** `chat.ListDocumentsResponse`. */
export const documentPageSchema = z.strictObject({ documents: z.array(documentSchema), has_more: flag, total_count: int32 })
  .openapi("DocumentPage");

/** What became of a deletion. */
export const outcomeSchema = z.strictObject({ success: flag, message: text }).openapi("Outcome");
