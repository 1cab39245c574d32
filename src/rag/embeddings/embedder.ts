import type { ChatError } from "../../core/errors.ts";
import { ModelServer, ModelServerError, type ModelServerOptions } from "./model_server.ts";
import type { Embedder } from "./types.ts";

/** What every server of this kind takes at once; text-embeddings-inference allows 32 by default. */
const MAX_BATCH_TEXTS = 32;
const MAX_BATCH_UNITS = 200_000;
const PAYLOAD_TOO_LARGE = 413;

/** An embedder that asks any server with OpenAI's `POST /embeddings`: OpenAI, vLLM, Ollama, llama.cpp, LM Studio, text-embeddings-inference. */
export function createEmbedder(options: ModelServerOptions): Embedder {
  return new HttpEmbedder(options);
}

class HttpEmbedder implements Embedder {
  readonly model: string;
  readonly #server: ModelServer;
  /** The size of the first vector ever: another one cannot be compared with it. */
  #size: number | undefined;

  constructor(options: ModelServerOptions) {
    this.model = options.model;
    this.#server = new ModelServer("embedding server", options);
  }

  async embed(texts: readonly string[], signal: AbortSignal): Promise<readonly Float32Array[]> {
    const vectors: Float32Array[] = [];
    for (const batch of batches(texts)) vectors.push(...await this.#embed(batch, signal));
    return vectors;
  }

  async #embed(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]> {
    try {
      const body = { model: this.model, input: texts, encoding_format: "float" };
      return this.#vectors(await this.#server.post("embeddings", body, signal), texts.length);
    } catch (error) {
      if (!(error instanceof ModelServerError) || error.status !== PAYLOAD_TOO_LARGE || texts.length === 1) throw error;
      const half = texts.length >> 1;
      return [...await this.#embed(texts.slice(0, half), signal), ...await this.#embed(texts.slice(half), signal)];
    }
  }

  #vectors(answer: unknown, count: number): Float32Array[] {
    const data = (answer as { readonly data?: unknown } | null)?.data;
    if (!Array.isArray(data) || data.length !== count) {
      throw this.#wrong(`answered with ${Array.isArray(data) ? data.length : "no"} vectors for ${count} texts`);
    }
    const vectors: Float32Array[] = [];
    for (const [place, entry] of data.entries()) {
      const { index = place, embedding } = (entry ?? {}) as { readonly index?: unknown; readonly embedding?: unknown };
      if (!Number.isInteger(index) || (index as number) < 0 || (index as number) >= count || vectors[index as number] !== undefined) {
        throw this.#wrong(`answered with a vector for text ${String(index)} of ${count}, or with two for it`);
      }
      vectors[index as number] = this.#vector(embedding);
    }
    return vectors;
  }

  #vector(embedding: unknown): Float32Array {
    const vector = toFloats(embedding);
    if (vector === undefined || vector.length === 0) throw this.#wrong("answered with something else than a vector of numbers");
    if (!vector.every(Number.isFinite)) throw this.#wrong("answered with a vector that holds something else than finite numbers");
    this.#size ??= vector.length;
    if (vector.length !== this.#size) {
      throw this.#wrong(`answered with a vector of ${vector.length} numbers, where model ${this.model} gave ${this.#size} before`);
    }
    return vector;
  }

  #wrong(problem: string): ChatError {
    return this.#server.wrong(problem);
  }
}

/** Numbers, or base64 of little-endian floats, which some servers send whatever was asked for. */
function toFloats(embedding: unknown): Float32Array | undefined {
  if (Array.isArray(embedding)) {
    return Float32Array.from(embedding, (value) => typeof value === "number" ? value : NaN);
  }
  if (typeof embedding !== "string") return undefined;
  try {
    const bytes = Uint8Array.fromBase64(embedding);
    return bytes.length % 4 === 0 ? new Float32Array(bytes.buffer) : undefined;
  } catch {
    return undefined;
  }
}

function* batches(texts: readonly string[]): Generator<readonly string[]> {
  let batch: string[] = [];
  let units = 0;
  for (const text of texts) {
    if (batch.length > 0 && (batch.length >= MAX_BATCH_TEXTS || units + text.length > MAX_BATCH_UNITS)) {
      yield batch;
      [batch, units] = [[], 0];
    }
    batch.push(text);
    units += text.length;
  }
  if (batch.length > 0) yield batch;
}
