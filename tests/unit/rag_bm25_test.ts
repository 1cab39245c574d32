import { assertEquals } from "@std/assert";
import { BestChunks, LengthNorms, saturation, scoreBlock } from "../../src/rag/bm25.ts";
import { BLOCK_SIZE, encodePostings, type Posting } from "../../src/rag/postings.ts";
import { seeded } from "../support/seeded.ts";

Deno.test("scoreBlock finds what scoring every chunk by the formula finds, with the same scores", () => {
  const random = seeded(3);
  for (let round = 0; round < 50; round++) {
    const terms = Array.from({ length: 1 + random.below(6) }, () => ({ weight: random.next() * 3, postings: randomPostings(random) }));
    const allowed = round % 2 === 0 ? undefined : Uint8Array.from({ length: BLOCK_SIZE }, () => random.below(2));
    const best = new BestChunks(1 + random.below(20));
    const rows = terms.map(({ weight, postings }) => ({ weight, data: encodePostings(postings) }));
    scoreBlock(2, rows, { norms: new LengthNorms(90), allowed }, best);
    const scores = new Map<number, number>();
    for (const { weight, postings } of terms) {
      for (const { chunkNo, count, length } of postings) {
        scores.set(chunkNo, (scores.get(chunkNo) ?? 0) + weight * saturation(count, length, 90));
      }
    }
    const all = Array.from(scores, ([chunkNo, score]) => ({ chunkNo, score }))
      .filter(({ chunkNo }) => allowed === undefined || allowed[chunkNo % BLOCK_SIZE] === 1)
      .toSorted((left, right) => right.score - left.score || left.chunkNo - right.chunkNo);
    const found = best.list();
    assertEquals(found.map((one) => one.score.toFixed(9)), all.slice(0, found.length).map((one) => one.score.toFixed(9)));
    // Sums in another order differ in the last digits, so that equals may change places.
    assertEquals(found.map((one) => one.score.toFixed(9)), found.map((one) => scores.get(one.chunkNo)!.toFixed(9)));
  }
});

/** In block 2, some of them longer than any length that is worked out beforehand. */
function randomPostings(random: ReturnType<typeof seeded>): Posting[] {
  const places = new Set(Array.from({ length: 1 + random.below(400) }, () => random.below(BLOCK_SIZE)));
  return Array.from(places, (place) => ({
    chunkNo: 2 * BLOCK_SIZE + place,
    count: 1 + random.below(9),
    // By the place, because a chunk has one length.
    length: place % 50 === 0 ? 5_000 : 20 + place % 200,
  }));
}
