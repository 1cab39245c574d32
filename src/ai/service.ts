/**
 * Answers and moods, by whatever models it is handed.
 *
 * @module
 */
import type {
  AiService,
  CancelGenerationResponse,
  GeneratedResponse,
  GenerateRequest,
  Generation,
  GenerationKey,
  GenerationPart,
  ListModelsResponse,
  Sentiment,
  SentimentRequest,
  SentimentsRequest,
  SentimentsResponse,
} from "../contracts/mod.ts";
import type { CallContext } from "../core/context.ts";
import { abortError, invalidField } from "../core/errors.ts";
import { integer, text } from "../core/fields.ts";
import { limits } from "../core/limits.ts";
import type { Database } from "../database/database.ts";
import { toChatError } from "../database/errors.ts";
import type { Log } from "../observability/log.ts";
import { answer } from "./answer.ts";
import { ownerFor } from "./assistant/owner.ts";
import type { Patience } from "./attempts.ts";
import { foldParts } from "./fold.ts";
import { type GenerationLimits, Generations, type GenerationStart } from "./generations.ts";
import type { GroundingSources } from "./grounding.ts";
import type { ExtractiveAnswerer, SentimentAnalyzer } from "./methods.ts";
import { type ChosenModel, EXTRACTIVE, Models, VADER } from "./models.ts";
import type { ModelProvider } from "./provider.ts";
import { judgeMood } from "./sentiment/model_judge.ts";
import { EVERY_TOOL } from "./tools/catalog.ts";
import { validGenerate, validMoodText, validMoodTexts } from "./validate.ts";

/** What the AI service works with. */
export interface AiServiceOptions {
  readonly database: Database;
  readonly log: Log;
  /** In the order in which they are asked; none: answers are chosen from passages. */
  readonly providers: readonly ModelProvider[];
  readonly patience: Patience;
  readonly limits: GenerationLimits;
  readonly sources: GroundingSources;
  readonly extract: ExtractiveAnswerer;
  readonly moodOf: SentimentAnalyzer;
  /** Judges moods where the request names no other model; default `vader`. */
  readonly moodModel?: string;
  /** How often another server's generation is looked at; default 100 ms. */
  readonly pollMs?: number;
}

/** A running AI service. */
export interface RunningAiService extends AiService {
  /** Ends what is at work, as interrupted; the database stays the caller's to close. Idempotent. */
  close(): Promise<void>;
}

/** Of one call's texts, at a model server, which answers many at once faster than one after the other. */
const TEXTS_AT_ONCE = 4;

/** Makes an AI service. */
export function createAiService(options: AiServiceOptions): RunningAiService {
  return new ModelAiService(options);
}

class ModelAiService implements RunningAiService {
  readonly #options: AiServiceOptions;
  readonly #models: Models;
  readonly #generations: Generations;

  constructor(options: AiServiceOptions) {
    const { database, log, pollMs } = options;
    this.#options = options;
    this.#models = new Models(options.providers, options.moodModel);
    this.#generations = new Generations({ database, log, limits: options.limits, ...(pollMs === undefined ? {} : { pollMs }) });
  }

  async generateResponse(request: GenerateRequest, context: CallContext): Promise<GeneratedResponse> {
    const parts: GenerationPart[] = [];
    for await (const part of this.streamResponse({ ...request, resumeAfter: 0 }, context)) parts.push(part);
    return foldParts(parts[0]?.requestId ?? "", parts);
  }

  async *streamResponse(request: GenerateRequest, context: CallContext): AsyncGenerator<GenerationPart> {
    try {
      if (isResumption(request)) yield* this.#generations.resume(validResumption(request), context);
      else yield* this.#generations.follow(await this.#start(request, context), context);
    } catch (error) {
      throw toChatError(error);
    }
  }

  analyzeSentiment(request: SentimentRequest, context: CallContext): Promise<Sentiment> {
    return this.#mood("text", request.text, request.model ?? "", context.signal);
  }

