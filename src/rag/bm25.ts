/**
 * Okapi BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009) over blocks of postings.
 *
 * @module
 */
import { BLOCK_SIZE, eachPosting } from "./postings.ts";

/** How soon repeats of a word stop to count; the usual value. */
const K1 = 1.2;
/** How much longer chunks are held back; chunks are of like lengths, so less than the usual 0.75. */
const B = 0.6;

/** A term of a query with its weight: what one occurrence in a chunk of average length adds to the score. */
export type TermWeights = ReadonlyMap<string, number>;

/** One stored row. */
export interface PostingRow {
  readonly term: string;
  readonly block: number;
  readonly data: Uint8Array;
}

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

/** What one pass over a range of blocks works with. */
export interface ScoreOptions {
  readonly weights: TermWeights;
  readonly averageLength: number;
  /** Only these chunk numbers; undefined for all. */
  readonly allowed: ReadonlySet<number> | undefined;
}

/** Adds the scores of the chunks in these rows to `best`; all rows of a block must be among them. */
export function scoreBlocks(rows: readonly PostingRow[], { weights, averageLength, allowed }: ScoreOptions, best: BestChunks): void {
  const byBlock = Map.groupBy(rows, (row) => row.block);
  const scores = new Float64Array(BLOCK_SIZE);
  // The part of the formula that depends on the length alone, which few values take.
  const norms = new Float64Array(65_536);
  for (const [block, blockRows] of byBlock) {
    scores.fill(0);
    for (const { term, data } of blockRows) {
      const weight = (weights.get(term) ?? 0) * (K1 + 1);
      eachPosting(data, (place, count, length) => {
        const norm = norms[length] ||= K1 * (1 - B + (B * length) / averageLength);
        scores[place]! += (weight * count) / (count + norm);
      });
    }
    for (let place = 0; place < BLOCK_SIZE; place++) {
      const score = scores[place]!;
      if (score <= best.least) continue;
      const chunkNo = block * BLOCK_SIZE + place;
      if (allowed === undefined || allowed.has(chunkNo)) best.add({ chunkNo, score });
    }
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
