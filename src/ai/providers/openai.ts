import OpenAI, { APIConnectionError, APIError, APIUserAbortError } from "openai";
import { abortError } from "../../core/errors.ts";
import type { Fetch } from "../exchanges/exchange.ts";
import { type ModelPart, type ModelProvider, type ModelRequest, ProviderError, type ProviderModel } from "../provider.ts";
import { CallReader, openAiMessages, openAiTools } from "./openai_tools.ts";
import { asEvents } from "./whole_answer.ts";

/** Where an OpenAI-compatible server is, and what it serves. */
export interface OpenAiProviderOptions {
  readonly name: string;
  /** Such as `http://127.0.0.1:8080/v1`. */
  readonly baseUrl: string;
  /** Never shown. */
  readonly apiKey?: string;
  readonly models: readonly ProviderModel[];
  /** Ask for the probabilities of tokens; servers that do not know them may refuse that. */
  readonly logProbabilities?: boolean;
  /** Makes the requests; default the runtime's. */
  readonly fetch?: Fetch;
}

/** The bytes of one answer that are read at most: an answer at its limits, in events of a token each. */
const MAX_RESPONSE_BYTES = 64 * 1024 * 1024;
/** Our own time-outs come first; the package's must not. */
const PACKAGE_TIMEOUT_MS = 86_400_000;
const SHOWN_UNITS = 200;
/** For servers that want no key; the package insists on one. */
const NO_KEY = "none";

/** What OpenAI calls the end of an answer, in the words of `ai_service.proto`. */
const FINISH_REASONS: Readonly<Record<string, string>> = { stop: "stop", length: "length", content_filter: "filtered" };

/** Speaks OpenAI's chat completions, streamed, with any server that has them: vLLM, Ollama, llama.cpp, OpenAI. */
export class OpenAiProvider implements ModelProvider {
  readonly name: string;
  readonly models: readonly ProviderModel[];
  readonly #client: OpenAI;
  readonly #options: OpenAiProviderOptions;

  constructor(options: OpenAiProviderOptions) {
    this.name = options.name;
    this.models = options.models;
    this.#options = options;
    this.#client = new OpenAI({
      ...{ baseURL: options.baseUrl, apiKey: options.apiKey ?? NO_KEY, maxRetries: 0, timeout: PACKAGE_TIMEOUT_MS, logLevel: "off" },
      // Set here, because the package would look for them in the environment.
      ...{ organization: null, project: null, webhookSecret: null },
      fetch: boundedFetch(options.fetch ?? fetch),
    });
  }

  async *generate(request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelPart> {
    let finishReason: string | undefined;
    const calls = new CallReader();
    try {
      const stream = await this.#client.chat.completions.create(this.#body(request), { signal });
      for await (const { choices, usage } of stream) {
        const choice = choices?.[0];
        const text = choice?.delta?.content ?? "";
        const logs = choice?.logprobs?.content?.map(({ logprob }) => logprob);
        if (text !== "") yield { kind: "text", text, ...(logs === undefined ? {} : { logProbabilities: logs }) };
        calls.read(choice?.delta?.tool_calls ?? []);
        if (choice?.finish_reason) finishReason = FINISH_REASONS[choice.finish_reason] ?? "stop";
        if (usage) yield { kind: "usage", promptTokens: usage.prompt_tokens, completionTokens: usage.completion_tokens };
      }
    } catch (error) {
      throw this.#failure(error, signal);
    }
    // The package ends its stream in silence when the signal aborts.
    if (signal.aborted) throw abortError(signal);
    if (finishReason === undefined) throw this.#error("ended its answer before it was complete", { passing: true });
    if (calls.calls.length > 0) yield { kind: "calls", calls: calls.calls };
    yield { kind: "done", finishReason };
  }

  #body(request: ModelRequest) {
    const { model, messages, temperature, maxTokens, stop, seed } = request;
    return {
      ...{ model, messages: openAiMessages(messages), temperature, max_tokens: maxTokens },
      ...openAiTools(request),
      ...(stop.length === 0 ? {} : { stop: [...stop] }),
      ...(seed === undefined ? {} : { seed }),
      ...(this.#options.logProbabilities ? { logprobs: true } : {}),
      ...{ stream: true as const, stream_options: { include_usage: true } },
    };
  }

  #failure(error: unknown, signal: AbortSignal): Error {
    if (signal.aborted || error instanceof APIUserAbortError) return abortError(signal);
    if (error instanceof ProviderError) return error;
    if (error instanceof APIConnectionError && error.cause instanceof ProviderError) return error.cause;
    if (error instanceof APIConnectionError) return this.#error("cannot be reached", { passing: true, cause: error });
    if (error instanceof APIError && typeof error.status === "number") return this.#refusal(error, error.status);
    if (error instanceof APIError) return this.#error(`failed: ${this.#shown(error.message)}`, { passing: true });
    if (error instanceof SyntaxError) return this.#error("answered something else than its protocol says", { passing: true, cause: error });
    return this.#error("broke its answer off", { passing: true, cause: error });
  }

  #refusal(error: InstanceType<typeof APIError>, status: number): ProviderError {
    const passing = status === 408 || status === 409 || status === 425 || status === 429 || status >= 500;
    const retryAfterMs = passing ? retryAfter(error.headers?.get("retry-after") ?? null) : undefined;
    const code = status === 429 ? "resource_exhausted" : passing ? "unavailable" : "failed_precondition";
    const text = `The provider ${this.name} answered with status ${status}: ${this.#shown(error.message)}`;
    return new ProviderError(code, text, { passing, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
  }

  #error(problem: string, details: { readonly passing: boolean; readonly cause?: unknown }): ProviderError {
    return new ProviderError("unavailable", `The provider ${this.name} ${problem}`, details);
  }

  /** Servers quote the key that they refuse. */
  #shown(text: string): string {
    const { apiKey } = this.#options;
    return JSON.stringify((apiKey ? text.replaceAll(apiKey, "***") : text).slice(0, SHOWN_UNITS).toWellFormed());
  }
}

/** Follows no redirect, which would take the key elsewhere, reads no more than an answer can have, and takes one that comes whole for a stream. */
function boundedFetch(send: Fetch): Fetch {
  return async (input, init) => await asEvents(bounded(await send(input, { ...init, redirect: "error" })));
}

function bounded(response: Response): Response {
  if (response.body === null) return response;
  let bytes = 0;
  const counted = response.body.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        bytes += chunk.byteLength;
        if (bytes > MAX_RESPONSE_BYTES) controller.error(new RangeError(`The answer is larger than ${MAX_RESPONSE_BYTES} bytes`));
        else controller.enqueue(chunk);
      },
    }),
  );
  return new Response(counted, { status: response.status, statusText: response.statusText, headers: response.headers });
}

/** Seconds or a date, as RFC 9110 has it; in milliseconds. */
function retryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}
