import type {
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
import { partFromWire } from "../wire/ai_codec.ts";
import { ChatError } from "../core/errors.ts";
import { aiMethods as rpc } from "./ai_methods.ts";
import { type CallPlan, callUnary } from "./caller.ts";
import { ChannelPool } from "./channel.ts";
import type { Method } from "./methods.ts";
import { type CallOptions, type ResolvedOptions, resolveOptions, type ServiceClientOptions } from "./options.ts";
import { backoffMs, pause } from "./retry.ts";
import { readStream } from "./server_stream.ts";

/**
 * A client of the AI service over gRPC, with the specification's methods and defaults.
 *
 * Connections are made when first needed. Every method throws `ChatError`. What only reads is repeated after `unavailable`; an answer costs, so
 * asking for one is repeated only with a `requestId`, by which the service knows the repeat. Close it, or declare it with `await using`.
 */
export class AIServiceClient implements AsyncDisposable {
  readonly #options: ResolvedOptions;
  readonly #pool: ChannelPool;

  /** Opens no connection yet; `invalid_argument` names the option that makes no sense. */
  constructor(options: ServiceClientOptions = {}) {
    this.#options = resolveOptions(options);
    this.#pool = new ChannelPool(this.#options);
  }

  /** A whole answer. The default deadline of 10 s is short for a long one: say another. */
  generateResponse(request: GenerateRequest, options: CallOptions = {}): Promise<GeneratedResponse> {
    return this.#call(rpc.generateResponse, withDefaults(request), { ...options, repeatable: isNamed(request) });
  }

  /**
   * An answer as it comes; the parts' contents together are the answer. Without a deadline unless the call has one. Leaving the loop ends the
   * call; an answer that breaks off throws, and one with a `requestId` goes on by itself where the connection was lost.
   */
  async *streamResponse(request: GenerateRequest, options: CallOptions = {}): AsyncGenerator<GenerationPart> {
    const asked = withDefaults(request);
    let [start, resumeAfter, failures, canResume] = [0, asked.resumeAfter, 0, isNamed(request)];
    for (;;) {
      try {
        for await (const chunk of readStream(this.#pool, rpc.streamResponse, { ...asked, resumeAfter }, options)) {
          const part = partFromWire(chunk, start);
          start += part.content.length;
          [resumeAfter, failures] = [part.seq, 0];
          // A server that does not number its parts cannot go on, and one that tells of an error has said the last word.
          canResume &&= part.seq > 0 && part.kind !== "error";
          yield part;
        }
        return;
      } catch (error) {
        if (!canResume || !(error instanceof ChatError) || error.code !== "unavailable") throw error;
        if (++failures >= this.#options.maxAttempts || !this.#pool.budget.spend(performance.now())) throw error;
        const signals = options.signal === undefined ? [this.#pool.closed] : [this.#pool.closed, options.signal];
        await pause(Math.max(backoffMs(failures, this.#options), error.retryAfterMs ?? 0), signals);
      }
    }
  }

  /** The mood of a text. */
  analyzeSentiment(request: SentimentRequest, options: CallOptions = {}): Promise<Sentiment> {
    return this.#call(rpc.analyzeSentiment, request, options);
  }

  /** The moods of many texts, in their order. */
  analyzeSentiments(request: SentimentsRequest, options: CallOptions = {}): Promise<SentimentsResponse> {
    return this.#call(rpc.analyzeSentiments, { ...request, texts: [...request.texts] }, options);
  }

  /** The models that can be asked for, the default one first. */
  listModels(options: CallOptions = {}): Promise<ListModelsResponse> {
    return this.#call(rpc.listModels, {}, options);
  }

  /** A generation of the caller's own, as far as it has come; `not_found` when there is no such. */
  getGeneration(request: GenerationKey, options: CallOptions = {}): Promise<Generation> {
    return this.#call(rpc.getGeneration, request, options);
  }

  /** Ends a generation; one that is over is an answer (`success: false`), and so is one that a first, unanswered attempt ended. */
  cancelGeneration(request: GenerationKey, options: CallOptions = {}): Promise<CancelGenerationResponse> {
    return this.#call(rpc.cancelGeneration, request, options);
  }

  /** Whether the service is there, as the last calls have seen; true before the first one. Asks nobody. */
  get reachable(): boolean {
    return this.#pool.reachable;
  }

  /** Ends calls and streams that still run with `cancelled`, and closes the connections; idempotent. */
  close(): Promise<void> {
    return this.#pool.close();
  }

  /** Closes the client at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #call<Request, Response>(method: Method<Request, Response>, request: Request, plan: CallPlan): Promise<Response> {
    return callUnary({ pool: this.#pool, options: this.#options }, method, request, plan);
  }
}

/** What the specification's client sends where its caller says nothing. */
function withDefaults({ model = "default", temperature = 0.7, maxTokens = 500, resumeAfter = 0, ...rest }: GenerateRequest) {
  const { context = [], turns = [], stop = [], tools = [] } = rest;
  return {
    ...rest,
    ...{ model, temperature, maxTokens, resumeAfter },
    ...{ context: [...context], turns: [...turns], stop: [...stop], tools: [...tools] },
  };
}

function isNamed({ requestId = "" }: GenerateRequest): boolean {
  return requestId !== "";
}