  async analyzeSentiments({ texts, model = "" }: SentimentsRequest, context: CallContext): Promise<SentimentsResponse> {
    const valid = validMoodTexts(texts);
    const results: Sentiment[] = [];
    // Failing once ends the others.
    const failing = new AbortController();
    const signal = AbortSignal.any([context.signal, failing.signal]);
    const left = valid.entries();
    const work = async () => {
      for (const [index, one] of left) results[index] = await this.#mood(`texts[${index}]`, one, model, signal);
    };
    try {
      await Promise.all(Array.from({ length: TEXTS_AT_ONCE }, work));
    } catch (error) {
      failing.abort(error);
      throw error;
    }
    return { results };
  }

  listModels(): Promise<ListModelsResponse> {
    return Promise.resolve({ models: this.#models.list() });
  }

  getGeneration({ requestId }: GenerationKey, context: CallContext): Promise<Generation> {
    return this.#stored(async () => await this.#generations.get(validId(requestId), context));
  }

  cancelGeneration({ requestId }: GenerationKey, context: CallContext): Promise<CancelGenerationResponse> {
    return this.#stored(async () => {
      const id = validId(requestId);
      const owner = await ownerFor(this.#options.database.kysely, id, context.caller);
      const success = await this.#generations.cancel(id, owner);
      return { success, message: success ? "The generation ends" : "The generation was over already" };
    });
  }

  close(): Promise<void> {
    return this.#generations.close();
  }

  async #start(request: GenerateRequest, context: CallContext): Promise<GenerationStart> {
    const model = this.#models.choose(request.model ?? "");
    const valid = validGenerate(request, model.maxTokens);
    requireCaller(model.kind, valid.tools);
    const { requestId, resumeAfter, ...content } = valid;
    const { sources, extract, patience } = this.#options;
    return {
      ...{ requestId, resumeAfter, fingerprint: await fingerprintOf(content) },
      work: (writer, signal) => {
        // The generation may outlive the call that began it, and goes on as that caller. Named one by one: a face's context may have getters.
        const { requestId, caller, authorization, trace } = context;
        const own: CallContext = { signal, requestId, caller, authorization, trace, deadlineAtMs: undefined };
        return answer(valid, { model, means: { sources, extract, patience }, writer, context: own });
      },
    };
  }

  async #mood(field: string, value: string, model: string, signal: AbortSignal): Promise<Sentiment> {
    const chosen = this.#models.chooseForMoods(model);
    const valid = validMoodText(field, value);
    if (signal.aborted) throw abortError(signal);
    const { patience, moodOf } = this.#options;
    // Nothing is paid for a text that says nothing.
    const judged = chosen.kind === "vader" || valid.trim() === ""
      ? { ...await moodOf(valid, signal), model: VADER }
      : await judgeMood(valid, { candidates: chosen.candidates, patience, signal, field });
    return {
      sentiment: judged.sentiment,
      confidence: judged.confidence,
      scores: { ...judged.scores },
      model: judged.model,
      notices: judged.notices,
    };
  }

  async #stored<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw toChatError(error);
    }
  }
}

/** Whoever has a generation's name need not know what it was asked. */
function isResumption({ prompt, requestId }: GenerateRequest): boolean {
  return prompt === "" && requestId !== undefined && requestId !== "";
}

/** What chooses sentences calls nothing; whoever offers it every tool there is does not insist. */
function requireCaller(kind: ChosenModel["kind"], tools: readonly string[] = []): void {
  if (kind === "provider" || tools.every((tool) => tool === EVERY_TOOL)) return;
  throw invalidField("tools", `must be empty for the model ${EXTRACTIVE}, which calls nothing`);
}

function validResumption({ requestId = "", resumeAfter = 0 }: GenerateRequest) {
  return { requestId: validId(requestId), resumeAfter: integer("resume_after", resumeAfter, { max: 2_147_483_647 }) };
}

function validId(requestId: string): string {
  return text("request_id", requestId, { minBytes: 1, maxBytes: limits.nameBytes });
}

async function fingerprintOf(content: unknown): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(JSON.stringify(content)));
  return new Uint8Array(digest).toBase64();
}
