import type { Kysely } from "kysely";
import type { Filter } from "../core/filter.ts";
import type { Schema } from "../database/schema.ts";
import { BestChunks, LengthNorms, scoreBlock, type ScoredChunk, type TermWeights } from "./bm25.ts";
import { FEEDBACK_CHUNKS, learnedWeights } from "./feedback.ts";
import { Passing } from "./passing.ts";
import { BLOCK_SIZE, blockOf, markPlaces } from "./postings.ts";
import { type BlockRange, type PostingCache, RANGE_BLOCKS, rangesOf } from "./posting_cache.ts";
import { PhraseMatcher, phraseTerms } from "./phrases.ts";
import { type Query, unseen } from "./query.ts";
import { type ChunkTerms, type Collection, readPassages, readTerms } from "./store_reads.ts";

/** BM25's own best are kept before the order after feedback, which would spoil pinpoint questions. */
const KEPT_FIRST = 3;
/** Chunks whose text is compared with a phrase in one go: at first, and at most. */
const PHRASE_BATCH = 50;
const MAX_PHRASE_BATCH = 200;
/** Best chunks that are looked at first when not each will do, and by how much more when too few did. */
const FIRST_LOOK = 256;
const LOOK_FURTHER = 16;
/** Blocks scored before other work gets a turn: a few milliseconds. */
const BLOCKS_A_TURN = 4 * RANGE_BLOCKS;

/** What a search by words is about. */
export interface LexicalSearch {
  readonly collection: Collection;
  readonly query: Query;
  readonly filter: Filter | undefined;
  /** The words as they are, without feedback. */
  readonly exact: boolean;
  readonly postings: PostingCache;
}

/** A chunk with its place in the order; `score` falls and lies in 0 to 1. */
export interface LexicalMatch {
  readonly chunkNo: number;
  readonly score: number;
}

type TermPostings = ReadonlyMap<string, readonly (Uint8Array | undefined)[]>;
/** The places of a block that may be found, one byte each; undefined for all. */
type Allow = (block: number, postings: TermPostings, range: BlockRange) => Uint8Array | undefined;

/** Searches by words, over one collection. */
export class LexicalSearcher {
  readonly #db: Kysely<Schema>;
  readonly #search: LexicalSearch;
  readonly #asked: TermWeights;
  readonly #averageLength: number;
  readonly #norms: LengthNorms;
  readonly #passing: Passing | undefined;
  readonly #phrases: PhraseMatcher;

  constructor(db: Kysely<Schema>, search: LexicalSearch) {
    this.#db = db;
    this.#search = search;
    const { filter, collection } = search;
    this.#asked = askedWeights(search.query);
    this.#phrases = new PhraseMatcher(search.query.phrases);
    this.#averageLength = Math.max(1, collection.totalLength / Math.max(1, collection.chunks));
    this.#norms = new LengthNorms(this.#averageLength);
    this.#passing = filter === undefined ? undefined : new Passing(db, { collection, filter });
  }

