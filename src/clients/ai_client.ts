import type { ChatError } from "../core/errors.ts";
import { aiServiceDefinition as definition } from "../wire/definitions.ts";
import type { ServiceError } from "../wire/grpc_js.ts";
import { callError } from "./call.ts";
import { callUnary } from "./caller.ts";
import { ChannelPool } from "./channel.ts";
import { method } from "./methods.ts";
import { type CallOptions, deadlineAt, type MessageServiceClientOptions, type ResolvedOptions, resolveOptions } from "./options.ts";
import { tracedCall } from "./traced.ts";

/** Asks a model for text. */
export interface GenerateRequest {
  readonly prompt: string;
  /** Default `default`: the server's choice. */
  readonly model?: string;
  /** How freely the model chooses its words. Default 0.7, the specification's. */
  readonly temperature?: number;
  /** The longest answer, in the model's tokens. Default 500, the specification's. */
  readonly maxTokens?: number;
  /** Passages that the model is given beside the prompt. Default: none. */
  readonly context?: readonly string[];
}

/** What a model answered. */
export interface GeneratedResponse {
  readonly response: string;
  /** The model that answered. */
  readonly model: string;
  readonly tokensUsed: number;
  /** From 0 to 1. */
  readonly confidence: number;
}

/** A piece of an answer. */
export interface GeneratedChunk {
  readonly content: string;
  /** Nothing comes after this. */
  readonly isComplete: boolean;
}

/** Asks for the mood of a text. */
export interface SentimentRequest {
  readonly text: string;
}

/** The mood of a text. */
export interface Sentiment {
  /** `positive`, `negative` or `neutral`. */
  readonly sentiment: string;
  /** From 0 to 1. */
  readonly confidence: number;
  /** By the mood's name. */
  readonly scores: Readonly<Record<string, number>>;
}

const rpc = {
  generateResponse: method(definition.GenerateResponse, (answer): GeneratedResponse => answer),
  streamResponse: method(definition.StreamResponse, (chunk): GeneratedChunk => chunk),
  analyzeSentiment: method(definition.AnalyzeSentiment, (answer): Sentiment => answer),
};

/**
 * A client of the AI service over gRPC, with the specification's methods and defaults.
 *
 * Connections are made when first needed. Every method throws `ChatError`. Text is generated once for each call, because it costs; only
 * `analyzeSentiment` is repeated after `unavailable`. Close it, or declare it with `await using`.
 */
export class AIServiceClient implements AsyncDisposable {
  readonly #options: ResolvedOptions;
  readonly #pool: ChannelPool;

  /** Opens no connection yet; `invalid_argument` names the option that makes no sense. */
  constructor(options: MessageServiceClientOptions = {}) {
    this.#options = resolveOptions(options);
    this.#pool = new ChannelPool(this.#options);
  }

  /** A model's whole answer. The default deadline of 10 s is short for a long one: say another. */
  generateResponse(request: GenerateRequest, options: CallOptions = {}): Promise<GeneratedResponse> {
    return callUnary({ pool: this.#pool, options: this.#options }, rpc.generateResponse, withDefaults(request), options);
  }

  /**
   * A model's answer as it comes; the pieces' contents together are the answer. Without a deadline unless the call has one. Leaving the loop ends the
   * call; an answer that breaks off throws.
   */
  async *streamResponse(request: GenerateRequest, options: CallOptions = {}): AsyncGenerator<GeneratedChunk> {
    const { deadlineMs, deadlineAtMs = Infinity, signal } = options;
    const { path, requestSerialize, responseDeserialize } = rpc.streamResponse;
    const deadline = deadlineMs === undefined ? deadlineAtMs : deadlineAt(deadlineMs, deadlineAtMs);
    const traced = tracedCall(path, options);
    const { call, release } = this.#pool.start(
      (client) =>
        client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, withDefaults(request), traced.metadata, { deadline }),
      signal,
    );
    // A stream that nobody reads any more still tells of its cancel.
    call.on("error", () => {});
    let end: ServiceError | null | undefined;
    let failure: ChatError | undefined;
    try {
      yield* call as AsyncIterable<GeneratedChunk>;
      end = null;
    } catch (error) {
      end = error as ServiceError;
      failure = callError(end, this.#pool, signal);
      throw failure;
    } finally {
      call.cancel();
      release(end);
      traced.end(failure);
    }
  }

  /** The mood of a text. */
  analyzeSentiment(request: SentimentRequest, options: CallOptions = {}): Promise<Sentiment> {
    return callUnary({ pool: this.#pool, options: this.#options }, rpc.analyzeSentiment, request, { ...options, repeatable: true });
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
}

/** What the specification's client sends where its caller says nothing. */
function withDefaults({ prompt, model = "default", temperature = 0.7, maxTokens = 500, context = [] }: GenerateRequest) {
  return { prompt, model, temperature, maxTokens, context: [...context] };
}
