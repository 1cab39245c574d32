import { type Kysely, sql } from "kysely";
import type { Filter } from "../core/filter.ts";
import type { Schema } from "../database/schema.ts";
import { BestChunks } from "./bm25.ts";
import type { NearChunk } from "./fuse.ts";
import { rangesOf } from "./posting_cache.ts";
import { BLOCK_SIZE } from "./postings.ts";
import { type Collection, passes, readAllowed } from "./store_reads.ts";
import { floatsOf, tableOf, typeOf, type VectorSpace, vectorText } from "./vector_spaces.ts";

/** Collections up to this size are scanned: that is exact, and takes no longer than a walk through the index and its three statements more. */
const SCANNED_CHUNKS = 1_000;
/** Candidates that a walk through the index keeps in sight: more find more of the true neighbours. */
const CANDIDATES_IN_SIGHT = 200;

/** What {@link nearestChunks} looks for. */
export interface NearSearch {
  readonly collection: Collection;
  readonly model: string;
  readonly vector: Float32Array;
  readonly filter: Filter | undefined;
  readonly size: number;
}

/** The chunks whose embeddings point most in the vector's direction, nearest first: by the space's index where there is one, else exactly. */
export async function nearestChunks(db: Kysely<Schema>, search: NearSearch, space: VectorSpace | undefined): Promise<NearChunk[]> {
  if (space === undefined) return await nearestInBlocks(db, search);
  if (search.collection.chunks > SCANNED_CHUNKS) {
    const found = await nearestByIndex(db, search, space);
    // Fewer: so few pass that the walk has ended before, and then there are few to scan.
    if (found.length >= search.size) return found;
  }
  return await nearestInSpace(db, search, space);
}

interface NearRow {
  readonly chunk_no: number;
  readonly distance: number;
}

/** Goes on through the index until enough chunks of the collection have passed the filter, or it has seen too many. */
async function nearestByIndex(db: Kysely<Schema>, search: NearSearch, space: VectorSpace): Promise<NearChunk[]> {
  const { collection, filter, size } = search;
  // One value and not a join, so that each row is asked in the order of the index.
  const condition = filter === undefined ? sql`true` : sql`(
    select ${passes(filter)} from rag_chunks join rag_documents using (collection_id, document_id)
    where rag_chunks.collection_id = ${collection.id} and rag_chunks.chunk_no = space.chunk_no)`;
  const distance = distanceTo(search, space);
  return await db.transaction().execute(async (trx) => {
    // Without sorting the planner has to take the order from the index. Relaxed: when the walk goes on, it meets nearer ones that it had missed, which
    // a strict order would leave out.
    await sql`select set_config('enable_sort', 'off', true), set_config('hnsw.iterative_scan', 'relaxed_order', true),
      set_config('hnsw.ef_search', ${String(CANDIDATES_IN_SIGHT)}, true)`.execute(trx);
    const { rows } = await sql<NearRow>`
      select chunk_no, ${distance} as distance from ${tableOf(space.id)} space
      where collection_id = ${collection.id} and ${condition} order by ${distance} limit ${size}`.execute(trx);
    return rows.map(toNear).toSorted((left, right) => right.cosine - left.cosine);
  });
}

/** Compares with each chunk of the collection that passes the filter, within the database. */
async function nearestInSpace(db: Kysely<Schema>, search: NearSearch, space: VectorSpace): Promise<NearChunk[]> {
  const { collection, filter, size } = search;
  const condition = filter === undefined ? sql`true` : sql`chunk_no in (
    select chunk_no from rag_chunks where collection_id = ${collection.id} and document_id in (
      select document_id from rag_documents where collection_id = ${collection.id} and ${passes(filter)}))`;
  const distance = distanceTo(search, space);
  // Not the index' own order, so that it is not used.
  const { rows } = await sql<NearRow>`
    select chunk_no, ${distance} as distance from ${tableOf(space.id)}
    where collection_id = ${collection.id} and ${condition} order by ${distance} + 0, chunk_no limit ${size}`.execute(db);
  return rows.map(toNear);
}

function distanceTo({ vector }: NearSearch, space: VectorSpace) {
  return sql`(embedding <=> ${vectorText(unit(vector))}::${typeOf(space.dimensions)})`;
}

function toNear({ chunk_no: chunkNo, distance }: NearRow): NearChunk {
  // An embedding of zeros has no direction, and its distance is no number.
  return { chunkNo, cosine: Number.isFinite(distance) ? 1 - distance : 0 };
}

/** An exact scan where there is no pgvector, one block of chunks in memory at a time. */
async function nearestInBlocks(db: Kysely<Schema>, search: NearSearch): Promise<NearChunk[]> {
  const { collection, filter } = search;
  const best = new BestChunks(search.size);
  for (const range of rangesOf(collection)) {
    const allowed = filter === undefined ? undefined : new Set(await readAllowed(db, collection.id, filter, range));
    for (let block = range.from; block <= range.to && allowed?.size !== 0; block++) await scanBlock(db, search, { block, allowed, best });
  }
  return best.list().map(({ chunkNo, score }) => ({ chunkNo, cosine: score - 1 }));
}

async function scanBlock(
  db: Kysely<Schema>,
  { collection, model, vector }: NearSearch,
  { block, allowed, best }: { readonly block: number; readonly allowed: ReadonlySet<number> | undefined; readonly best: BestChunks },
): Promise<void> {
  const wanted = unit(vector);
  const { rows } = await sql<{ chunk_no: number; vector: Uint8Array }>`
    select chunk_no, vector from rag_vectors
    where collection_id = ${collection.id} and model = ${model} and octet_length(vector) = ${wanted.byteLength}
      and chunk_no >= ${block * BLOCK_SIZE} and chunk_no < ${(block + 1) * BLOCK_SIZE}`.execute(db);
  for (const row of rows) {
    // A cosine may be negative and what is kept may not.
    if (allowed === undefined || allowed.has(row.chunk_no)) {
      best.add({ chunkNo: row.chunk_no, score: 1 + dot(wanted, floatsOf(row.vector)) });
    }
  }
}

/** The vector with length 1, so that a product of two is their cosine. */
export function unit(vector: Float32Array): Float32Array {
  let squares = 0;
  for (const value of vector) squares += value * value;
  const length = Math.sqrt(squares) || 1;
  return vector.map((value) => value / length);
}

function dot(left: Float32Array, right: Float32Array): number {
  let sum = 0;
  for (let index = 0; index < left.length; index++) sum += left[index]! * right[index]!;
  return sum;
}
