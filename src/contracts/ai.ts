import type { CallContext } from "../core/context.ts";

/** Something said earlier in a conversation. */
export interface ConversationTurn {
  /** `user` or `assistant`. */
  readonly role: string;
  readonly content: string;
}

/** Asks for an answer; the field meanings and limits stand in `ai_service.proto`. What is unset is empty, 0 or false to the service. */
export interface GenerateRequest {
  readonly prompt: string;
  readonly model?: string;
  /** 0 to 2; unset: 0.7. */
  readonly temperature?: number;
  /** The longest answer, in the model's tokens. */
  readonly maxTokens?: number;
  /** Passages to answer from, besides those that grounding finds. */
  readonly context?: readonly string[];
  /** What was said before the prompt, oldest first. */
  readonly turns?: readonly ConversationTurn[];
  readonly system?: string;
  readonly stop?: readonly string[];
  readonly seed?: number;
  /** Names the generation; starting twice with the same name attaches to the same one. */
  readonly requestId?: string;
  /** Ground the answer on this room's messages and documents. */
  readonly room?: string;
  /** Ground the answer on documents of this collection. */
  readonly collection?: string;
  readonly filter?: string;
  readonly maxContextItems?: number;
  /** Plugins' actions that the model may call, as `plugin/action`. */
  readonly tools?: readonly string[];
  /** Of a stream: go on after this part. */
  readonly resumeAfter?: number;
}

/** What an answer cost. */
export interface GenerationUsage {
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Counted by the service, because the provider did not tell. */
  readonly estimated: boolean;
}

/** A part of a document that an answer is grounded on; offsets are UTF-16 code units into the document's content. */
export interface PassageDocument {
  readonly collection: string;
  readonly documentId: string;
  readonly title: string;
  readonly firstChunk: number;
  readonly lastChunk: number;
  readonly start: number;
  readonly end: number;
  readonly similarityScore: number;
}

/** A message that an answer is grounded on. */
export interface PassageMessage {
  readonly room: string;
  readonly id: number;
  readonly username: string;
}

/** Something that an answer is grounded on: exactly one of a document, a message and an item of the request's `context`. */
export interface Passage {
  /** From 1, as citations name it. */
  readonly number: number;
  readonly document?: PassageDocument;
  readonly message?: PassageMessage;
  readonly contextIndex?: number;
}

/** A mark in an answer that stands for a passage; offsets are UTF-16 code units. */
export interface Citation {
  readonly number: number;
  readonly textStart: number;
  readonly textEnd: number;
  readonly sourceStart: number;
  readonly sourceEnd: number;
}

/** A whole answer. */
export interface GeneratedResponse {
  readonly response: string;
  readonly model: string;
  readonly tokensUsed: number;
  /** 0 to 1. */
  readonly confidence: number;
  readonly requestId: string;
  readonly usage?: GenerationUsage;
  readonly finishReason: string;
  readonly passages: readonly Passage[];
  readonly citations: readonly Citation[];
  readonly droppedCitations: number;
  readonly notices: readonly string[];
}

/** Where a part stands in its stream. */
export interface GenerationPartPlace {
  /** Of a text part its text; else empty. All contents together are the answer. */
  readonly content: string;
  /** With exactly one part, the last of a stream that succeeds. */
  readonly isComplete: boolean;
  /** From 1, the same for everybody who follows the generation; 0 from a server that does not number its parts. */
  readonly seq: number;
  /** Names the generation; empty from a server that does not. */
  readonly requestId: string;
}

/** What a part tells. */
export type GenerationPartNews =
  | { readonly kind: "retrieval"; readonly passages: readonly Passage[]; readonly notices: readonly string[] }
  /** `start` is where the content begins in the answer, in UTF-16 code units. */
  | { readonly kind: "text"; readonly start: number }
  | { readonly kind: "citation"; readonly citation: Citation }
  | { readonly kind: "tool"; readonly tool: string; readonly inputJson: string; readonly outputJson: string; readonly error: string }
  | { readonly kind: "usage"; readonly usage: GenerationUsage }
  | {
    readonly kind: "done";
    readonly model: string;
    readonly finishReason: string;
    readonly confidence: number;
    readonly droppedCitations: number;
  }
  /** The last part of a stream that fails; the stream throws the same afterwards. */
  | { readonly kind: "error"; readonly code: string; readonly message: string };

