/**
 * Answers and moods as JSON, by the protos' field names.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { flag, int32, int64, real, text } from "../shape.ts";

const usage = z.strictObject({ prompt_tokens: int32, completion_tokens: int32, estimated: flag });

const passage = z.strictObject({
  number: int32,
  document: z.strictObject({
    collection: text,
    document_id: text,
    title: text,
    first_chunk: int32,
    last_chunk: int32,
    start: int32,
    end: int32,
    similarity_score: real,
  }).optional(),
  message: z.strictObject({ room: text, id: int32, username: text }).optional(),
  context_index: int32.optional(),
});

const citation = z.strictObject({ number: int32, text_start: int32, text_end: int32, source_start: int32, source_end: int32 });

/** `chat.AIResponse`. */
export const answerSchema = z.strictObject({
  response: text,
  model: text,
  tokens_used: int32,
  confidence: real,
  request_id: text,
  usage: usage.optional(),
  finish_reason: text,
  passages: z.array(passage),
  citations: z.array(citation),
  dropped_citations: int32,
  notices: z.array(text),
}).openapi("Answer");

/** `chat.AIResponseChunk`, with its kind by name and what the kind tells beside it. */
export const partSchema = z.strictObject({
  content: text,
  is_complete: flag,
  seq: int32,
  request_id: text,
  kind: z.enum(["retrieval", "text", "citation", "tool", "usage", "done", "error"]),
  passages: z.array(passage).optional(),
  notices: z.array(text).optional(),
  start: int32.optional(),
  citation: citation.optional(),
  tool: text.optional(),
  input_json: text.optional(),
  output_json: text.optional(),
  error: text.optional(),
  usage: usage.optional(),
  model: text.optional(),
  finish_reason: text.optional(),
  confidence: real.optional(),
  dropped_citations: int32.optional(),
  code: text.optional(),
  message: text.optional(),
}).openapi("AnswerPart");

/** `chat.SentimentResponse`. */
const sentimentSchema = z.strictObject({
  sentiment: text,
  confidence: real,
  scores: z.custom<Readonly<Record<string, number>>>().openapi({ type: "object", additionalProperties: { type: "number" } }),
  model: text,
  notices: z.array(text),
}).openapi("Sentiment");

/** One mood, or one for each text. */
export const sentimentsSchema = z.union([sentimentSchema, z.strictObject({ results: z.array(sentimentSchema) }).openapi("Sentiments")]);

export { sentimentSchema };

/** `chat.ListModelsResponse`. */
export const modelsSchema = z.strictObject({
  models: z.array(z.strictObject({
    name: text,
    provider: text,
    default: flag,
    context_tokens: int32,
    max_tokens: int32,
    generates: flag,
    sentiment: flag,
  })),
}).openapi("Models");

/** `chat.GenerationResponse`. */
export const generationSchema = z.strictObject({
  request_id: text,
  status: text,
  answer: answerSchema.optional(),
  error: z.strictObject({ code: text, message: text }).optional(),
  last_seq: int32,
  created_at_ms: int64,
  updated_at_ms: int64,
}).openapi("Generation");
