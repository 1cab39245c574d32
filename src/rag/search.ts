import type { Kysely } from "kysely";
import type { Correction, Highlight, ScoreParts, SearchResult } from "../contracts/mod.ts";
import { ChatError } from "../core/errors.ts";
import type { Schema } from "../database/schema.ts";
import { termOf, type Token, tokens } from "../text/analysis.ts";
import type { Embedder, Reranker } from "./embeddings/types.ts";
import { fuse } from "./fuse.ts";
import { LexicalSearcher } from "./lexical.ts";
import { PostingCache } from "./posting_cache.ts";
import { LanguageMemory, type Query, readQuery } from "./query.ts";
import { type ChunkRow, type Collection, readChunks, readOwners } from "./store_reads.ts";
import type { ValidSearch } from "./validate.ts";
import type { VectorSpaces } from "./vector_spaces.ts";
import { nearestChunks } from "./vectors.ts";

/** Chunks that go into fusion and to the reranker at most. */
const CANDIDATES = 100;
const RERANKED = 50;
/** Chunks read for each result, because some belong to documents that have their share already. */
const SPARE = 2;
/** Candidates whose texts are read before it is known which of them are shown. */
const READ_AT_ONCE = 24;
/** For a model server that is slow. */
const MODEL_PATIENCE_MS = 3_000;

/** What one search leaves for the next. */
export class SearchMemory {
  readonly languages = new LanguageMemory();
  readonly postings = new PostingCache();
}

/** What searches work with. */
export interface SearchParts {
  readonly db: Kysely<Schema>;
  readonly embedder: Embedder | undefined;
  readonly reranker: Reranker | undefined;
  readonly memory: SearchMemory;
  readonly spaces: VectorSpaces;
  readonly signal: AbortSignal;
  /** Told about what went wrong without ending the search. */
  readonly onDegraded: (error: unknown) => void;
}

/** A chunk found. */
export interface Found {
  readonly row: ChunkRow;
  readonly similarity: number;
  readonly scores: ScoreParts;
}

/** What a search came to. */
export interface Outcome {
  readonly found: readonly Found[];
  readonly query: Query | undefined;
  readonly corrections: readonly Correction[];
  readonly notices: readonly string[];
  readonly collection: Collection | undefined;
}

interface Candidate {
  readonly chunkNo: number;
  readonly similarity: number;
  readonly vector?: number;
  readonly fused?: number;
  readonly rerank?: number;
}

/** Finds the best chunks, at most so many of one document. */
export async function search(request: ValidSearch, parts: SearchParts): Promise<Outcome> {
  const { db, memory } = parts;
  const read = await readQuery(db, request, memory.languages);
  if (read === undefined || read.collection.chunks === 0) {
    return { found: [], query: undefined, corrections: [], notices: [], collection: read?.collection };
  }
  const { collection, query } = read;
  const notices: string[] = [];
  const { filter, exact } = request;
  const searcher = new LexicalSearcher(db, { collection, query, filter, exact, postings: memory.postings });
  const near = await byMeaning(request, collection, parts, notices);
  const finish = (found: readonly Found[]): Outcome => ({ found, query, corrections: query.corrections, notices, collection });
  for (let size = Math.max(request.topK * SPARE, 10);; size *= 4) {
    const lexical = await searcher.best(near === undefined ? size : Math.max(size, CANDIDATES));
    let candidates: readonly Candidate[] = lexical.map(({ chunkNo, score }) => ({ chunkNo, similarity: score }));
    if (near !== undefined) candidates = fuse(lexical, near, query.phrases.length > 0);
    if (parts.reranker !== undefined) candidates = await rerank(request, { candidates, collection, parts, notices });
    const chosen = await choose(request, candidates, { collection, db });
    if (chosen.length >= request.topK || lexical.length < size || below(candidates, request.threshold)) {
      return finish(await withScores(chosen, searcher));
    }
  }
}

interface Chosen {
  readonly candidate: Candidate;
  readonly row: ChunkRow;
}

/** The best of each document, at most as many as asked for, all above the threshold. */
async function choose(
  request: ValidSearch,
  candidates: readonly Candidate[],
  { collection, db }: { readonly collection: Collection; readonly db: Kysely<Schema> },
): Promise<readonly Chosen[]> {
  const chunkNos = candidates.map((candidate) => candidate.chunkNo);
  // Texts of a few too many take less time than another statement.
  const rows = chunkNos.length <= READ_AT_ONCE ? await readChunks(db, collection.id, chunkNos) : undefined;
  const owners = rows === undefined ? await readOwners(db, collection.id, chunkNos) : ownersOf(rows);
  const chosen = shares(candidates, owners, request);
  const texts = rows ?? await readChunks(db, collection.id, chosen.map((candidate) => candidate.chunkNo));
  return chosen.flatMap((candidate) => {
    const row = texts.get(candidate.chunkNo);
    return row === undefined ? [] : [{ candidate, row }];
  });
}

function ownersOf(rows: ReadonlyMap<number, ChunkRow>): Map<number, string> {
  return new Map(Array.from(rows, ([chunkNo, row]) => [chunkNo, row.document_id]));
}

async function withScores(chosen: readonly Chosen[], searcher: LexicalSearcher): Promise<readonly Found[]> {
  const lexical = await searcher.similarities(chosen.map(({ candidate }) => candidate.chunkNo));
  return chosen.map(({ candidate: { chunkNo, similarity, ...scores }, row }) => {
    return { row, similarity, scores: { lexical: lexical.get(chunkNo) ?? 0, ...scores } };
  });
}

