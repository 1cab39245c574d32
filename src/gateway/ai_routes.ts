import { type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { AiService, GenerationPart } from "../contracts/mod.ts";
import { invalidField } from "../core/errors.ts";
import type { Log } from "../observability/log.ts";
import { asksFor, requireAcceptable } from "./accept.ts";
import type { GatewayEnv } from "./context.ts";
import { ServiceRoutes } from "./endpoint.ts";
import { EVENTS_TYPE, JSON_TYPE } from "./media_types.ts";
import { wireNames } from "./names.ts";
import { answerSchema, generationSchema, modelsSchema, partSchema, sentimentsSchema } from "./schemas/ai.ts";
import { outcomeSchema } from "./schemas/rag.ts";
import { flag, int32, int64, listOf, objectOf, queryInt32, real, shaped, text } from "./shape.ts";
import { eventResponse, streamAnswer } from "./stream_response.ts";

/** What the routes of services other than the message service work with. */
export interface ServiceRouteTools<S> {
  /** Undefined: this process has none. */
  readonly service: S | undefined;
  readonly log: Log;
  /** How often a quiet event stream says that it lives. */
  readonly heartbeatMs: number;
}

const askBody = z.strictObject({
  prompt: text.default(""),
  model: text.optional(),
  temperature: real.optional(),
  max_tokens: int32.optional(),
  context: listOf(text).optional(),
  turns: listOf(objectOf({ role: text.default(""), content: text.default("") })).optional(),
  system: text.optional(),
  stop: listOf(text).optional(),
  seed: int64.optional(),
  request_id: text.optional(),
  room: text.optional(),
  collection: text.optional(),
  filter: text.optional(),
  max_context_items: int32.optional(),
  tools: listOf(text).optional(),
  resume_after: int32.optional(),
  stream: flag.optional(),
}).openapi("Question", { example: { prompt: "When is lunch?", room: "kitchen" } });

const sentimentBody = z.strictObject({ text: text.optional(), texts: listOf(text).optional(), model: text.optional() })
  .openapi("SentimentQuestion", { example: { text: "What a lovely day" } });

const key = { params: z.strictObject({ id: text }) };
const lastEventId = z.strictObject({ "Last-Event-ID": queryInt32 });

const partJson = wireNames(partSchema);
/** A failure is told once, as the problem that ends the stream. */
const partFrame = (part: GenerationPart) =>
  part.kind === "error" ? "" : `id: ${part.seq}\nevent: ${part.kind}\ndata: ${JSON.stringify(partJson(part))}\n\n`;

/** The AI service under `/v1/ai`. */
export function addAiRoutes(app: OpenAPIHono<GatewayEnv>, tools: ServiceRouteTools<AiService>): void {
  const routes = new ServiceRoutes(app, { service: tools.service, grpcName: "chat.AIService", tag: "AI" });
  addQuestions(routes, tools);
  addGenerations(routes, tools);
  routes.json(
    { method: "get", path: "/v1/ai/models", rpc: "ListModels", summary: "List the models", answer: modelsSchema },
    (service, _request, c) => service.listModels({}, c.var.call),
  );
}

function addQuestions(routes: ServiceRoutes<AiService>, tools: ServiceRouteTools<AiService>): void {
  routes.json({
    ...{ method: "post", path: "/v1/ai/responses", rpc: "GenerateResponse", summary: "Ask for an answer" },
    description:
      "With `stream: true`, or when `Accept` names text/event-stream, the answer comes in events as it grows: each is named after the " +
      "part's kind, its data is an AnswerPart and its `id` the part's seq. `done` is the last of an answer, `error` (a Problem) that of a failure. " +
      "The header `Idempotency-Key` stands in for `request_id`, which names the answer, to read, resume or cancel it.",
    ...{ body: askBody, answer: answerSchema, alsoStreams: EVENTS_TYPE, headers: z.object({ "Idempotency-Key": text.optional() }) },
  }, async (service, { stream, ...asked }, c) => {
    const requestId = asked.requestId ?? c.req.header("idempotency-key");
    const request = { ...asked, ...(requestId === undefined ? {} : { requestId }) };
    const streams = stream ?? (asksFor(c, EVENTS_TYPE) && !asksFor(c, JSON_TYPE));
    requireAcceptable(c, streams ? EVENTS_TYPE : JSON_TYPE);
    if (!streams) return await service.generateResponse(request, c.var.call);
    return await streamAnswer(c, service.streamResponse(request, c.var.call), { ...tools, type: EVENTS_TYPE, frame: partFrame });
  });
  routes.json({
    ...{ method: "post", path: "/v1/ai/sentiment", rpc: "AnalyzeSentiment", summary: "Judge the mood of a text, or of many" },
    ...{ description: "`text` gives one mood, `texts` one for each, as `results`.", body: sentimentBody, answer: sentimentsSchema },
  }, (service, { text, texts, ...request }, c) => {
    if (text !== undefined && texts !== undefined) throw invalidField("texts", "must not be given with `text`");
    return texts === undefined
      ? service.analyzeSentiment({ ...request, text: text ?? "" }, c.var.call)
      : service.analyzeSentiments({ ...request, texts }, c.var.call);
  });
}

function addGenerations(routes: ServiceRoutes<AiService>, tools: ServiceRouteTools<AiService>): void {
  const path = "/v1/ai/responses/{id}";
  routes.json(
    { method: "get", path, rpc: "GetGeneration", summary: "Read an answer as far as it has come", ...key, answer: generationSchema },
    (service, { id }, c) => service.getGeneration({ requestId: id }, c.var.call),
  );
  routes.json(
    { method: "delete", path, rpc: "CancelGeneration", summary: "Cancel an answer that is still growing", ...key, answer: outcomeSchema },
    (service, { id }, c) => service.cancelGeneration({ requestId: id }, c.var.call),
  );
  routes.stream({
    ...{ method: "get", path: `${path}/stream`, rpc: "StreamResponse", summary: "Follow an answer, from its beginning or from a part on" },
    ...{ ...key, query: z.strictObject({ resume_after: queryInt32.optional() }), streams: EVENTS_TYPE },
    description: "Events as those of asking. A browser comes back with `Last-Event-ID`, which goes before `resume_after`.",
    headers: z.object({ "Last-Event-ID": queryInt32.optional() }),
  }, async (service, { id, resumeAfter }, c) => {
    const { call } = c.var;
    await call.run(service.getGeneration({ requestId: id }, call));
    if (c.req.method === "HEAD") return eventResponse(c, null);
    const request = { prompt: "", requestId: id, resumeAfter: resumedPart(c) ?? resumeAfter ?? 0 };
    return await streamAnswer(c, service.streamResponse(request, call), { ...tools, type: EVENTS_TYPE, frame: partFrame });
  });
}

function resumedPart(c: Context<GatewayEnv>): number | undefined {
  const given = c.req.header("last-event-id");
  return given === undefined || given === "" ? undefined : shaped(lastEventId, { "Last-Event-ID": given })["Last-Event-ID"];
}
