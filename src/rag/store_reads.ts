import { type Kysely, sql } from "kysely";
import type { Filter } from "../core/filter.ts";
import { metadataCondition } from "../database/metadata_filter.ts";
import type { Schema } from "../database/schema.ts";
import { BLOCK_SIZE } from "./postings.ts";

/** A collection's exact counts. */
export interface Collection {
  readonly id: number;
  readonly chunks: number;
  readonly totalLength: number;
  /** How many blocks its chunk numbers reach into. */
  readonly blocks: number;
  /** The version of the collection that last changed each block; 0 for a block that is left out. */
  readonly versions: ReadonlyMap<number, number>;
  /** Languages of its documents, the most frequent first, each with its share of them. */
  readonly languages: ReadonlyMap<string, number>;
}

/** A chunk with what is needed to show and to weigh it. */
export interface ChunkRow {
  readonly chunk_no: number;
  readonly document_id: string;
  readonly ordinal: number;
  readonly start_at: number;
  readonly end_at: number;
  readonly heading: string;
  readonly content: string;
  readonly title: string;
  readonly language: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A document's row without its content. */
export interface DocumentRow {
  readonly document_id: string;
  readonly title: string;
  readonly media_type: string;
  readonly language: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly chunk_count: number;
  readonly version: number;
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
}

/** A collection and its frequencies of some terms, both of one moment. */
export interface CollectionState {
  readonly collection: Collection;
  /** In how many chunks each of the terms occurs; terms that do not occur are left out. */
  readonly frequencies: Map<string, number>;
}

/** Undefined when nobody has written to it. */
export async function readCollection(
  db: Kysely<Schema>,
  collection: string,
  terms: readonly string[],
): Promise<CollectionState | undefined> {
  const { rows: [row] } = await sql<{
    readonly id: number;
    readonly chunks: number;
    readonly total_length: number;
    readonly next_chunk: number;
    readonly languages: Readonly<Record<string, number>>;
    readonly versions: Readonly<Record<string, number>> | null;
    readonly frequencies: Readonly<Record<string, number>> | null;
  }>`
    select id, chunks, total_length, next_chunk, languages,
      (select json_object_agg(block, version) from rag_blocks where collection_id = id) as versions,
      (select json_object_agg(term, df) from rag_terms where collection_id = id and term = any(${terms}::text[])) as frequencies
    from rag_collections where collection = ${collection}`.execute(db);
  if (row === undefined) return undefined;
  return {
    collection: {
      id: row.id,
      chunks: row.chunks,
      totalLength: row.total_length,
      blocks: Math.ceil(row.next_chunk / BLOCK_SIZE),
      versions: new Map(Object.entries(row.versions ?? {}).map(([block, version]) => [Number(block), version])),
      languages: sharesOf(row.languages),
    },
    frequencies: new Map(Object.entries(row.frequencies ?? {})),
  };
}

function sharesOf(counts: Readonly<Record<string, number>>): ReadonlyMap<string, number> {
  const whole = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const ordered = Object.entries(counts).toSorted(([, left], [, right]) => right - left);
  return new Map(ordered.map(([language, count]) => [language, count / whole]));
}

/** In how many chunks each of the terms occurs; terms that do not occur are left out. */
export async function readFrequencies(db: Kysely<Schema>, id: number, terms: readonly string[]): Promise<Map<string, number>> {
  const { rows } = await sql<{ term: string; df: number }>`
    select term, df from rag_terms where collection_id = ${id} and term = any(${terms}::text[])`.execute(db);
  return new Map(rows.map(({ term, df }) => [term, df]));
}

/** Blocks of a term, the last one included. */
export interface TermBlocks {
  readonly term: string;
  readonly from: number;
  readonly to: number;
}

/** Postings by term and block, and the versions of the blocks at the same moment. */
export async function readPostings(db: Kysely<Schema>, id: number, wanted: readonly TermBlocks[]) {
  const [from, to] = [Math.min(...wanted.map((one) => one.from)), Math.max(...wanted.map((one) => one.to))];
  const found = await sql<{ term: string | null; block: number; version: number | null; data: Uint8Array | null }>`
    select given.term, block, null::int8 as version, data
    from unnest(${wanted.map((one) => one.term)}::text[], ${wanted.map((one) => one.from)}::int4[], ${wanted.map((one) => one.to)}::int4[])
      as given (term, first, last)
    cross join lateral (
      select block, data from rag_postings
      where collection_id = ${id} and rag_postings.term = given.term and block between first and last offset 0
    ) found
    union all
    select null, block, version, null from rag_blocks where collection_id = ${id} and block between ${from} and ${to}`.execute(db);
  const rows = new Map<string, Map<number, Uint8Array>>();
  const versions = new Map<number, number>();
  for (const { term, block, version, data } of found.rows) {
    if (term === null || data === null) {
      versions.set(block, version ?? 0);
      continue;
    }
    let blocks = rows.get(term);
    if (blocks === undefined) rows.set(term, blocks = new Map());
    blocks.set(block, data);
  }
  return { rows, versions };
}

/** The numbers of the chunks within a range whose documents pass the filter. */
export async function readAllowed(
  db: Kysely<Schema>,
  id: number,
  filter: Filter,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<number[]> {
  // As one text, because reading an array of so many elements would hold up the process.
  const { rows } = await sql<{ numbers: string | null }>`
    select string_agg(chunk_no::text, ' ') as numbers from rag_chunks
    where collection_id = ${id} and chunk_no >= ${from * BLOCK_SIZE} and chunk_no < ${(to + 1) * BLOCK_SIZE} and document_id in (
      select document_id from rag_documents where collection_id = ${id} and ${passes(filter)}
    )`.execute(db);
  return rows[0]?.numbers?.split(" ").map(Number) ?? [];
}

/** Which of the chunks belong to documents that pass the filter. */
export async function readPassing(
  db: Kysely<Schema>,
  id: number,
  { chunkNos, filter }: { readonly chunkNos: readonly number[]; readonly filter: Filter },
): Promise<readonly number[]> {
  const { rows } = await sql<{ chunk_no: number }>`
    select chunk_no from rag_chunks ${ownDocument(id)}
    where collection_id = ${id} and chunk_no = any(${chunkNos}::int4[]) and ${passes(filter)}`.execute(db);
  return rows.map((row) => row.chunk_no);
}

/** A filter as a condition on `rag_documents`. */
export function passes(filter: Filter) {
  return metadataCondition(filter, sql.ref("rag_documents.metadata"));
}

/**
 * Joins each chunk with its document by a look-up of its own. Here and in other statements "lateral" and "offset 0" leave the planner no choice: as
 * long as it knows nothing of a new collection it would rather read all of it.
 */
function ownDocument(id: number) {
  return sql`cross join lateral (
    select title, language, metadata from rag_documents owner
    where owner.collection_id = ${id} and owner.document_id = rag_chunks.document_id offset 0
  ) rag_documents`;
}

/** Chunks by their numbers, in any order; those that are gone by now are left out. */
export async function readChunks(db: Kysely<Schema>, id: number, chunkNos: readonly number[]): Promise<Map<number, ChunkRow>> {
  const { rows } = await sql<ChunkRow>`
    select chunk_no, document_id, ordinal, start_at, end_at, heading, rag_chunks.content, title, language, metadata
    from rag_chunks ${ownDocument(id)}
    where collection_id = ${id} and chunk_no = any(${chunkNos}::int4[])`.execute(db);
  return new Map(rows.map((row) => [row.chunk_no, row]));
}

/** Where phrases may stand. */
export type Passage = Pick<ChunkRow, "chunk_no" | "content" | "title" | "heading" | "language">;

/** The texts of those of the chunks that pass the filter. */
export async function readPassages(
  db: Kysely<Schema>,
  id: number,
  { chunkNos, filter }: { readonly chunkNos: readonly number[]; readonly filter: Filter | undefined },
): Promise<Map<number, Passage>> {
  const { rows } = await sql<Passage>`
    select chunk_no, rag_chunks.content, title, heading, language
    from rag_chunks ${ownDocument(id)}
    where collection_id = ${id} and chunk_no = any(${chunkNos}::int4[]) and ${filter === undefined ? sql`true` : passes(filter)}`.execute(
    db,
  );
  return new Map(rows.map((row) => [row.chunk_no, row]));
}

/** What a chunk says, in terms. */
export interface ChunkTerms {
  readonly chunkNo: number;
  readonly length: number;
  readonly terms: readonly string[];
  readonly counts: readonly number[];
}

/** What chunks say in terms, and in how many chunks each of the terms occurs. */
export async function readTerms(db: Kysely<Schema>, id: number, chunkNos: readonly number[]) {
  // Terms have no spaces in them, and splitting a text is much less work than reading an array.
  const { rows } = await sql<{ chunk_no: number | null; length: number | null; terms: string | null; counts: string | null }>`
    with chunks as materialized (
      select chunk_no, length, terms, counts from rag_chunks where collection_id = ${id} and chunk_no = any(${chunkNos}::int4[])
    )
    select chunk_no, length, array_to_string(terms, ' ') as terms, array_to_string(counts, ' ') as counts from chunks
    union all
    select null, null, string_agg(term, ' '), string_agg(df::text, ' ')
    from (select distinct unnest(terms) as term from chunks) said
    cross join lateral (select df from rag_terms where collection_id = ${id} and rag_terms.term = said.term offset 0) known`.execute(db);
  const chunks: ChunkTerms[] = [];
  let frequencies: ReadonlyMap<string, number> = new Map();
  for (const { chunk_no, length, terms, counts } of rows) {
    const [names, numbers] = [terms?.split(" ") ?? [], counts?.split(" ").map(Number) ?? []];
    if (chunk_no === null) frequencies = new Map(names.map((term, index) => [term, numbers[index]!]));
    else chunks.push({ chunkNo: chunk_no, length: length!, terms: names, counts: numbers });
  }
  // In the order of the question: sums in another order would differ in the last digits.
  return { chunks: chunks.toSorted((left, right) => chunkNos.indexOf(left.chunkNo) - chunkNos.indexOf(right.chunkNo)), frequencies };
}

/** Which document each of the chunks belongs to. */
export async function readOwners(db: Kysely<Schema>, id: number, chunkNos: readonly number[]): Promise<Map<number, string>> {
  const { rows } = await sql<{ chunk_no: number; document_id: string }>`
    select chunk_no, document_id from rag_chunks where collection_id = ${id} and chunk_no = any(${chunkNos}::int4[])`.execute(db);
  return new Map(rows.map((row) => [row.chunk_no, row.document_id]));
}

/** A word that the vocabulary does not know. */
export interface UnknownWord {
  readonly word: string;
  readonly grams: readonly string[];
  /** By how much the lengths of a known word may differ. */
  readonly mistakes: number;
}

/** In a small vocabulary every similar word is looked at; sorting them in SQL takes longer than looking. */
const MANY_SIMILAR = 2_000;
const MOST_SIMILAR = 200;

/** Known words of about the same length that share trigrams with the given one, with the documents they occur in. */
export async function readSimilarWords(db: Kysely<Schema>, id: number, { word, grams, mistakes }: UnknownWord) {
  const [shortest, longest] = [word.length - mistakes, word.length + mistakes];
  const matching = sql`from rag_words
    where grams && ${grams}::text[] and collection_id = ${id} and char_length(word) between ${shortest} and ${longest}`;
  const { rows } = await sql<{ word: string; df: number }>`select word, df ${matching} limit ${MANY_SIMILAR}`.execute(db);
  if (rows.length < MANY_SIMILAR) return rows;
  const sorted = await sql<{ word: string; df: number }>`
    select word, df ${matching}
    order by (select count(*) from unnest(grams) gram where gram = any(${grams}::text[])) desc, df desc limit ${MOST_SIMILAR}`.execute(db);
  return sorted.rows;
}

const documentColumns = sql.raw(
  "document_id, title, media_type, language, metadata, chunk_count, version, created_at_ms, updated_at_ms",
);

/** One document; undefined when the collection has no such. */
export async function readDocument(db: Kysely<Schema>, collection: string, documentId: string) {
  const { rows: [row] } = await sql<DocumentRow & { readonly content: string }>`
    select ${documentColumns}, content from rag_documents
    where collection_id = (select id from rag_collections where collection = ${collection}) and document_id = ${documentId}`.execute(db);
  return row;
}

/** What is stored of a document, to know whether it is up to date. */
export async function readStored(db: Kysely<Schema>, collection: string, documentIds: readonly string[]) {
  const { rows } = await sql<{ document_id: string; content_hash: string; chunk_count: number; language: string }>`
    select document_id, content_hash, chunk_count, language from rag_documents
    where collection_id = (select id from rag_collections where collection = ${collection})
      and document_id = any(${documentIds}::text[])`.execute(db);
  return new Map(rows.map((row) => [row.document_id, row]));
}

/** What {@link readDocuments} lists. */
export interface DocumentPage {
  readonly collection: string;
  readonly limit: number;
  readonly afterDocumentId: string;
  readonly filter: Filter | undefined;
}

/** A page in the order of ids, and how many match in all. */
export async function readDocuments(db: Kysely<Schema>, { collection, limit, afterDocumentId, filter }: DocumentPage) {
  const condition = filter === undefined ? sql`true` : metadataCondition(filter, sql.ref("rag_documents.metadata"));
  const matching = sql`from rag_documents
    where collection_id = (select id from rag_collections where collection = ${collection}) and ${condition}`;
  const { rows } = await sql<DocumentRow>`
    select ${documentColumns} ${matching} and document_id > ${afterDocumentId} order by document_id limit ${limit}`.execute(db);
  const { rows: [total] } = await sql<{ count: number }>`select count(*)::int8 as count ${matching}`.execute(db);
  return { rows, total: total?.count ?? 0 };
}

/** Neighbours in a document: its chunks from one to another, in order. */
export async function readSpan(
  db: Kysely<Schema>,
  id: number,
  documentId: string,
  range: { readonly first: number; readonly last: number },
) {
  const { rows } = await sql<{ ordinal: number; start_at: number; end_at: number; content: string }>`
    select ordinal, start_at, end_at, content from rag_chunks
    where collection_id = ${id} and document_id = ${documentId} and ordinal between ${range.first} and ${range.last}
    order by ordinal`.execute(db);
  return rows;
}
