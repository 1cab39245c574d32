import { type Kysely, sql } from "kysely";
import type { Filter } from "../core/filter.ts";
import { metadataCondition } from "../database/metadata_filter.ts";
import type { Schema } from "../database/schema.ts";
import type { PostingRow } from "./bm25.ts";
import { BLOCK_SIZE } from "./postings.ts";

/** A collection's exact counts. */
export interface Collection {
  readonly id: number;
  readonly chunks: number;
  readonly totalLength: number;
  /** Every chunk number is below it. */
  readonly nextChunk: number;
  /** Languages of its documents, the most frequent first. */
  readonly languages: readonly string[];
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

/** Neighbouring blocks, the last one included. */
export interface BlockRange {
  readonly from: number;
  readonly to: number;
}

/** Undefined when nobody has written to it. */
export async function readCollection(db: Kysely<Schema>, collection: string): Promise<Collection | undefined> {
  const row = await db.selectFrom("rag_collections").selectAll().where("collection", "=", collection).executeTakeFirst();
  if (row === undefined) return undefined;
  const languages = Object.entries(row.languages).toSorted(([, left], [, right]) => right - left).map(([language]) => language);
  return { id: row.id, chunks: row.chunks, totalLength: row.total_length, nextChunk: row.next_chunk, languages };
}

/** In how many chunks each of the terms occurs; terms that do not occur are left out. */
export async function readFrequencies(db: Kysely<Schema>, id: number, terms: readonly string[]): Promise<Map<string, number>> {
  const { rows } = await sql<{ term: string; df: number }>`
    select term, df from rag_terms where collection_id = ${id} and term = any(${terms}::text[])`.execute(db);
  return new Map(rows.map(({ term, df }) => [term, df]));
}

/** The postings of the terms within a range. */
export async function readPostings(db: Kysely<Schema>, id: number, terms: readonly string[], { from, to }: BlockRange) {
  const { rows } = await sql<PostingRow>`
    select term, block, data from rag_postings
    where collection_id = ${id} and term = any(${terms}::text[]) and block between ${from} and ${to}`.execute(db);
  return rows;
}

/** The numbers of the chunks within a range whose documents pass the filter. */
export async function readAllowed(db: Kysely<Schema>, id: number, filter: Filter, { from, to }: BlockRange): Promise<Set<number>> {
  const { rows } = await sql<{ numbers: number[] | null }>`
    select array_agg(chunk_no) as numbers from rag_chunks
    where collection_id = ${id} and chunk_no >= ${from * BLOCK_SIZE} and chunk_no < ${(to + 1) * BLOCK_SIZE} and document_id in (
      select document_id from rag_documents
      where collection_id = ${id} and ${metadataCondition(filter, sql.ref("rag_documents.metadata"))}
    )`.execute(db);
  return new Set(rows[0]?.numbers ?? []);
}

/** Chunks by their numbers, in any order; those that are gone by now are left out. */
export async function readChunks(db: Kysely<Schema>, id: number, chunkNos: readonly number[]): Promise<Map<number, ChunkRow>> {
  const { rows } = await sql<ChunkRow>`
    select chunk_no, document_id, ordinal, start_at, end_at, heading, rag_chunks.content, title, language, metadata
    from rag_chunks join rag_documents using (collection_id, document_id)
    where collection_id = ${id} and chunk_no = any(${chunkNos}::int4[])`.execute(db);
  return new Map(rows.map((row) => [row.chunk_no, row]));
}

/** What chunks say, in terms. */
export async function readTerms(db: Kysely<Schema>, id: number, chunkNos: readonly number[]) {
  const { rows } = await sql<{ chunk_no: number; terms: string[]; counts: number[]; length: number }>`
    select chunk_no, terms, counts, length from rag_chunks
    where collection_id = ${id} and chunk_no = any(${chunkNos}::int4[])`.execute(db);
  return rows;
}

/** Which document each of the chunks belongs to. */
export async function readOwners(db: Kysely<Schema>, id: number, chunkNos: readonly number[]): Promise<Map<number, string>> {
  const { rows } = await sql<{ chunk_no: number; document_id: string }>`
    select chunk_no, document_id from rag_chunks where collection_id = ${id} and chunk_no = any(${chunkNos}::int4[])`.execute(db);
  return new Map(rows.map((row) => [row.chunk_no, row.document_id]));
}

/** What {@link readSimilarWords} looks for. */
export interface SimilarWords {
  readonly grams: readonly string[];
  readonly length: number;
  /** By how much the lengths may differ. */
  readonly mistakes: number;
}

/** In a small vocabulary every similar word is looked at; sorting them in SQL takes longer than looking. */
const MANY_SIMILAR = 2_000;
const MOST_SIMILAR = 200;

/** Known words of about the same length that share trigrams with the given one, with the documents they occur in. */
export async function readSimilarWords(db: Kysely<Schema>, id: number, { grams, length, mistakes }: SimilarWords) {
  const matching = sql`from rag_words
    where grams && ${grams}::text[] and collection_id = ${id} and char_length(word) between ${length - mistakes} and ${length + mistakes}`;
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
