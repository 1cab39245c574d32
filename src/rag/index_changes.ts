import type { Kysely, Transaction } from "kysely";
import { sql } from "kysely";
import type { Schema } from "../database/schema.ts";
import { blockOf, encodePostings, type Posting, withoutChunks } from "./postings.ts";
import { grams } from "./words.ts";

/** A chunk's terms as the index knows them. */
export interface IndexedChunk {
  readonly chunkNo: number;
  readonly length: number;
  readonly counts: Iterable<readonly [term: string, count: number]>;
}

/** What one transaction changes of a collection's index, gathered before anything is written, so that each row is written once. */
export class IndexChanges {
  /** By term, then block. */
  readonly #added = new Map<string, Map<number, Posting[]>>();
  readonly #removed = new Map<string, Map<number, Set<number>>>();
  readonly #terms = new Map<string, number>();
  readonly #words = new Map<string, number>();

  add({ chunkNo, length, counts }: IndexedChunk): void {
    for (const [term, count] of counts) {
      bump(this.#terms, term, 1);
      inner(this.#added, term, blockOf(chunkNo), () => []).push({ chunkNo, count, length });
    }
  }

  remove(chunkNo: number, terms: Iterable<string>): void {
    for (const term of terms) {
      bump(this.#terms, term, -1);
      inner(this.#removed, term, blockOf(chunkNo), () => new Set<number>()).add(chunkNo);
    }
  }

  addWords(words: Iterable<string>): void {
    for (const word of words) bump(this.#words, word, 1);
  }

  removeWords(words: Iterable<string>): void {
    for (const word of words) bump(this.#words, word, -1);
  }

  /** Writes everything, as this version of the collection; the caller holds the collection's lock. */
  async write(trx: Transaction<Schema>, collectionId: number, version: number): Promise<void> {
    await this.#dropEntries(trx, collectionId);
    await this.#addEntries(trx, collectionId);
    await this.#writeTerms(trx, collectionId);
    await this.#writeWords(trx, collectionId);
    await this.#writeBlocks(trx, collectionId, version);
  }

  async #writeBlocks(trx: Kysely<Schema>, id: number, version: number): Promise<void> {
    const blocks = new Set([...this.#added.values(), ...this.#removed.values()].flatMap((perBlock) => [...perBlock.keys()]));
    await sql`
      insert into rag_blocks (collection_id, block, version)
      select ${id}, block, ${version} from unnest(${[...blocks]}::int4[]) as given (block)
      on conflict (collection_id, block) do update set version = excluded.version`.execute(trx);
  }

  async #dropEntries(trx: Kysely<Schema>, id: number): Promise<void> {
    const keys = [...this.#removed].flatMap(([term, blocks]) => Array.from(blocks.keys(), (block) => ({ term, block })));
    if (keys.length === 0) return;
    const { rows } = await sql<{ term: string; block: number; data: Uint8Array }>`
      select term, block, data from rag_postings
      join unnest(${keys.map((key) => key.term)}::text[], ${
      keys.map((key) => key.block)
    }::int4[]) as given (term, block) using (term, block)
      where collection_id = ${id}`.execute(trx);
    const left = rows.map(({ term, block, data }) => ({ term, block, data: withoutChunks(data, this.#removed.get(term)!.get(block)!) }));
    const [emptied, kept] = [left.filter((row) => row.data.length === 0), left.filter((row) => row.data.length > 0)];
    if (kept.length > 0) {
      await sql`
        update rag_postings set data = given.data
        from unnest(${kept.map((row) => row.term)}::text[], ${kept.map((row) => row.block)}::int4[], ${
        kept.map((row) => row.data)
      }::bytea[])
          as given (term, block, data)
        where collection_id = ${id} and rag_postings.term = given.term and rag_postings.block = given.block`.execute(trx);
    }
    if (emptied.length > 0) {
      await sql`
        delete from rag_postings
        using unnest(${emptied.map((row) => row.term)}::text[], ${emptied.map((row) => row.block)}::int4[]) as given (term, block)
        where collection_id = ${id} and rag_postings.term = given.term and rag_postings.block = given.block`.execute(trx);
    }
  }

  async #addEntries(trx: Kysely<Schema>, id: number): Promise<void> {
    const rows = [...this.#added].flatMap(([term, blocks]) =>
      Array.from(blocks, ([block, postings]) => ({ term, block, data: encodePostings(postings) }))
    );
    if (rows.length === 0) return;
    await sql`
      insert into rag_postings (collection_id, term, block, data)
      select ${id}, term, block, data
      from unnest(${rows.map((row) => row.term)}::text[], ${rows.map((row) => row.block)}::int4[], ${rows.map((row) => row.data)}::bytea[])
        as given (term, block, data)
      on conflict (collection_id, term, block) do update set data = rag_postings.data || excluded.data`.execute(trx);
  }

  async #writeTerms(trx: Kysely<Schema>, id: number): Promise<void> {
    const changes = [...this.#terms].filter(([, change]) => change !== 0);
    const [terms, by] = [changes.map(([term]) => term), changes.map(([, change]) => change)];
    if (terms.length === 0) return;
    await sql`
      insert into rag_terms (collection_id, term, df)
      select ${id}, term, change from unnest(${terms}::text[], ${by}::int4[]) as given (term, change)
      on conflict (collection_id, term) do update set df = rag_terms.df + excluded.df`.execute(trx);
    const fewer = terms.filter((_, index) => by[index]! < 0);
    if (fewer.length === 0) return;
    await sql`delete from rag_terms where collection_id = ${id} and term = any(${fewer}::text[]) and df <= 0`.execute(trx);
  }

  async #writeWords(trx: Kysely<Schema>, id: number): Promise<void> {
    const changes = [...this.#words].filter(([, change]) => change !== 0);
    const [words, by] = [changes.map(([word]) => word), changes.map(([, change]) => change)];
    if (words.length === 0) return;
    // Known words, the most, need no trigrams.
    const { rows } = await sql<{ word: string }>`
      update rag_words set df = df + change from unnest(${words}::text[], ${by}::int4[]) as given (word, change)
      where collection_id = ${id} and rag_words.word = given.word returning given.word`.execute(trx);
    const known = new Set(rows.map((row) => row.word));
    const fresh = changes.filter(([word]) => !known.has(word));
    if (fresh.length > 0) {
      await sql`
        insert into rag_words (collection_id, word, df, grams)
        select ${id}, word, df, string_to_array(grams, chr(10))
        from unnest(${fresh.map(([word]) => word)}::text[], ${fresh.map(([, df]) => df)}::int4[],
          ${fresh.map(([word]) => grams(word, id).join("\n"))}::text[]) as given (word, df, grams)`.execute(trx);
    }
    const fewer = words.filter((_, index) => by[index]! < 0);
    if (fewer.length === 0) return;
    await sql`delete from rag_words where collection_id = ${id} and word = any(${fewer}::text[]) and df <= 0`.execute(trx);
  }
}

function bump(counts: Map<string, number>, key: string, by: number): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}

function inner<T>(map: Map<string, Map<number, T>>, key: string, innerKey: number, make: () => T): T {
  let blocks = map.get(key);
  if (blocks === undefined) map.set(key, blocks = new Map());
  let value = blocks.get(innerKey);
  if (value === undefined) blocks.set(innerKey, value = make());
  return value;
}