  /** The best chunks, best first. */
  async best(size: number): Promise<readonly LexicalMatch[]> {
    const hasPhrases = this.#search.query.phrases.length > 0;
    const first = hasPhrases ? await this.#rankedWithPhrases(size) : await this.#ranked(this.#asked, size);
    const matches = this.#weighed(first.slice(0, KEPT_FIRST));
    if (this.#search.exact || hasPhrases) return this.#weighed(first);
    const learned = await this.#learn(first);
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
    const byBlock = Map.groupBy(chunkNos, blockOf);
    for (const range of rangesOf(this.#search.collection)) {
      const blocks = [...byBlock.keys()].filter((block) => block >= range.from && block <= range.to);
      if (blocks.length === 0) continue;
      await this.#scoreRange(this.#asked, { from: Math.min(...blocks), to: Math.max(...blocks) }, best, (block) => {
        return marked((byBlock.get(block) ?? []).map((chunkNo) => chunkNo % BLOCK_SIZE));
      });
    }
    return new Map(this.#weighed(best.list()).map(({ chunkNo, score }) => [chunkNo, score]));
  }

  #weighed(chunks: readonly ScoredChunk[]): LexicalMatch[] {
    return chunks.map(({ chunkNo, score }) => ({ chunkNo, score: similarity(score, this.#search.query) }));
  }

  async #learn(first: readonly ScoredChunk[]): Promise<TermWeights | undefined> {
    if (first.length === 0) return undefined;
    const { collection } = this.#search;
    const { id, chunks } = collection;
    const scores = new Map(first.slice(0, FEEDBACK_CHUNKS).map(({ chunkNo, score }) => [chunkNo, score]));
    const read = await readTerms(this.#db, id, [...scores.keys()]);
    // Stop words that short texts kept teach nothing.
    const telling = new Map([...read.frequencies].filter(([term]) => unseen(term, collection) === 0));
    const examples = read.chunks.map((chunk) => ({ ...only(telling, chunk), score: scores.get(chunk.chunkNo)! }));
    return learnedWeights(this.#asked, examples, { df: telling, chunks, averageLength: this.#averageLength });
  }

  /** The best chunks that pass the filter: of the best without it as long as enough of them do, else of all that do. */
  async #ranked(weights: TermWeights, size: number): Promise<ScoredChunk[]> {
    const passing = this.#passing;
    if (passing === undefined) return await this.#scored(weights, size);
    for (let look = Math.max(FIRST_LOOK, 2 * size); !passing.knowsAll && look < BLOCK_SIZE * RANGE_BLOCKS; look *= LOOK_FURTHER) {
      const ranked = await this.#scored(weights, look);
      const passed = await passing.of(ranked.slice(0, look));
      if (passed.length >= size || ranked.length < look) return passed.slice(0, size);
    }
    const best = new BestChunks(size);
    for (const range of rangesOf(this.#search.collection)) {
      const allowed = await passing.inRange(range);
      await this.#scoreRange(weights, range, best, (block) => {
        return allowed.subarray((block - range.from) * BLOCK_SIZE, (block - range.from + 1) * BLOCK_SIZE);
      });
    }
    return best.list();
  }

  /** As {@link #ranked}, but only chunks in whose text every phrase stands; looks at more until there are enough or no more. */
  async #rankedWithPhrases(size: number): Promise<ScoredChunk[]> {
    const groups = phraseTerms(this.#search.query);
    const found: ScoredChunk[] = [];
    for (let look = Math.max(FIRST_LOOK, 2 * size), seen = 0;; look *= LOOK_FURTHER) {
      const ranked = await this.#scored(this.#asked, look, (block, postings, range) => holdersOfAll(groups, postings, block - range.from));
      for (let batch = PHRASE_BATCH; seen < ranked.length && found.length < size; batch = Math.min(MAX_PHRASE_BATCH, 2 * batch)) {
        const texts = ranked.slice(seen, seen + batch);
        found.push(...await this.#withPhrases(texts));
        seen += texts.length;
      }
      if (found.length >= size || ranked.length < look) return found.slice(0, size);
    }
  }

  async #withPhrases(batch: readonly ScoredChunk[]): Promise<ScoredChunk[]> {
    const { collection, filter } = this.#search;
    const rows = await readPassages(this.#db, collection.id, { chunkNos: batch.map((chunk) => chunk.chunkNo), filter });
    return batch.filter(({ chunkNo }) => {
      const row = rows.get(chunkNo);
      return row !== undefined && this.#phrases.holds(row);
    });
  }

  async #scored(weights: TermWeights, size: number, allow?: Allow): Promise<ScoredChunk[]> {
    const best = new BestChunks(size);
    for (const range of rangesOf(this.#search.collection)) {
      await this.#scoreRange(weights, range, best, allow);
      if ((range.to + 1) % BLOCKS_A_TURN === 0) await new Promise((resolve) => setTimeout(resolve));
    }
    return best.list();
  }

  async #scoreRange(weights: TermWeights, range: BlockRange, best: BestChunks, allow?: Allow): Promise<void> {
    const { postings: cache, collection } = this.#search;
    const postings = await cache.read(this.#db, collection, { terms: [...weights.keys()], range });
    const terms = Array.from(postings, ([term, data]) => ({ weight: weights.get(term)!, data }));
    for (let block = range.from; block <= range.to; block++) {
      const rows = terms.flatMap(({ weight, data }) => {
        const bytes = data[block - range.from];
        return bytes === undefined ? [] : [{ weight, data: bytes }];
      });
      if (rows.length > 0) scoreBlock(block, rows, { norms: this.#norms, allowed: allow?.(block, postings, range) }, best);
    }
  }
}

/** What a chunk says in these terms. */
function only(terms: ReadonlyMap<string, number>, chunk: ChunkTerms): ChunkTerms {
  const kept = chunk.terms.map((term, index) => ({ term, count: chunk.counts[index]! })).filter(({ term }) => terms.has(term));
  return { ...chunk, terms: kept.map(({ term }) => term), counts: kept.map(({ count }) => count) };
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

function marked(places: readonly number[]): Uint8Array {
  const marks = new Uint8Array(BLOCK_SIZE);
  for (const place of places) marks[place] = 1;
  return marks;
}

/** The places of a block whose chunks have a term of each group. */
function holdersOfAll(groups: readonly (readonly string[])[], postings: TermPostings, offset: number): Uint8Array | undefined {
  let all: Uint8Array | undefined;
  for (const group of groups) {
    const having = new Uint8Array(BLOCK_SIZE);
    for (const term of group) markPlaces(postings.get(term)?.[offset] ?? new Uint8Array(), having);
    if (all === undefined) all = having;
    else for (let place = 0; place < BLOCK_SIZE; place++) all[place]! &= having[place]!;
  }
  return all;
}
