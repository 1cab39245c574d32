import type { Kysely } from "kysely";
import type { Filter } from "../core/filter.ts";
import type { Schema } from "../database/schema.ts";
import { BestChunks, type PostingRow, scoreBlocks, type ScoredChunk, type TermWeights } from "./bm25.ts";
import { FEEDBACK_CHUNKS, learnedWeights } from "./feedback.ts";
import { BLOCK_SIZE, blockOf, eachPosting } from "./postings.ts";
import { holdsPhrases, phraseTerms } from "./phrases.ts";
import type { Query } from "./query.ts";
import { type BlockRange, type Collection, readAllowed, readChunks, readFrequencies, readPostings, readTerms } from "./store_reads.ts";

/** Blocks looked through at once: 65,536 chunks, so that memory does not grow with the collection. */
const RANGE_BLOCKS = 32;
/** BM25's own best are kept before the order after feedback, which would spoil pinpoint questions. */
const KEPT_FIRST = 3;
/** Chunks whose text is compared with a phrase in one go. */
const PHRASE_BATCH = 200;

/** What a search by words is about. */
export interface LexicalSearch {
  readonly collection: Collection;
  readonly query: Query;
  readonly filter: Filter | undefined;
  /** The words as they are, without feedback. */
  readonly exact: boolean;
}

/** A chunk with its place in the order; `score` falls and lies in 0 to 1. */
export interface LexicalMatch {
  readonly chunkNo: number;
  readonly score: number;
}

/** Searches by words, over one collection. */
export class LexicalSearcher {
  readonly #db: Kysely<Schema>;
  readonly #search: LexicalSearch;
  readonly #averageLength: number;
  /** Rows already read, while the collection fits one range. */
  readonly #rows = new Map<string, readonly PostingRow[]>();
  #allowed: Set<number> | undefined;

  constructor(db: Kysely<Schema>, search: LexicalSearch) {
    this.#db = db;
    this.#search = search;
    const { chunks, totalLength } = search.collection;
    this.#averageLength = Math.max(1, totalLength / Math.max(1, chunks));
  }

