import type { LexicalMatch } from "./lexical.ts";

/** A chunk by its embedding. */
export interface NearChunk {
  readonly chunkNo: number;
  /** -1 to 1. */
  readonly cosine: number;
}

/** A chunk by words and by meaning; both scores lie in 0 to 1. */
export interface FusedMatch {
  readonly chunkNo: number;
  readonly similarity: number;
  readonly vector?: number;
  readonly fused: number;
}

/**
 * Joins two rankings: each is stretched so that its best is 1 and its worst 0 (min-max), and both count half (Bruch et al., "An Analysis of
 * Fusion Functions for Hybrid Retrieval", 2023). What one of them did not find counts 0 there. `lexicalOnly` keeps chunks that words found.
 */
export function fuse(lexical: readonly LexicalMatch[], near: readonly NearChunk[], lexicalOnly: boolean): FusedMatch[] {
  const byWords = stretched(lexical.map(({ chunkNo, score }) => [chunkNo, score]));
  const byMeaning = stretched(near.map(({ chunkNo, cosine }) => [chunkNo, cosine]));
  const cosines = new Map(near.map(({ chunkNo, cosine }) => [chunkNo, cosine]));
  const chunkNos = lexicalOnly ? byWords.keys() : new Set([...byWords.keys(), ...byMeaning.keys()]);
  return Array.from(chunkNos, (chunkNo) => {
    const fused = ((byWords.get(chunkNo) ?? 0) + (byMeaning.get(chunkNo) ?? 0)) / 2;
    const vector = cosines.get(chunkNo);
    return { chunkNo, similarity: fused, fused, ...(vector === undefined ? {} : { vector }) };
  }).toSorted((left, right) => right.fused - left.fused || left.chunkNo - right.chunkNo);
}

function stretched(scores: readonly (readonly [number, number])[]): Map<number, number> {
  const values = scores.map(([, score]) => score);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return new Map(scores.map(([chunkNo, score]) => [chunkNo, most === least ? 1 : (score - least) / (most - least)]));
}
