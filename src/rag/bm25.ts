/**
 * Okapi BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009) over blocks of postings.
 *
 * @module
 */
import { BLOCK_SIZE, ENTRY_BYTES } from "./postings.ts";

/** How soon repeats of a word stop to count; the usual value. */
const K1 = 1.2;
/** How much longer chunks are held back; chunks are of like lengths, so less than the usual 0.75. */
const B = 0.6;

/** A term of a query with its weight: what one occurrence in a chunk of average length adds to the score. */
export type TermWeights = ReadonlyMap<string, number>;

/** A chunk and its score. */
export interface ScoredChunk {
  readonly chunkNo: number;
  readonly score: number;
}

/** How much a term tells, by in how many of the chunks it occurs; above 0 always. */
export function inverseFrequency(df: number, chunks: number): number {
  return Math.log(1 + (Math.max(chunks, df) - df + 0.5) / (df + 0.5));
}

/** What a term that occurs `count` times in a chunk of this length counts, in occurrences in a chunk of average length: 0 to 2.2. */
export function saturation(count: number, length: number, averageLength: number): number {
  return (count * (K1 + 1)) / (count + K1 * (1 - B + (B * length) / averageLength));
}

/** The postings of a term in one block, with the weight of the term. */
export interface WeightedPostings {
  readonly weight: number;
  readonly data: Uint8Array;
}

/** The part of the formula that depends on a chunk's length alone, for each length that most chunks have; others are worked out. */
export class LengthNorms {
  readonly #averageLength: number;
  readonly #known = new Float64Array(1_024);

  constructor(averageLength: number) {
    this.#averageLength = averageLength;
    for (let length = 0; length < this.#known.length; length++) this.#known[length] = this.#norm(length);
  }

  of(length: number): number {
    return length < this.#known.length ? this.#known[length]! : this.#norm(length);
  }

  #norm(length: number): number {
    return K1 * (1 - B + (B * length) / this.#averageLength);
  }
}

/** Sums of the block at hand: scoring never waits, so all searches can share it. */
const sums = new Float64Array(BLOCK_SIZE);

/**
 * Adds the chunks of one block to `best`, where `allowed` has a 1 at their place, or all. Equal calls give equal scores: sums are taken in the
 * order of the rows.
 */
export function scoreBlock(
  block: number,
  rows: readonly WeightedPostings[],
  { norms, allowed }: { readonly norms: LengthNorms; readonly allowed: Uint8Array | undefined },
  best: BestChunks,
): void {
  sums.fill(0);
  for (const { weight, data } of rows) {
    const full = weight * (K1 + 1);
    for (let at = 0; at + ENTRY_BYTES <= data.length; at += ENTRY_BYTES) {
      const count = data[at + 2]!;
      const length = data[at + 3]! | (data[at + 4]! << 8);
      sums[data[at]! | (data[at + 1]! << 8)]! += (full * count) / (count + norms.of(length));
    }
  }
  for (let place = 0, least = best.least; place < BLOCK_SIZE; place++) {
    const score = sums[place]!;
    if (score <= least || (allowed !== undefined && allowed[place] !== 1)) continue;
    best.add({ chunkNo: block * BLOCK_SIZE + place, score });
    least = best.least;
  }
}

/** The best so many chunks of those added; of equal scores the lower number is better. */
export class BestChunks {
  readonly #size: number;
  /** A heap whose first is the worst. */
  readonly #heap: ScoredChunk[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  /** What a score must exceed to get in. */
  get least(): number {
    return this.#heap.length < this.#size ? 0 : this.#heap[0]!.score;
  }

  add(chunk: ScoredChunk): void {
    if (this.#heap.length < this.#size) {
      this.#heap.push(chunk);
      this.#up(this.#heap.length - 1);
    } else if (worse(this.#heap[0]!, chunk)) {
      this.#heap[0] = chunk;
      this.#down();
    }
  }

  /** Best first. */
  list(): ScoredChunk[] {
    return this.#heap.toSorted((left, right) => worse(left, right) ? 1 : -1);
  }

  #up(index: number): void {
    for (let at = index; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!worse(this.#heap[at]!, this.#heap[parent]!)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #down(): void {
    for (let at = 0;;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < this.#heap.length && worse(this.#heap[child]!, this.#heap[least]!)) least = child;
      }
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #swap(left: number, right: number): void {
    [this.#heap[left], this.#heap[right]] = [this.#heap[right]!, this.#heap[left]!];
  }
}

function worse(left: ScoredChunk, right: ScoredChunk): boolean {
  return left.score < right.score || (left.score === right.score && left.chunkNo > right.chunkNo);
}
