/**
 * Turns texts into vectors. One vector for each text, in order, all of one size, finite, not made unit length. Throws `ChatError`:
 * `unavailable` when the server cannot be reached, is too slow or keeps refusing for now, `failed_precondition` when it refuses for good or
 * answers something else than vectors, the signal's reason when that fires.
 */
export interface Embedder {
  /** The model's name: vectors of different models do not compare. */
  readonly model: string;
  embed(texts: readonly string[], signal: AbortSignal): Promise<readonly Float32Array[]>;
}

/** Judges how well each text answers a query: one finite number for each text, in order, on the model's own scale, greater is better. Throws as {@link Embedder} does. */
export interface Reranker {
  rerank(query: string, texts: readonly string[], signal: AbortSignal): Promise<readonly number[]>;
}
