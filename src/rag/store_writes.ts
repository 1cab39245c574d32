/**
 * The transactions that change a collection. Each holds the lock of the collection's row, so that changes of one collection come one after the
 * other and its counts stay exact; a reader sees the old document or the new one.
 *
 * @module
 */
import { type Kysely, sql, type Transaction } from "kysely";
import type { Schema } from "../database/schema.ts";
import { IndexChanges } from "./index_changes.ts";
import type { PreparedDocument } from "./prepare.ts";
import { addToSpace } from "./vector_spaces.ts";

interface CollectionRow {
  readonly id: number;
  documents: number;
  chunks: number;
  total_length: number;
  next_chunk: number;
  version: number;
  readonly languages: Record<string, number>;
}

interface OldDocument {
  readonly document_id: string;
  readonly content_hash: string;
  readonly language: string;
  readonly version: number;
  readonly chunk_count: number;
  readonly created_at_ms: number;
  readonly words: readonly string[];
}

/** A document with the numbers of its chunks. */
interface Placed {
  readonly document: PreparedDocument;
  readonly chunkNos: readonly number[];
  readonly old: OldDocument | undefined;
}

/** Stores documents of one collection, the later of two with the same id, all of them or none. */
export async function storeDocuments(db: Kysely<Schema>, collection: string, documents: readonly PreparedDocument[]): Promise<void> {
  await db.transaction().execute((trx) => storeDocumentsIn(trx, collection, documents));
}

/** The same within a transaction of the caller's. */
export async function storeDocumentsIn(
  trx: Transaction<Schema>,
  collection: string,
  documents: readonly PreparedDocument[],
): Promise<void> {
  const latest = [...new Map(documents.map((document) => [document.documentId, document])).values()];
  const row = await lockCollection(trx, collection);
  const old = new Map((await readOld(trx, row.id, latest.map((document) => document.documentId))).map((one) => [one.document_id, one]));
  const changed = latest.filter((document) => old.get(document.documentId)?.content_hash !== document.contentHash);
  if (changed.length === 0) return;
  const changes = new IndexChanges();
  const freed = await removeChunks(trx, { row, changes, old: changed.flatMap((document) => old.get(document.documentId) ?? []) });
  const placed = changed.map((document) => place(row, document, { freed, old: old.get(document.documentId) }));
  for (const one of placed) gather(row, one, changes);
  await changes.write(trx, row.id, ++row.version);
  await insertDocuments(trx, row.id, placed);
  await insertChunks(trx, row.id, placed);
  await insertVectors(trx, row.id, placed);
  await saveCollection(trx, row);
}

/** Deletes documents with everything that was made of them; gives how many there were. */
export async function deleteDocuments(db: Kysely<Schema>, collection: string, documentIds: readonly string[]): Promise<number> {
  return await db.transaction().execute((trx) => deleteDocumentsIn(trx, collection, documentIds));
}

/** The same within a transaction of the caller's. */
export async function deleteDocumentsIn(trx: Transaction<Schema>, collection: string, documentIds: readonly string[]): Promise<number> {
  const known = await trx.selectFrom("rag_collections").select("id").where("collection", "=", collection).executeTakeFirst();
  if (known === undefined) return 0; // without making a collection of it
  const row = await lockCollection(trx, collection);
  const old = await readOld(trx, row.id, documentIds);
  if (old.length === 0) return 0;
  const changes = new IndexChanges();
  await removeChunks(trx, { row, changes, old });
  await changes.write(trx, row.id, ++row.version);
  await sql`delete from rag_documents where collection_id = ${row.id} and document_id = any(${old.map((one) => one.document_id)}::text[])`
    .execute(trx);
  await saveCollection(trx, row);
  return old.length;
}

/** Every table whose rows belong to a collection by its number. */
const COLLECTION_TABLES = ["rag_documents", "rag_chunks", "rag_vectors", "rag_blocks", "rag_postings", "rag_terms", "rag_words"] as const;

/** Deletes a whole collection; nothing is left that could be found. */
export async function dropCollectionIn(trx: Transaction<Schema>, collection: string): Promise<void> {
  const { rows: [row] } = await sql<{ id: number }>`
    delete from rag_collections where collection = ${collection} returning id`.execute(trx);
  if (row === undefined) return;
  for (const table of COLLECTION_TABLES) await trx.deleteFrom(table).where("collection_id", "=", row.id).execute();
}

async function lockCollection(trx: Transaction<Schema>, collection: string): Promise<CollectionRow> {
  const { rows: [row] } = await sql<CollectionRow>`
    insert into rag_collections (collection) values (${collection})
    on conflict (collection) do update set collection = excluded.collection returning *`.execute(trx);
  if (row === undefined) throw new Error("A collection's row vanished under its lock");
  return row;
}

async function saveCollection(trx: Transaction<Schema>, row: CollectionRow): Promise<void> {
  const { id, documents, chunks, total_length, next_chunk, version, languages } = row;
  const kept = Object.fromEntries(Object.entries(languages).filter(([, count]) => count > 0));
  await trx.updateTable("rag_collections")
    .set({ documents, chunks, total_length, next_chunk, version, languages: JSON.stringify(kept) })
    .where("id", "=", id).execute();
}

async function readOld(trx: Transaction<Schema>, id: number, documentIds: readonly string[]): Promise<readonly OldDocument[]> {
  const { rows } = await sql<OldDocument>`
    select document_id, content_hash, language, version, chunk_count, created_at_ms, words from rag_documents
    where collection_id = ${id} and document_id = any(${documentIds}::text[])`.execute(trx);
  return rows;
}