/** One part of an answer that grows. */
export type GenerationPart = GenerationPartPlace & GenerationPartNews;

/** Asks for the mood of a text. */
export interface SentimentRequest {
  readonly text: string;
  readonly model?: string;
}

/** The mood of a text. */
export interface Sentiment {
  /** `positive`, `negative` or `neutral`. */
  readonly sentiment: string;
  /** 0 to 1. */
  readonly confidence: number;
  /** By the mood's name. */
  readonly scores: Readonly<Record<string, number>>;
  readonly model: string;
  readonly notices: readonly string[];
}

/** Asks for the moods of many texts. */
export interface SentimentsRequest {
  readonly texts: readonly string[];
  readonly model?: string;
}

/** One mood for each text, in their order. */
export interface SentimentsResponse {
  readonly results: readonly Sentiment[];
}

/** A model that can be asked for. */
export interface AiModel {
  readonly name: string;
  readonly provider: string;
  readonly default: boolean;
  /** Of request and answer together; 0: not known. */
  readonly contextTokens: number;
  /** Of an answer; 0: not known. */
  readonly maxTokens: number;
  /** It writes words of its own. */
  readonly generates: boolean;
  /** It can judge moods. */
  readonly sentiment: boolean;
}

/** The models there are, the default one first. */
export interface ListModelsResponse {
  readonly models: readonly AiModel[];
}

/** Names a generation. */
export interface GenerationKey {
  readonly requestId: string;
}

/** A generation as far as it has come. Times are milliseconds since 1970. */
export interface Generation {
  readonly requestId: string;
  /** `running`, `done`, `failed`, `cancelled` or `interrupted`. */
  readonly status: string;
  readonly answer?: GeneratedResponse;
  /** Why it is `failed` or `interrupted`. */
  readonly error?: { readonly code: string; readonly message: string };
  readonly lastSeq: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** What became of a cancellation. */
export interface CancelGenerationResponse {
  readonly success: boolean;
  readonly message: string;
}

/**
 * Answers and moods.
 *
 * Every method throws `ChatError`: `invalid_argument` names the field; `not_found` for a model or a generation that is not there;
 * `resource_exhausted` when the caller or the model server has too much to do; `unavailable` when no model server can be reached;
 * `deadline_exceeded` or `cancelled` when the signal fires, which ends the model's work too unless somebody else follows the generation.
 */
export interface AiService {
  /** With a `requestId` a repeat is given the same generation and costs nothing more; without one there is no promise. */
  generateResponse(request: GenerateRequest, context: CallContext): Promise<GeneratedResponse>;
  /**
   * The parts in order, as they come: nothing is thrown before the first step. A stream that fails tells an `error` part and throws the same;
   * one that ends without throwing had a `done` part. With a `requestId` and an empty prompt it goes on with the generation of that name.
   */
  streamResponse(request: GenerateRequest, context: CallContext): AsyncIterable<GenerationPart>;
  analyzeSentiment(request: SentimentRequest, context: CallContext): Promise<Sentiment>;
  /** All or nothing: one text that is refused refuses the call, and names its place. */
  analyzeSentiments(request: SentimentsRequest, context: CallContext): Promise<SentimentsResponse>;
  listModels(request: Record<never, never>, context: CallContext): Promise<ListModelsResponse>;
  /** `not_found` also for a generation of somebody else. */
  getGeneration(request: GenerationKey, context: CallContext): Promise<Generation>;
  /** A generation that is over is an answer (`success: false`), not an error. Everybody who follows it is told that it was cancelled. */
  cancelGeneration(request: GenerationKey, context: CallContext): Promise<CancelGenerationResponse>;
}
