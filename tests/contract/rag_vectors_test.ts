/**
 * Search by embeddings with pgvector (PGlite has it, a Postgres may) and without, over vectors of a real server.
 *
 * @module
 */
import { assert, assertEquals, assertGreater } from "@std/assert";
import { type Kysely, sql } from "kysely";
import { parseFilter } from "../../src/core/filter.ts";
import type { Schema } from "../../src/database/schema.ts";
import type { PreparedDocument } from "../../src/rag/prepare.ts";
import { createRagService } from "../../src/rag/service.ts";
import { readCollection } from "../../src/rag/store_reads.ts";
import { deleteDocuments, storeDocuments } from "../../src/rag/store_writes.ts";
import { tableOf, VectorSpaces } from "../../src/rag/vector_spaces.ts";
import { nearestChunks, unit } from "../../src/rag/vectors.ts";
import { callContext } from "../support/call_context.ts";
import { eachDatabase } from "../support/database.ts";
import { clusteredVector, startEmbeddingServer } from "../support/embedding_server.ts";
import { testLog } from "../support/log.ts";

const DOCUMENTS = 1_500;
const TOPICS = 30;
const DIMENSIONS = 32;
const MODEL = `clusters-${DIMENSIONS}`;

function documentOf(index: number): PreparedDocument {
  const content = `topic${index % TOPICS} text${index}`;
  return {
    ...{ documentId: `d${index}`, contentHash: `${index}`, title: "", mediaType: "text/plain", language: "en", words: [], content },
    metadata: { half: String(index % 2), rare: String(index % 150) },
    chunks: [{ start: 0, end: content.length, heading: "", content, counts: new Map([[`text${index}`, 1]]), length: 1 }],
    vectors: { model: MODEL, values: [unit(clusteredVector(content, DIMENSIONS))] },
  };
}

const FILTERS = ["", `half = "1"`, `rare = "3"`, `rare = "none"`];

async function hasPgvector(db: Kysely<Schema>): Promise<boolean> {
  return (await sql`select from pg_available_extensions where name = 'vector'`.execute(db)).rows.length > 0;
}

/** How many rows a space has, and how many it should have. */
async function counted(db: Kysely<Schema>, spaceId: number, model: string): Promise<readonly [number, number]> {
  const { rows: [row] } = await sql<{ copied: number; stored: number }>`
    select (select count(*) from ${tableOf(spaceId)}) as copied, (select count(*) from rag_vectors where model = ${model}) as stored`
    .execute(db);
  return [Number(row!.copied), Number(row!.stored)];
}

eachDatabase("Search by embeddings", async (t, { database }) => {
  const db = database.kysely;
  await using server = startEmbeddingServer();
  const problems: unknown[] = [];
  const spaces = new VectorSpaces(db, (error) => problems.push(error));
  const there = await hasPgvector(db);
  const documents = Array.from({ length: DOCUMENTS }, (_, index) => documentOf(index));
  for (let at = 0; at < DOCUMENTS; at += 500) await storeDocuments(db, "large", documents.slice(at, at + 500));

  await t.step("VectorSpaces copies the embeddings of before pgvector, and is not used until it has all", async () => {
    assertEquals(await spaces.find(MODEL, DIMENSIONS), undefined);
    await spaces.settled();
    const space = await spaces.find(MODEL, DIMENSIONS);
    assertEquals([space !== undefined, problems], [there, []]);
    if (space !== undefined) assertEquals(await counted(db, space.id, MODEL), [DOCUMENTS, DOCUMENTS]);
    assertEquals(await spaces.find(MODEL, 5_000), undefined);
  });

  await t.step("nearestChunks finds by the index what comparing with every embedding finds, within collection and filter", async () => {
    const { collection } = (await readCollection(db, "large", []))!;
    const space = await spaces.find(MODEL, DIMENSIONS);
    for (const text of FILTERS) {
      const filter = parseFilter(text);
      let [same, all] = [0, 0];
      for (let query = 0; query < 15; query++) {
        const vector = clusteredVector(`topic${query} question${query}`, DIMENSIONS);
        const search = { collection, model: MODEL, vector, filter, size: 10 };
        const [exact, found] = [await nearestChunks(db, search, undefined), await nearestChunks(db, search, space)];
        assertEquals(found.length, exact.length, text);
        const expected = new Map(exact.map(({ chunkNo, cosine }) => [chunkNo, cosine]));
        for (const { chunkNo, cosine } of found) {
          all++;
          if (expected.has(chunkNo)) same++;
          assert(Math.abs((expected.get(chunkNo) ?? cosine) - cosine) < 1e-4);
        }
        assertEquals(found.map((one) => one.cosine), found.map((one) => one.cosine).toSorted((left, right) => right - left));
      }
      if (all > 0) assertGreater(same / all, 0.95, `${text}: ${same} of ${all}`);
    }
  });

  await t.step("RagService keeps a space in step with what is stored, replaced and deleted, beside models of other sizes", async () => {
    const [first, second] = [DIMENSIONS, 2 * DIMENSIONS].map((dimensions) =>
      createRagService({ database, log: testLog(), embedder: server.embedder(dimensions) })
    );
    const collection = "small";
    for (let index = 0; index < 6; index++) {
      const service = index < 3 ? first! : second!;
      await service.indexDocument({ documentId: `n${index}`, collection, content: `topic${index} alone` }, callContext());
    }
    await first!.indexDocument({ documentId: "n1", collection, content: "topic9 instead" }, callContext());
    await first!.deleteDocument({ documentId: "n2", collection }, callContext());
    /** What was found by its direction, whatever words found beside. */
    const ask = async (service: typeof first, query: string) => {
      const { results } = await service!.searchDocuments({ query, collection }, callContext());
      return results.filter((result) => result.scores.vector !== undefined).map((result) => result.documentId);
    };
    assertEquals((await ask(first, "topic9"))[0], "n1");
    assertEquals((await ask(first, "topic0 xyz")).toSorted(), ["n0", "n1"]);
    assertEquals((await ask(second, "topic4 xyz"))[0], "n4");
    await Promise.all([first!.close(), second!.close()]);
    for (const [dimensions, count] of [[DIMENSIONS, DOCUMENTS + 2], [2 * DIMENSIONS, 3]] as const) {
      await spaces.prepare(`clusters-${dimensions}`, dimensions);
      await spaces.settled();
      const space = await spaces.find(`clusters-${dimensions}`, dimensions);
      if (space !== undefined) assertEquals(await counted(db, space.id, `clusters-${dimensions}`), [count, count]);
    }
    await deleteDocuments(db, "large", documents.slice(0, 100).map((document) => document.documentId));
    const space = await spaces.find(MODEL, DIMENSIONS);
    if (space !== undefined) assertEquals(await counted(db, space.id, MODEL), [DOCUMENTS - 98, DOCUMENTS - 98]);
  });
  assertEquals(problems, []);
  await spaces.close();
});