/** The best of each document, at most as many as asked for, all above the threshold. */
function shares(
  candidates: readonly Candidate[],
  owners: ReadonlyMap<number, string>,
  { topK, threshold, chunksPerDocument }: ValidSearch,
): Candidate[] {
  const taken = new Map<string, number>();
  const kept = candidates.filter(({ chunkNo, similarity }) => {
    const owner = owners.get(chunkNo);
    const count = taken.get(owner ?? "") ?? 0;
    if (owner === undefined || count >= chunksPerDocument || similarity < threshold) return false;
    taken.set(owner, count + 1);
    return true;
  });
  return kept.slice(0, topK);
}

function below(candidates: readonly Candidate[], threshold: number): boolean {
  return threshold > 0 && (candidates.at(-1)?.similarity ?? 0) < threshold;
}

/** The nearest chunks by embedding; undefined without embeddings, or when their server does not answer, of which a notice tells. */
async function byMeaning(request: ValidSearch, collection: Collection, parts: SearchParts, notices: string[]) {
  const { embedder, db, signal, spaces } = parts;
  if (embedder === undefined || request.exact) return undefined;
  try {
    const [vector] = await soon(signal, (inTime) => embedder.embed([request.query], inTime));
    if (vector === undefined) throw new Error("The embedding server gave no vector for the query");
    const space = await spaces.find(embedder.model, vector.length);
    const near = await nearestChunks(
      db,
      { collection, model: embedder.model, vector, filter: request.filter, size: CANDIDATES },
      space,
    );
    if (near.length === 0) notices.push("No document here has embeddings of the configured model: the search went by words alone");
    return near.length === 0 ? undefined : near;
  } catch (error) {
    if (signal.aborted) throw error;
    parts.onDegraded(error);
    notices.push("The embedding server could not be used: the search went by words alone");
    return undefined;
  }
}

interface Reranking {
  readonly candidates: readonly Candidate[];
  readonly collection: Collection;
  readonly parts: SearchParts;
  readonly notices: string[];
}

async function rerank(request: ValidSearch, { candidates, collection, parts, notices }: Reranking): Promise<readonly Candidate[]> {
  const { reranker, signal, db } = parts;
  const rows = await readChunks(db, collection.id, candidates.slice(0, RERANKED).map((candidate) => candidate.chunkNo));
  const shown = candidates.slice(0, RERANKED).filter((candidate) => rows.has(candidate.chunkNo));
  if (reranker === undefined || shown.length === 0) return candidates;
  try {
    const texts = shown.map((candidate) => rows.get(candidate.chunkNo)!.content);
    const scores = await soon(signal, (inTime) => reranker.rerank(request.query, texts, inTime));
    const shares = toShares(scores);
    const judged = shown.map((candidate, index) => ({ ...candidate, similarity: shares[index] ?? 0, rerank: shares[index] ?? 0 }));
    const sorted = judged.toSorted((left, right) => right.rerank - left.rerank);
    const ceiling = sorted.at(-1)!.rerank;
    const rest = candidates.slice(RERANKED).map((candidate) => ({ ...candidate, similarity: candidate.similarity * ceiling }));
    return [...sorted, ...rest];
  } catch (error) {
    if (signal.aborted) throw error;
    parts.onDegraded(error);
    const notice = "The reranker could not be used: the results stand in the order of the search";
    if (!notices.includes(notice)) notices.push(notice);
    return candidates;
  }
}

/** Gives a model server less time than a person's patience: the search goes on without it. */
async function soon<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const late = new AbortController();
  const timer = setTimeout(
    () => late.abort(new ChatError("deadline_exceeded", `No answer within ${MODEL_PATIENCE_MS} ms`)),
    MODEL_PATIENCE_MS,
  );
  try {
    return await work(AbortSignal.any([signal, late.signal]));
  } finally {
    clearTimeout(timer);
  }
}

/** Rerankers give shares of 1, or logits: then one of them at least lies outside of 0 to 1. */
function toShares(scores: readonly number[]): readonly number[] {
  const areShares = scores.every((score) => score >= 0 && score <= 1);
  return areShares ? scores : scores.map((score) => 1 / (1 + Math.exp(-score)));
}

/** A chunk found, as clients see it. */
export function toResult({ row, similarity, scores }: Found, query: Query | undefined): SearchResult {
  return {
    documentId: row.document_id,
    content: row.content,
    similarityScore: similarity,
    metadata: row.metadata,
    title: row.title,
    chunkIndex: row.ordinal,
    start: row.start_at,
    end: row.end_at,
    heading: row.heading,
    scores,
    highlights: query === undefined ? [] : highlights(row, query),
  };
}

/** Where the query's words stand in the chunk; neighbouring pairs of a script without spaces become one range, and of a word of which only parts are asked for those. */
function highlights({ content, start_at, language }: ChunkRow, { words }: Query): Highlight[] {
  const wanted = new Set(words.flatMap((word) => word.terms));
  const isWanted = (token: Token) => {
    const term = termOf(token, language);
    return term !== undefined && wanted.has(term);
  };
  const found: { start: number; end: number }[] = [];
  for (const token of tokens(content).flatMap((token) => isWanted(token) ? token : token.parts.filter(isWanted))) {
    const [start, end] = [start_at + token.start, start_at + token.end];
    const last = found.at(-1);
    if (token.paired && last !== undefined && last.end > start) last.end = end;
    else found.push({ start, end });
  }
  return found;
}
