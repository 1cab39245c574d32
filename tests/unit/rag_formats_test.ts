import { assert, assertEquals, assertRejects } from "@std/assert";
import { ChatError } from "../../src/core/errors.ts";
import { chunkText } from "../../src/rag/chunks.ts";
import { closeExtraction, extractText } from "../../src/rag/formats/extract.ts";
import { DocumentReader } from "../../src/rag/formats/reader.ts";
import { makePdf, pdfBomb } from "../support/pdf.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const bytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** Ends the reading thread, which stays for a moment otherwise. */
async function extracted(given: Uint8Array, mediaType: string) {
  try {
    return await extractText(given, mediaType);
  } finally {
    await closeExtraction();
  }
}

async function refused(given: Uint8Array, mediaType: string, message: RegExp): Promise<void> {
  const error = await assertRejects(() => extracted(given, mediaType), ChatError);
  assertEquals(error.code, "invalid_argument");
  assert(message.test(error.message), error.message);
}

Deno.test("extractText leaves plain text as it is, in every encoding that it can name", async () => {
  const text = " Größe: 5 €\r\n# kept\n";
  const plain = { text, title: "", mediaType: "text/plain" };
  assertEquals(await extracted(utf8(text), ""), plain);
  assertEquals(await extracted(utf8(`\ufeff${text}`), "text/plain"), plain);
  const utf16 = bytes(
    "\xff\xfe" + Array.from(text, (character) => String.fromCharCode(character.charCodeAt(0) & 255, character.charCodeAt(0) >> 8)).join(""),
  );
  assertEquals(await extracted(utf16, "text/plain"), plain);
  assertEquals((await extracted(bytes("Gr\xf6\xdfe"), 'Text/Plain; charset="ISO-8859-1"')).text, "Größe");
  assertEquals((await extracted(bytes("\x93\xfa\x96\x7b"), "text/plain; charset=shift_jis")).text, "日本");
});

Deno.test("extractText refuses what is not text and says what it is", async () => {
  await refused(bytes("Gr\xf6\xdfe"), "text/plain", /^The document is not UTF-8 from byte 2 on/);
  await refused(utf8("a\0b"), "text/plain", /^The document is binary, not text\/plain: character 1 is U\+0000$/);
  await refused(bytes("PK\x03\x04rest"), "text/markdown", /ZIP archive .* not text\/markdown$/);
  await refused(utf8("%PDF-1.4"), "text/html", /^The document is a PDF, not text\/html$/);
  await refused(utf8("x"), "text/plain; charset=klingon", /charset .*got "klingon"$/);
  await refused(utf8("x"), "image/png", /^The media type must be .*got "image\/png"$/);
  await refused(new Uint8Array(33 * 1024 * 1024), "text/plain", /^The document must have at most 33554432 bytes, got 34603008$/);
});

Deno.test("extractText reads Markdown: headings, lists and code stay, marks and addresses go", async () => {
  const markdown = [
    "# A *fine* title\n\nSome **bold** [link](http://example.org) and `code`,\nsecond line.<br>",
    "Setext\n------\n\n1. one\n2. two\n   - deep\n\n> quoted\n\n```sh\n# comment\n```\n\n\\# no heading\n\n<div>block <b>html</b><script>evil()</script></div>\n\n![alt text](x.png)",
  ].join("\n\n");
  const { text, title } = await extracted(utf8(markdown), "text/markdown");
  assertEquals(title, "A fine title");
  assertEquals(
    text,
    "# A fine title\n\nSome bold link and code,\nsecond line.\n\n## Setext\n\n1. one\n2. two\n- deep\n\nquoted\n\n```\n# comment\n```\n\n\\# no heading\n\nblock html\n\nalt text",
  );
  assertEquals(chunkText(text).map((chunk) => chunk.heading), ["A fine title", "A fine title › Setext"]);
});

Deno.test("extractText takes a Markdown file's title from its front matter", async () => {
  const { text, title } = await extracted(utf8('---\nlayout: post\ntitle: "The real: title"\n---\n\nBody.\n'), "text/markdown");
  assertEquals([text, title], ["Body.", "The real: title"]);
});

