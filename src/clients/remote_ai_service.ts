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
import { AIServiceClient } from "./ai_client.ts";
import { onBehalfOf } from "./on_behalf_of.ts";
import type { ServiceClientOptions } from "./options.ts";

/** The longest that a whole answer may take where its caller waits for ever: the ceiling of the server that gives it. */
const ANSWER_MS = 60_000;

/** The AI service of another process, for a gateway or a service that runs apart from it. Calls carry the request id and the caller's deadline on. */
export class RemoteAiService implements AiService, AsyncDisposable {
  readonly #client: AIServiceClient;

  /** Opens no connection yet. Its errors reach strangers, so they do not tell where the service runs. */
  constructor(options: ServiceClientOptions) {
    this.#client = new AIServiceClient({ ...options, hideAddress: true });
  }

  generateResponse(request: GenerateRequest, context: CallContext): Promise<GeneratedResponse> {
    return this.#client.generateResponse(asGiven(request), { deadlineMs: ANSWER_MS, ...onBehalfOf(context) });
  }

  streamResponse(request: GenerateRequest, context: CallContext): AsyncIterable<GenerationPart> {
    return this.#client.streamResponse(asGiven(request), onBehalfOf(context));
  }

  analyzeSentiment(request: SentimentRequest, context: CallContext): Promise<Sentiment> {
    return this.#client.analyzeSentiment(request, onBehalfOf(context));
  }

  analyzeSentiments(request: SentimentsRequest, context: CallContext): Promise<SentimentsResponse> {
    return this.#client.analyzeSentiments(request, onBehalfOf(context));
  }

  listModels(_request: Record<never, never>, context: CallContext): Promise<ListModelsResponse> {
    return this.#client.listModels(onBehalfOf(context));
  }

  getGeneration(request: GenerationKey, context: CallContext): Promise<Generation> {
    return this.#client.getGeneration(request, onBehalfOf(context));
  }

  cancelGeneration(request: GenerationKey, context: CallContext): Promise<CancelGenerationResponse> {
    return this.#client.cancelGeneration(request, onBehalfOf(context));
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

/** The client's defaults are for people who call it; what was not said here is nothing to the service either. */
function asGiven(request: GenerateRequest): GenerateRequest {
  return { ...request, model: request.model ?? "", temperature: request.temperature ?? 0, maxTokens: request.maxTokens ?? 0 };
}
