import { ChatError, type ErrorCode } from "../core/errors.ts";
import type { Tool, ToolCall } from "./tools/tool.ts";

/** A model of a provider, and what it can take. */
export interface ProviderModel {
  readonly name: string;
  /** Of request and answer together. */
  readonly contextTokens: number;
  /** Of an answer. */
  readonly maxTokens: number;
}

/** One turn as a model takes it. */
export type ModelMessage =
  | { readonly role: "system" | "user" | "assistant"; readonly content: string }
  /** What a model wanted done, with what it said before. */
  | { readonly role: "calls"; readonly content: string; readonly calls: readonly ToolCall[] }
  /** What came of one of these. */
  | { readonly role: "result"; readonly content: string; readonly callId: string };

/** What a model is asked. */
export interface ModelRequest {
  readonly model: string;
  readonly messages: readonly ModelMessage[];
  readonly temperature: number;
  readonly maxTokens: number;
  readonly stop: readonly string[];
  readonly seed?: number;
  /** What the model may call; absent: nothing. */
  readonly tools?: readonly Tool[];
  /** It has called enough: the tools are there for what it has read of them. */
  readonly mayCall?: boolean;
}

/** What a model answers, bit by bit: text as it comes, `done` exactly once unless it throws; usage before or after it, or never. */
export type ModelPart =
  /** `logProbabilities` of the text's tokens, where the provider tells. */
  | { readonly kind: "text"; readonly text: string; readonly logProbabilities?: readonly number[] }
  /** What it wants done, before `done`; only where there were tools. */
  | { readonly kind: "calls"; readonly calls: readonly ToolCall[] }
  | { readonly kind: "usage"; readonly promptTokens: number; readonly completionTokens: number }
  | { readonly kind: "done"; readonly finishReason: string };

/** A server of language models. */
export interface ModelProvider {
  readonly name: string;
  /** The default one first; never empty. */
  readonly models: readonly ProviderModel[];
  /** Makes one attempt. Throws {@link ProviderError}, and what the signal stands for when that aborts; the request at the server then ends too. */
  generate(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelPart>;
}

/** A provider's failure; `passing` ones are worth another attempt, there or elsewhere. Its text holds no key. */
export class ProviderError extends ChatError {
  readonly passing: boolean;

  constructor(code: ErrorCode, message: string, { passing, ...details }: ProviderErrorDetails) {
    super(code, message, details);
    this.passing = passing;
  }
}

/** What a {@link ProviderError} carries besides its sentence. */
export interface ProviderErrorDetails {
  readonly passing: boolean;
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}
