import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { chunkText } from "../../src/rag/chunks.ts";
import { closeExtraction, extractText } from "../../src/rag/formats/extract.ts";
import { prepareDocument } from "../../src/rag/prepare.ts";
import { makePdf } from "../support/pdf.ts";

/** Words, sentences and what breaks naive offsets: surrogate pairs, marks, scripts without spaces, carriage returns. */
const words = fc.array(
  fc.constantFrom(
    "Heron",
    "reeds.",
    "Größe!",
    "naïve",
    "日本語。",
    "ไทย",
    "👩‍👩‍👧",
    "𝒳",
    "e\u0301",
    "x=1;",
    "\r\n",
    "\n\n",
    "# Head\n",
    "- item\n",
    "<b>",
    "&amp;",
    "a_b",
  ),
  { minLength: 1, maxLength: 60 },
).map((parts) => parts.join(" "));

/** Each format's bytes of some text. */
const FORMATS: Readonly<Record<string, (text: string) => Uint8Array>> = {
  "text/plain": (text) => new TextEncoder().encode(text),
  "text/markdown": (text) => new TextEncoder().encode(`# Title\n\n${text}`),
  "text/html": (text) => new TextEncoder().encode(`<title>T</title><h1>Big</h1><p>${text}</p><ul><li>${text}</ul><pre>${text}</pre>`),
  "application/pdf": (text) => makePdf([[{ text: "Head", size: 20, y: 700 }, ...pdfLines(text)]]),
};

function pdfLines(text: string) {
  const plain = text.replaceAll(/[^ -~]|[()\\]/g, "");
  return (plain.match(/.{1,60}/g) ?? []).map((line, index) => ({ text: line, size: 10, y: 660 - 12 * index }));
}

for (const [mediaType, write] of Object.entries(FORMATS)) {
  Deno.test(`every chunk is a slice of the text extracted from ${mediaType}, and all but white space is in one`, async () => {
    try {
      await fc.assert(
        fc.asyncProperty(words, fc.integer({ min: 5, max: 60 }), async (given, maxTokens) => {
          const { text, title } = await extractText(write(given), mediaType);
          assertEquals(text.isWellFormed(), true);
          const covered = new Uint8Array(text.length);
          for (const { start, end } of chunkText(text, { maxTokens })) covered.fill(1, start, end);
          for (const { index } of text.matchAll(/\S/g)) assertEquals(covered[index], 1, `character ${index} of ${JSON.stringify(text)}`);
          const { chunks } = await prepareDocument({ documentId: "d" }, { text, title, mediaType, contentHash: "" });
          for (const { start, end, content } of chunks) assertEquals(text.slice(start, end), content);
        }),
        { numRuns: 60 },
      );
    } finally {
      await closeExtraction();
    }
  });
}
