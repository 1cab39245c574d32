import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { chunksOf, chunkText } from "../../src/rag/chunks.ts";
import { estimateTokens } from "../../src/text/token_estimate.ts";

const PROSE = Array.from({ length: 60 }, (_, index) => `Sentence number ${index} speaks of the weather in the mountains.`).join(" ");

Deno.test("chunkText cuts any text into slices that miss nothing but white space", () => {
  const part = fc.oneof(
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.constantFrom(
      "\n",
      "\n\n",
      "\r\n",
      " ",
      "# H\n",
      "## 图书馆\n",
      "```\n",
      "- a\n",
      "漢字。",
      "👨‍👩‍👧‍👦",
      "e\u0301",
      "\ud800",
      "\udc00",
      "x".repeat(300),
      ". ",
    ),
  );
  const options = fc.record({ maxTokens: fc.integer({ min: 1, max: 60 }), overlapTokens: fc.integer({ min: 0, max: 40 }) });
  fc.assert(
    fc.property(fc.array(part, { maxLength: 30 }), options, (parts, given) => {
      const text = parts.join("");
      const covered = new Uint8Array(text.length);
      let [start, end] = [-1, -1];
      for (const chunk of chunkText(text, given)) {
        assert(chunk.start >= 0 && chunk.end <= text.length && chunk.start < chunk.end);
        assert(chunk.start > start && chunk.end > end, "each chunk begins and ends beyond the one before");
        [start, end] = [chunk.start, chunk.end];
        const slice = text.slice(start, end);
        assertEquals(slice, slice.trim());
        if (text.isWellFormed()) assert(slice.isWellFormed(), "no surrogate pair is cut");
        covered.fill(1, start, end);
      }
      for (let at = 0; at < text.length; at++) assert(covered[at] === 1 || text[at]!.trim() === "", `unit ${at} is in no chunk`);
    }),
    { numRuns: 300 },
  );
});

Deno.test("chunkText keeps to its budget and ends at sentences", () => {
  for (const { start, end } of chunkText(PROSE, { maxTokens: 100, overlapTokens: 20 })) {
    const slice = PROSE.slice(start, end);
    assert(estimateTokens(slice) <= 100, `${estimateTokens(slice)} tokens`);
    assert(slice.startsWith("Sentence") && slice.endsWith("."), slice);
  }
});

Deno.test("chunkText repeats whole sentences, and nothing with overlapTokens 0", () => {
  const overlaps = (overlapTokens: number) => {
    const chunks = chunkText(PROSE, { maxTokens: 100, overlapTokens });
    return chunks.slice(1).map((chunk, index) => Math.max(0, chunks[index]!.end - chunk.start));
  };
  assert(overlaps(20).length > 2 && overlaps(20).every((units) => units > 40 && units < 150), String(overlaps(20)));
  assert(overlaps(0).every((units) => units === 0));
});

Deno.test("chunkText makes the chunks of a section about equally long", () => {
  for (let maxTokens = 200; maxTokens < 600; maxTokens += 20) {
    const sizes = chunkText(PROSE, { maxTokens, overlapTokens: 0 }).map(({ start, end }) => end - start);
    assert(sizes.length > 1 && Math.min(...sizes) > Math.max(...sizes) * 0.6, `${maxTokens}: ${sizes}`);
  }
});

Deno.test("chunkText begins anew at headings and tells the path of them", () => {
  const text = "Before.\n\n# One #\n## Two\nText two.\n\n## Three\nText three.\n# Four\nText four.\n";
  assertEquals(
    chunkText(text).map(({ start, end, heading }) => [heading, text.slice(start, end)]),
    [
      ["", "Before."],
      ["One › Two", "# One #\n## Two\nText two."],
      ["One › Three", "## Three\nText three."],
      ["Four", "# Four\nText four."],
    ],
  );
});

Deno.test("chunkText takes no comment in a code fence for a heading", () => {
  const text = "# Real\n\n```sh\n# not a heading\nls\n```\n\n#hashtag and text";
  assertEquals(chunkText(text).map((chunk) => chunk.heading), ["Real"]);
});

Deno.test("chunkText does not end a sentence at the end of a line", () => {
  const text = Array.from({ length: 40 }, () => "This line goes on\nin the next one and ends there.").join(" ");
  for (let maxTokens = 30; maxTokens < 60; maxTokens++) {
    for (const { start, end } of chunkText(text, { maxTokens, overlapTokens: 0 })) assert(text.slice(start, end).endsWith("."));
  }
});

Deno.test("chunkText has nothing to say about white space", () => {
  assertEquals(chunkText(""), []);
  assertEquals(chunkText(" \n\t\r\n "), []);
});

Deno.test("chunkText cuts one enormous line without a blank in linear time", () => {
  const text = "漢".repeat(200_000);
  const chunks = chunkText(text);
  assert(chunks.length >= 500 && chunks.length < 800, String(chunks.length));
  assertEquals(chunks.at(-1)!.end, text.length);
});

Deno.test("chunkText cuts no character in two, however long the text", () => {
  const text = "👨‍👩‍👧‍👦e\u0301".repeat(8_000);
  for (const { start, end } of chunkText(text)) {
    const slice = text.slice(start, end);
    assert(slice.isWellFormed() && !/^[\p{M}\u200d]/u.test(slice), slice.slice(0, 8));
  }
});

Deno.test("chunksOf gives the first chunk of a book without cutting all of it", () => {
  const book = `${PROSE}\n\n`.repeat(1_000);
  const chunks = chunksOf(book);
  const begun = performance.now();
  const first = chunks.next();
  const firstMs = performance.now() - begun;
  assertEquals(first.value?.start, 0);
  const rest = [...chunks];
  const allMs = performance.now() - begun;
  assert(rest.length > 500 && firstMs < allMs / 4, `${firstMs} of ${allMs} ms for the first of ${rest.length + 1}`);
});