  /** The best chunks, best first. */
  async best(size: number): Promise<readonly LexicalMatch[]> {
    const asked = askedWeights(this.#search.query);
    const first = this.#search.query.phrases.length === 0 ? await this.#ranked(asked, size) : await this.#rankedWithPhrases(asked, size);
    const matches = this.#weighed(first.slice(0, KEPT_FIRST));
    if (this.#search.exact || this.#search.query.phrases.length > 0) return this.#weighed(first);
    const learned = await this.#learn(asked, first);
    if (learned === undefined) return this.#weighed(first);
    const kept = new Set(matches.map((match) => match.chunkNo));
    const rest = (await this.#ranked(learned, size)).filter((chunk) => !kept.has(chunk.chunkNo));
    const ceiling = matches.at(-1)?.score ?? 0;
    return [...matches, ...rest.map(({ chunkNo, score }) => ({ chunkNo, score: ceiling * (score / rest[0]!.score) }))];
  }

  /**
   * How well these chunks match by the words asked for, 0 to 1: `1 - 4^-x` with x the BM25 score in units of a chunk of average length that holds
   * every word once. Those that hold none are left out.
   */
  async similarities(chunkNos: readonly number[]): Promise<Map<number, number>> {
    const best = new BestChunks(chunkNos.length);
    const weights = askedWeights(this.#search.query);
    for (const range of this.#ranges()) {
      const allowed = new Set(chunkNos.filter((chunkNo) => blockOf(chunkNo) >= range.from && blockOf(chunkNo) <= range.to));
      if (allowed.size === 0) continue;
      scoreBlocks(await this.#postings([...weights.keys()], range), { weights, averageLength: this.#averageLength, allowed }, best);
    }
    return new Map(this.#weighed(best.list()).map(({ chunkNo, score }) => [chunkNo, score]));
  }

  #weighed(chunks: readonly ScoredChunk[]): LexicalMatch[] {
    return chunks.map(({ chunkNo, score }) => ({ chunkNo, score: similarity(score, this.#search.query) }));
  }

  async #learn(asked: TermWeights, first: readonly ScoredChunk[]): Promise<TermWeights | undefined> {
    if (first.length === 0) return undefined;
    const { id, chunks } = this.#search.collection;
    const scores = new Map(first.slice(0, FEEDBACK_CHUNKS).map(({ chunkNo, score }) => [chunkNo, score]));
    const read = await readTerms(this.#db, id, [...scores.keys()]);
    const examples = read.map((chunk) => ({ ...chunk, score: scores.get(chunk.chunk_no)! }));
    const df = await readFrequencies(this.#db, id, [...new Set(examples.flatMap((chunk) => chunk.terms))]);
    return learnedWeights(asked, examples, { df, chunks, averageLength: this.#averageLength });
  }

  async #ranked(weights: TermWeights, size: number): Promise<ScoredChunk[]> {
    const best = new BestChunks(size);
    for (const range of this.#ranges()) {
      const rows = await this.#postings([...weights.keys()], range);
      const allowed = await this.#passing(range);
      scoreBlocks(rows, { weights, averageLength: this.#averageLength, allowed }, best);
    }
    return best.list();
  }

  /** As {@link #ranked}, but only chunks in whose text every phrase stands; looks at more until there are enough or no more. */
  async #rankedWithPhrases(weights: TermWeights, size: number): Promise<ScoredChunk[]> {
    for (let candidates = Math.max(PHRASE_BATCH, size * 2);; candidates *= 4) {
      const best = new BestChunks(candidates);
      for (const range of this.#ranges()) {
        const rows = await this.#postings([...weights.keys()], range);
        const allowed = intersection(await this.#passing(range), chunksWithAll(rows, phraseTerms(this.#search.query)));
        scoreBlocks(rows, { weights, averageLength: this.#averageLength, allowed }, best);
      }
      const ranked = best.list();
      const found = await this.#withPhrases(ranked, size);
      if (found.length >= size || ranked.length < candidates) return found;
    }
  }

  async #withPhrases(ranked: readonly ScoredChunk[], size: number): Promise<ScoredChunk[]> {
    const found: ScoredChunk[] = [];
    for (let at = 0; at < ranked.length && found.length < size; at += PHRASE_BATCH) {
      const batch = ranked.slice(at, at + PHRASE_BATCH);
      const rows = await readChunks(this.#db, this.#search.collection.id, batch.map((chunk) => chunk.chunkNo));
      found.push(...batch.filter(({ chunkNo }) => {
        const row = rows.get(chunkNo);
        return row !== undefined && holdsPhrases(row, this.#search.query.phrases);
      }));
    }
    return found.slice(0, size);
  }

  *#ranges(): Generator<BlockRange> {
    const last = blockOf(Math.max(0, this.#search.collection.nextChunk - 1));
    for (let from = 0; from <= last; from += RANGE_BLOCKS) yield { from, to: Math.min(last, from + RANGE_BLOCKS - 1) };
  }

  get #fitsOneRange(): boolean {
    return this.#search.collection.nextChunk <= RANGE_BLOCKS * BLOCK_SIZE;
  }

  async #postings(terms: readonly string[], range: BlockRange): Promise<readonly PostingRow[]> {
    const missing = terms.filter((term) => !this.#rows.has(term));
    const read = missing.length === 0 ? [] : await readPostings(this.#db, this.#search.collection.id, missing, range);
    const known = terms.flatMap((term) => this.#rows.get(term) ?? []);
    if (this.#fitsOneRange) {
      const byTerm = Map.groupBy(read, (row) => row.term);
      for (const term of missing) this.#rows.set(term, byTerm.get(term) ?? []);
    }
    return [...known, ...read];
  }

  async #passing(range: BlockRange): Promise<ReadonlySet<number> | undefined> {
    const { filter, collection } = this.#search;
    if (filter === undefined) return undefined;
    if (this.#allowed !== undefined) return this.#allowed;
    const allowed = await readAllowed(this.#db, collection.id, filter, range);
    if (this.#fitsOneRange) this.#allowed = allowed;
    return allowed;
  }
}

function askedWeights({ words }: Query): TermWeights {
  const weights = new Map<string, number>();
  for (const { terms, times, idf } of words) for (const term of terms) weights.set(term, (weights.get(term) ?? 0) + times * idf);
  return weights;
}

function similarity(score: number, { words }: Query): number {
  const whole = words.reduce((sum, { times, idf }) => sum + times * idf, 0);
  return whole === 0 ? 0 : 1 - 4 ** -(score / whole);
}

/** The chunks that have a term of each group. */
function chunksWithAll(rows: readonly PostingRow[], groups: readonly (readonly string[])[]): Set<number> | undefined {
  let all: Set<number> | undefined;
  for (const group of groups) {
    const having = new Set<number>();
    for (const { term, block, data } of rows) {
      if (group.includes(term)) eachPosting(data, (place) => void having.add(block * BLOCK_SIZE + place));
    }
    all = all === undefined ? having : all.intersection(having);
  }
  return all;
}

function intersection(left: ReadonlySet<number> | undefined, right: ReadonlySet<number> | undefined): ReadonlySet<number> | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return left.intersection(right);
}