Deno.test("extractText reads HTML: what a reader sees, with headings", async () => {
  const html =
    `<!doctype html><html><head><title>Page &amp; title</title><style>p{}</style><script>var x = "<p>no</p>"</script></head><body>
    <h1>Big</h1><p>First&nbsp;paragraph,<br>two   lines.<p>Second.
    <div style="display: none">hidden <b>one</b></div><p hidden>hidden two</p><span aria-hidden="true">hidden three</span>
    <template>no</template><noscript>no</noscript><svg><title>no</title></svg><!-- no -->
    <h2>Small <em>heading</em></h2><ul><li>one<li>two</ul><table><tr><th>k</th><td>v</td></tr><tr><td>a<td>b</table>
    <pre># code
  kept</pre>last</body></html>`;
  const { text, title } = await extracted(utf8(html), "text/html");
  assertEquals(title, "Page & title");
  assertEquals(
    text,
    "# Big\n\nFirst\u00a0paragraph,\ntwo lines.\n\nSecond.\n\n## Small heading\n\n- one\n- two\n\nk | v\na | b\n\n```\n# code\n  kept\n```\n\nlast",
  );
});

Deno.test("extractText reads an HTML page in the charset that it says of itself", async () => {
  assertEquals((await extracted(bytes('<meta charset="windows-1252"><p>Gr\xf6\xdfe'), "text/html")).text, "Größe");
  // Sent as text it is UTF-8, whatever it says.
  assertEquals((await extracted(utf8('<meta charset="windows-1252"><p>Größe'), "text/html")).text, "Größe");
});

Deno.test("extractText reads a PDF: large lines are headings, broken words and lines are joined", async () => {
  const pdf = makePdf([
    [
      { text: "Chapter One", size: 20, y: 700 },
      { text: "The committee dis-", size: 10, y: 660 },
      { text: "cussed the budget.", size: 10, y: 648 },
      { text: "A new paragraph goes on", size: 10, y: 610 },
    ],
    [{ text: "on the next page.", size: 10, y: 700 }],
  ], { title: "Minutes" });
  assertEquals(await extracted(pdf, "application/pdf"), {
    text: "# Chapter One\n\nThe committee discussed the budget.\n\nA new paragraph goes on\non the next page.",
    title: "Minutes",
    mediaType: "application/pdf",
  });
});

Deno.test("extractText refuses a PDF that is none, broken or encrypted", async () => {
  await refused(bytes("PK\x03\x04rest"), "application/pdf", /ZIP archive .* not a PDF$/);
  await refused(utf8(""), "application/pdf", /^The document is empty, not a PDF$/);
  await refused(utf8("Hello"), "application/pdf", /^The document is something else, not a PDF$/);
  await refused(utf8("%PDF-1.7 and then nothing"), "application/pdf", /^The PDF is broken: /);
  const encryption = `/Encrypt<</Filter/Standard/V 1/R 2/P -4/O(${"o".repeat(32)})/U(${"u".repeat(32)})>>/ID[(i)(i)]`;
  await refused(makePdf([[{ text: "Secret", size: 10, y: 700 }]], { extra: encryption }), "application/pdf", /^The PDF is encrypted/);
});

Deno.test("extractText refuses deep nesting and reads on after it", async () => {
  await refused(utf8("<div>".repeat(5_000)), "text/html", /nested more than 2000 elements deep$/);
  await refused(utf8("<div>".repeat(50_000)), "text/html", /nested more than 2000 elements deep$/);
  assertEquals((await extracted(utf8("# Fine"), "text/markdown")).text, "# Fine");
});

Deno.test("DocumentReader ends what takes too long and goes on with the next document", async () => {
  const reader = new DocumentReader({ timeoutMs: 3_000 });
  const hostile = assertRejects(() => reader.read({ format: "markdown", text: "*a_".repeat(100_000) }), ChatError);
  const next = reader.read({ format: "markdown", text: "Fine." });
  assertEquals((await hostile).message, "The document took more than 3 s to read as markdown");
  assertEquals((await next).text, "Fine.");
  await reader.close();
});

Deno.test("DocumentReader ends what takes too much memory", async () => {
  const pdf = pdfBomb(400);
  assert(pdf.length < 1024 * 1024);
  const reader = new DocumentReader({ maxBytes: 64 * 1024 * 1024 });
  const error = await assertRejects(() => reader.read({ format: "pdf", bytes: pdf }), ChatError);
  assertEquals(error.message, "The document took more than 64 MB of memory to read as pdf");
  await reader.close();
});
