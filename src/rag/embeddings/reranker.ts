import { ModelServer, ModelServerError, type ModelServerOptions } from "./model_server.ts";
import type { Reranker } from "./types.ts";

/** How a server that wants other field names refuses. */
const WANTS_OTHER_FIELDS = [400, 422];

/** A reranker that asks a server with `POST /rerank`: Jina, Cohere, vLLM, llama.cpp, and text-embeddings-inference, whose fields have other names. */
export function createReranker(options: ModelServerOptions): Reranker {
  return new HttpReranker(options);
}

class HttpReranker implements Reranker {
  readonly #model: string;
  readonly #server: ModelServer;
  /** What the server calls the texts, once that is known. */
  #field: "documents" | "texts" | undefined;

  constructor(options: ModelServerOptions) {
    this.#model = options.model;
    this.#server = new ModelServer("reranking server", options);
  }

  async rerank(query: string, texts: readonly string[], signal: AbortSignal): Promise<readonly number[]> {
    if (texts.length === 0) return [];
    return this.#scores(await this.#ask(query, texts, signal), texts.length);
  }

  async #ask(query: string, texts: readonly string[], signal: AbortSignal): Promise<unknown> {
    const documents = { model: this.#model, query, documents: texts, top_n: texts.length, return_documents: false };
    const plain = { query, texts, raw_scores: false, return_text: false, truncate: true };
    if (this.#field === "texts") return await this.#server.post("rerank", plain, signal);
    try {
      const answer = await this.#server.post("rerank", documents, signal);
      this.#field = "documents";
      return answer;
    } catch (error) {
      const otherFields = error instanceof ModelServerError && WANTS_OTHER_FIELDS.includes(error.status) && this.#field === undefined;
      if (!otherFields) throw error;
      const answer = await this.#server.post("rerank", plain, signal);
      this.#field = "texts";
      return answer;
    }
  }

  #scores(answer: unknown, count: number): number[] {
    const list = Array.isArray(answer) ? answer : (answer as { readonly results?: unknown } | null)?.results;
    if (!Array.isArray(list)) throw this.#server.wrong("answered without a list of results");
    const scores = new Map<number, number>();
    for (const entry of list) {
      const { index, relevance_score, score = relevance_score } = (entry ?? {}) as Readonly<Record<string, unknown>>;
      if (!Number.isInteger(index) || (index as number) < 0 || (index as number) >= count) {
        throw this.#server.wrong(`answered with a score for text ${String(index)} of ${count}`);
      }
      if (typeof score !== "number" || !Number.isFinite(score)) {
        throw this.#server.wrong(`answered with a score that is no finite number: ${String(score)}`);
      }
      scores.set(index as number, score);
    }
    if (scores.size !== count) throw this.#server.wrong(`answered with ${scores.size} scores for ${count} texts`);
    return Array.from({ length: count }, (_, index) => scores.get(index)!);
  }
}
