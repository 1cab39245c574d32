import { assertEquals } from "@std/assert";
import { sql } from "kysely";
import type { Database } from "../../src/database/database.ts";

/** The index as it should be, counted from the chunks, beside what it says. */
export async function counted(database: Database, collection: string) {
  const { rows: [row] } = await sql<
    {
      chunks: number;
      total: number;
      documents: number;
      real_chunks: number;
      real_total: number;
      real_documents: number;
      off: number;
      postings: number;
      real_postings: number;
      words_off: number;
    }
  >`
    with c as (select * from rag_collections where collection = ${collection}),
      chunks as (select rag_chunks.* from rag_chunks join c on c.id = collection_id),
      real as (select term, count(*) as df from chunks, unnest(terms) term group by term),
      words as (select word, count(*) as df from rag_documents join c on c.id = collection_id, unnest(words) word group by word)
    select c.chunks, c.total_length as total, c.documents, (select count(*) from chunks) as real_chunks,
      (select coalesce(sum(length), 0) from chunks) as real_total, (select count(*) from rag_documents where collection_id = c.id) as real_documents,
      (select count(*) from real full join (select * from rag_terms where collection_id = c.id) t using (term) where real.df is distinct from t.df) as off,
      (select count(*) from words full join (select * from rag_words where collection_id = c.id) w using (word) where words.df is distinct from w.df) as words_off,
      (select coalesce(sum(octet_length(data) / 5), 0) from rag_postings where collection_id = c.id) as postings,
      (select count(*) from chunks, unnest(terms)) as real_postings
    from c`.execute(database.kysely);
  return row!;
}

/** Fails unless every count of a collection is what its chunks and documents come to. */
export async function assertExact(database: Database, collection: string): Promise<void> {
  const row = await counted(database, collection);
  assertEquals([row.chunks, Number(row.total), row.documents], [row.real_chunks, Number(row.real_total), row.real_documents]);
  assertEquals([row.off, row.words_off, Number(row.postings)], [0, 0, row.real_postings]);
}
