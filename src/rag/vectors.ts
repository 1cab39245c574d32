import { type Kysely, sql } from "kysely";
import type { Filter } from "../core/filter.ts";
import type { Schema } from "../database/schema.ts";
import { BestChunks } from "./bm25.ts";
import type { NearChunk } from "./fuse.ts";
import { BLOCK_SIZE } from "./postings.ts";
import { type Collection, readAllowed } from "./store_reads.ts";

/** What {@link nearestChunks} looks for. */
export interface NearSearch {
  readonly collection: Collection;
  readonly model: string;
  readonly vector: Float32Array;
  readonly filter: Filter | undefined;
  readonly size: number;
}

/** The chunks whose embeddings point most in the vector's direction, nearest first: an exact scan, one block of chunks in memory at a time. */
export async function nearestChunks(db: Kysely<Schema>, search: NearSearch): Promise<NearChunk[]> {
  const { collection, model, filter, size } = search;
  const wanted = unit(search.vector);
  const best = new BestChunks(size);
  for (let block = 0; block < collection.blocks; block++) {
    const allowed = filter === undefined ? undefined : new Set(await readAllowed(db, collection.id, filter, { from: block, to: block }));
    if (allowed?.size === 0) continue;
    const { rows } = await sql<{ chunk_no: number; vector: Uint8Array }>`
      select chunk_no, vector from rag_vectors
      where collection_id = ${collection.id} and model = ${model} and octet_length(vector) = ${wanted.byteLength}
        and chunk_no >= ${block * BLOCK_SIZE} and chunk_no < ${(block + 1) * BLOCK_SIZE}`.execute(db);
    for (const { chunk_no: chunkNo, vector } of rows) {
      // A cosine may be negative and what is kept may not.
      if (allowed === undefined || allowed.has(chunkNo)) best.add({ chunkNo, score: 1 + dot(wanted, vector) });
    }
  }
  return best.list().map(({ chunkNo, score }) => ({ chunkNo, cosine: score - 1 }));
}

/** The vector with length 1, so that a product of two is their cosine. */
export function unit(vector: Float32Array): Float32Array {
  let squares = 0;
  for (const value of vector) squares += value * value;
  const length = Math.sqrt(squares) || 1;
  return vector.map((value) => value / length);
}

function dot(left: Float32Array, bytes: Uint8Array): number {
  // A copy, because bytes from a database may lie at any offset, which a Float32Array cannot.
  const right = new Float32Array(new Uint8Array(bytes).buffer);
  let sum = 0;
  for (let index = 0; index < left.length; index++) sum += left[index]! * right[index]!;
  return sum;
}
