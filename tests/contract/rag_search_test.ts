/**
 * Search against the plain formula, on every database: what is kept between searches, read in parts or looked at first must change nothing.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { sql } from "kysely";
import { inverseFrequency, saturation } from "../../src/rag/bm25.ts";
import type { PreparedDocument } from "../../src/rag/prepare.ts";
import { PostingCache } from "../../src/rag/posting_cache.ts";
import { createRagService, type RunningRagService } from "../../src/rag/service.ts";
import { readCollection } from "../../src/rag/store_reads.ts";
import { storeDocuments } from "../../src/rag/store_writes.ts";
import { callContext } from "../support/call_context.ts";
import { eachDatabase } from "../support/database.ts";
import { testLog } from "../support/log.ts";
import { type Random, seeded } from "../support/seeded.ts";

const DOCUMENTS = 6_000;
/** So that the chunks lie in the first 65,536 and in the next. */
const FIRST_CHUNK = 62_000;

/** A document of one chunk; word w1 is in most of them, w40 in few. */
function randomDocument(random: Random, index: number): PreparedDocument {
  const counts = new Map<string, number>();
  for (let word = 1; word <= 40; word++) if (random.chance(0.8 / word)) counts.set(`w${word}`, 1 + random.below(4));
  counts.set("end", 1);
  const length = counts.values().reduce((sum, count) => sum + count, 0);
  return {
    ...{ documentId: `d${index}`, contentHash: `${index}`, title: "", mediaType: "text/plain", language: "en", words: [], content: "text" },
    metadata: { part: String(index % 500), half: String(index % 2) },
    chunks: [{ start: 0, end: 4, heading: "", content: "text", counts, length }],
  };
}

/** Every document scored by the formula, best first. */
function exhaustive(documents: readonly PreparedDocument[], query: readonly string[], passes: (document: PreparedDocument) => boolean) {
  const chunks = documents.map((document, index) => ({ document, index, ...document.chunks[0]! }));
  const average = chunks.reduce((sum, { length }) => sum + length, 0) / chunks.length;
  const idfs = query.map((term) => inverseFrequency(chunks.filter(({ counts }) => counts.has(term)).length, chunks.length));
  return chunks.filter(({ document }) => passes(document)).map(({ document, index, counts, length }) => ({
    id: document.documentId,
    index,
    score: query.reduce((sum, term, at) => sum + idfs[at]! * saturation(counts.get(term) ?? 0, length, average), 0) /
      idfs.reduce((sum, idf) => sum + idf),
  })).filter(({ score }) => score > 0).toSorted((left, right) => right.score - left.score || left.index - right.index);
}

const FILTERS: readonly (readonly [string, (document: PreparedDocument) => boolean])[] = [
  ["", () => true],
  [`half = "1"`, ({ metadata }) => metadata["half"] === "1"],
  ["part < 5", ({ metadata }) => Number(metadata["part"]) < 5],
  [`part = "499"`, ({ metadata }) => metadata["part"] === "499"],
  [`part = "none"`, () => false],
];

eachDatabase("SearchDocuments", async (t, { database }) => {
  const db = database.kysely;
  const service = createRagService({ database, log: testLog() });
  const ask = (from: RunningRagService, query: string, options: { readonly collection: string; readonly filter?: string }) =>
    from.searchDocuments({ query, topK: 20, exact: true, ...options }, callContext());

  await t.step("finds what scoring every chunk finds, over parts of the collection and under filters that pass many or few", async () => {
    const random = seeded(7);
    const documents = Array.from({ length: DOCUMENTS }, (_, index) => randomDocument(random, index));
    await sql`insert into rag_collections (collection, next_chunk) values ('large', ${FIRST_CHUNK})`.execute(db);
    for (let at = 0; at < DOCUMENTS; at += 1_000) await storeDocuments(db, "large", documents.slice(at, at + 1_000));
    for (const query of [["w1", "w9", "w33"], ["w2", "w5"], ["w40"], ["end", "w20"]]) {
      for (const [filter, passes] of FILTERS) {
        const { results } = await ask(service, query.join(" "), { collection: "large", filter });
        const expected = exhaustive(documents, query, passes).slice(0, 20);
        const told = `${query} ${filter}`;
        assertEquals(results.map((result) => result.documentId), expected.map((one) => one.id), told);
        for (const [place, { similarityScore, scores }] of results.entries()) {
          assert(Math.abs(similarityScore - (1 - 4 ** -expected[place]!.score)) < 1e-6, told);
          assertEquals(scores.lexical, similarityScore, told);
        }
      }
    }
  });

  await t.step("sees at once what another replica has changed, whatever was kept from earlier searches", async () => {
    const random = seeded(8);
    const other = createRagService({ database, log: testLog() });
    const collection = "changing";
    for (let round = 0; round < 40; round++) {
      const writer = random.chance(0.5) ? service : other;
      const documentId = `d${random.below(12)}`;
      const words = Array.from({ length: 1 + random.below(12) }, () => `word${String.fromCharCode(97 + random.below(8))}`);
      if (random.chance(0.3)) await writer.deleteDocument({ documentId, collection }, callContext());
      else await writer.indexDocument({ documentId, collection, content: words.join(" ") }, callContext());
      const fresh = createRagService({ database, log: testLog() });
      const expected = await ask(fresh, "worda wordb wordc", { collection });
      for (const one of [service, other]) assertEquals(await ask(one, "worda wordb wordc", { collection }), expected, `round ${round}`);
    }
  });

  await t.step("keeps no more postings than it may, and finds the same with none kept", async () => {
    const { collection } = (await readCollection(db, "large", []))!;
    const [small, none, large] = [new PostingCache(20_000), new PostingCache(0), new PostingCache()];
    const range = { from: 30, to: 31 };
    for (let word = 1; word <= 40; word++) {
      const terms = [`w${word}`, "end"];
      const [first, second, third] = await Promise.all([small, none, large].map((cache) => cache.read(db, collection, { terms, range })));
      assertEquals(first, third);
      assertEquals(second, third);
      assert(small.bytes <= 20_000 && none.bytes === 0, `${small.bytes}`);
    }
    assert(large.bytes > 40_000, `${large.bytes}`);
  });

  await t.step("answers searches while a bulk is being stored", async () => {
    const collection = "busy";
    let stored = 0;
    const counts: number[] = [];
    const documents = (async function* () {
      for (let index = 0; index < 300; index++) yield { documentId: `d${index}`, collection, content: `Common words and number${index}` };
    })();
    const searching = (async () => {
      while (stored < 300) {
        const { results } = await ask(service, "common words", { collection });
        counts.push(results.length);
      }
    })();
    for await (const step of service.indexDocuments(documents, callContext())) stored = step.indexed;
    await searching;
    assertEquals(stored, 300);
    assert(counts.length > 2 && counts.some((count) => count > 0), counts.join());
    assertEquals((await ask(service, "number299", { collection })).results[0]?.documentId, "d299");
  });
  await service.close();
});