/** Takes the chunks of these documents out of the tables and the counts; gives their numbers, which may be used again for the same document. */
async function removeChunks(
  trx: Transaction<Schema>,
  { row, changes, old }: { readonly row: CollectionRow; readonly changes: IndexChanges; readonly old: readonly OldDocument[] },
): Promise<Map<string, number[]>> {
  const freed = new Map<string, number[]>();
  if (old.length === 0) return freed;
  const ids = old.map((document) => document.document_id);
  const { rows } = await sql<{ document_id: string; chunk_no: number; length: number; terms: readonly string[] }>`
    delete from rag_chunks where collection_id = ${row.id} and document_id = any(${ids}::text[])
    returning document_id, chunk_no, length, terms`.execute(trx);
  await sql`delete from rag_vectors where collection_id = ${row.id} and chunk_no = any(${rows.map((chunk) => chunk.chunk_no)}::int4[])`
    .execute(trx);
  for (const chunk of rows.toSorted((left, right) => left.chunk_no - right.chunk_no)) {
    changes.remove(chunk.chunk_no, chunk.terms);
    row.chunks--;
    row.total_length -= chunk.length;
    const numbers = freed.get(chunk.document_id);
    if (numbers === undefined) freed.set(chunk.document_id, [chunk.chunk_no]);
    else numbers.push(chunk.chunk_no);
  }
  for (const document of old) {
    changes.removeWords(document.words);
    row.documents--;
    row.languages[document.language] = (row.languages[document.language] ?? 0) - 1;
  }
  return freed;
}

function place(
  row: CollectionRow,
  document: PreparedDocument,
  { freed, old }: { readonly freed: ReadonlyMap<string, readonly number[]>; readonly old: OldDocument | undefined },
): Placed {
  const numbers = freed.get(document.documentId) ?? [];
  return { document, old, chunkNos: document.chunks.map((_, index) => numbers[index] ?? row.next_chunk++) };
}

function gather(row: CollectionRow, { document, chunkNos }: Placed, changes: IndexChanges): void {
  for (const [index, { length, counts }] of document.chunks.entries()) {
    changes.add({ chunkNo: chunkNos[index]!, length, counts });
    row.chunks++;
    row.total_length += length;
  }
  changes.addWords(document.words);
  row.documents++;
  row.languages[document.language] = (row.languages[document.language] ?? 0) + 1;
}

async function insertDocuments(trx: Transaction<Schema>, id: number, placed: readonly Placed[]): Promise<void> {
  const nowMs = Date.now();
  const values = placed.map(({ document, old }) => ({
    collection_id: id,
    document_id: document.documentId,
    content: document.content,
    content_hash: document.contentHash,
    title: document.title,
    media_type: document.mediaType,
    language: document.language,
    metadata: JSON.stringify(document.metadata),
    chunk_count: document.chunks.length,
    words: [...document.words],
    version: (old?.version ?? 0) + 1,
    created_at_ms: old?.created_at_ms ?? nowMs,
    updated_at_ms: nowMs,
  }));
  await trx.insertInto("rag_documents").values(values).onConflict((conflict) =>
    conflict.columns(["collection_id", "document_id"]).doUpdateSet((update) => ({
      content: update.ref("excluded.content"),
      content_hash: update.ref("excluded.content_hash"),
      title: update.ref("excluded.title"),
      media_type: update.ref("excluded.media_type"),
      language: update.ref("excluded.language"),
      metadata: update.ref("excluded.metadata"),
      chunk_count: update.ref("excluded.chunk_count"),
      words: update.ref("excluded.words"),
      version: update.ref("excluded.version"),
      updated_at_ms: update.ref("excluded.updated_at_ms"),
    }))
  ).execute();
}

/** Rows of one INSERT: each has eleven parameters, and a statement may have 65,535. */
const ROWS_A_STATEMENT = 500;

async function insertChunks(trx: Transaction<Schema>, id: number, placed: readonly Placed[]): Promise<void> {
  const rows = placed.flatMap(({ document, chunkNos }) =>
    document.chunks.map((chunk, ordinal) => ({
      collection_id: id,
      chunk_no: chunkNos[ordinal]!,
      document_id: document.documentId,
      ordinal,
      start_at: chunk.start,
      end_at: chunk.end,
      heading: chunk.heading,
      content: chunk.content,
      length: chunk.length,
      terms: [...chunk.counts.keys()],
      counts: [...chunk.counts.values()],
    }))
  );
  for (let at = 0; at < rows.length; at += ROWS_A_STATEMENT) {
    await trx.insertInto("rag_chunks").values(rows.slice(at, at + ROWS_A_STATEMENT)).execute();
  }
}

async function insertVectors(trx: Transaction<Schema>, id: number, placed: readonly Placed[]): Promise<void> {
  const rows = placed.flatMap(({ document: { vectors }, chunkNos }) =>
    vectors?.values.map((vector, index) => ({ chunkNo: chunkNos[index]!, model: vectors.model, vector })) ?? []
  );
  for (let at = 0; at < rows.length; at += ROWS_A_STATEMENT) {
    const values = rows.slice(at, at + ROWS_A_STATEMENT).map(({ chunkNo, model, vector }) => ({
      collection_id: id,
      chunk_no: chunkNo,
      model,
      vector: new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength),
    }));
    await trx.insertInto("rag_vectors").values(values).execute();
  }
  for (const group of Map.groupBy(rows, ({ model, vector }) => `${vector.length} ${model}`).values()) {
    await addToSpace(trx, id, group[0]!.model, group);
  }
}
