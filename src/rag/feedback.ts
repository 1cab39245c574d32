/**
 * Pseudo relevance feedback after Rocchio ("Relevance feedback in information retrieval", 1971): the query moves towards the best matches.
 *
 * @module
 */
import { inverseFrequency, saturation, type TermWeights } from "./bm25.ts";

/** How many of the best chunks are learned from, and how many terms are learned. */
export const FEEDBACK_CHUNKS = 5;
const LEARNED_TERMS = 20;
/** How much what is learned weighs against what was asked. */
const BETA = 0.75;

/** A chunk to learn from. */
export interface FeedbackChunk {
  readonly terms: readonly string[];
  readonly counts: readonly number[];
  readonly length: number;
  /** How well it matched what was asked: better matches teach more. */
  readonly score: number;
}

/** What the collection says about terms. */
export interface Frequencies {
  readonly df: ReadonlyMap<string, number>;
  readonly chunks: number;
  readonly averageLength: number;
}

/** The weights of the query after feedback: those asked for plus the {@link LEARNED_TERMS} that weigh most in the chunks. */
export function learnedWeights(asked: TermWeights, chunks: readonly FeedbackChunk[], frequencies: Frequencies): TermWeights {
  const center = new Map<string, number>();
  for (const { terms, counts, length, score } of chunks) {
    const weights = terms.map((term, index) => saturation(counts[index] ?? 0, length, frequencies.averageLength) * idf(term, frequencies));
    // Of equal length, so that a chunk teaches by what it is about and not by how much it says.
    const share = score / (norm(weights) || 1);
    for (const [index, term] of terms.entries()) center.set(term, (center.get(term) ?? 0) + weights[index]! * share);
  }
  const learned = [...center].toSorted(([left, a], [right, b]) => b - a || (left < right ? -1 : 1)).slice(0, LEARNED_TERMS);
  const scale = norm(asked.values()) / (norm(learned.map(([, weight]) => weight)) || 1);
  const weights = new Map(asked);
  for (const [term, weight] of learned) weights.set(term, (weights.get(term) ?? 0) + BETA * weight * scale);
  return weights;
}

function idf(term: string, { df, chunks }: Frequencies): number {
  return inverseFrequency(df.get(term) ?? 0, chunks);
}

function norm(values: Iterable<number>): number {
  let squares = 0;
  for (const value of values) squares += value * value;
  return Math.sqrt(squares);
}
