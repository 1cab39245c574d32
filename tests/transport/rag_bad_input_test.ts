/**
 * What strangers send to the RAG service, and what embedding servers answer, through a real gRPC server: each gets a clear error, and the index
 * stays as it was.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { type App, createApp } from "../../src/app.ts";
import { ChatError, RAGServiceClient } from "../../src/clients/mod.ts";
import { readConfig } from "../../src/config/read.ts";
import type { IndexDocumentRequest, SearchDocumentsRequest } from "../../src/contracts/mod.ts";
import { ragServiceDefinition } from "../../src/wire/definitions.ts";
import { Client, credentials } from "../../src/wire/grpc_js.ts";
import { databasePlace } from "../support/database.ts";
import { testLog } from "../support/log.ts";
import { makePdf, pdfBomb } from "../support/pdf.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const encrypted = `/Encrypt<</Filter/Standard/V 1/R 2/P -4/O(${"o".repeat(32)})/U(${"u".repeat(32)})>>/ID[(i)(i)]`;

/** The whole system on one database, and a client of its RAG service. */
async function withSystem(env: Record<string, string>, work: (client: RAGServiceClient, address: string) => Promise<void>): Promise<void> {
  await using place = await databasePlace("postgres");
  const settings = {
    GRPC_ENABLED: "true",
    GRPC_SERVER_PORT: "0",
    HTTP_PORT: "0",
    METRICS_PORT: "off",
    GRPC_MAX_TURN_DELAY_MS: "0",
    ...place.env,
    ...env,
  };
  const app: App = createApp(readConfig(settings), { log: testLog() });
  try {
    const address = `127.0.0.1:${(await app.start()).grpcPort}`;
    await using client = new RAGServiceClient({ address, maxAttempts: 1, deadlineMs: 60_000 });
    await work(client, address);
  } finally {
    await app.stop();
  }
}

async function refusal(work: () => Promise<unknown>): Promise<ChatError> {
  return await assertRejects(work, ChatError);
}

Deno.test("RAG over gRPC refuses bad input in words, and the index stays as it was", async (t) => {
  await withSystem({}, async (client, address) => {
    await client.indexDocument({ documentId: "kept", content: "The heron stands in the reeds" });
    const unharmed = async () => {
      const { documents } = await client.listDocuments();
      assertEquals(documents.map(({ documentId, version }) => [documentId, version]), [["kept", 1]]);
      assertEquals((await client.searchDocuments({ query: "heron" })).results.length, 1);
    };

    const searches: readonly (readonly [name: string, request: SearchDocumentsRequest, field: string])[] = [
      ["an empty query", { query: "" }, "query"],
      ["a query of white space", { query: " \n\t " }, "query"],
      ["a query of signs", { query: "?!…🙂" }, "query"],
      ["a query of only stop words", { query: "what is the of and" }, "query"],
      ["a query of only German stop words", { query: "Was ist das und wer sind die?" }, "query"],
      ["a query of only Russian stop words", { query: "и что это" }, "query"],
      ["a query of a million characters", { query: "heron ".repeat(170_000) }, "query"],
      ["a query with U+0000", { query: "heron\0" }, "query"],
      ["a broken filter", { query: "heron", filter: "year >" }, "filter"],
      ["a filter that smuggles U+0000", { query: "heron", filter: '{"eq": ["a", "\\u0000"]}' }, "filter"],
      ["too many results", { query: "heron", topK: 101 }, "top_k"],
      ["a negative number of results", { query: "heron", topK: -1 }, "top_k"],
      ["a threshold that is no number", { query: "heron", similarityThreshold: NaN }, "similarity_threshold"],
      ["a collection's name that is too long", { query: "heron", collection: "c".repeat(129) }, "collection"],
    ];
    for (const [name, request, field] of searches) {
      await t.step(`SearchDocuments refuses ${name}`, async () => {
        const error = await refusal(() => client.searchDocuments(request));
        assertEquals([error.code, error.field], ["invalid_argument", field], error.message);
      });
    }

    const pdf = (contentBytes: Uint8Array) => ({ contentBytes, mediaType: "application/pdf" });
    const html = (text: string) => ({ contentBytes: bytes(text), mediaType: "text/html" });
    const documents: readonly (readonly [name: string, request: Partial<IndexDocumentRequest>, message: RegExp])[] = [
      ["no content", {}, /`content`/],
      ["content of white space", { content: " \n " }, /`content`/],
      ["no id", { documentId: "", content: "x" }, /`document_id`/],
      ["an id with a line break", { documentId: "a\nb", content: "x" }, /`document_id` must not hold control characters, got U\+000A/],
      ["an id with an escape", { documentId: "a\u001b[2J", content: "x" }, /got U\+001B/],
      ["an id that is too long", { documentId: "i".repeat(513), content: "x" }, /`document_id`/],
      ["too much metadata", { content: "x", metadata: { k: "v".repeat(17_000) } }, /`metadata` must be at most 16384 bytes/],
      [
        "too many entries of metadata",
        { content: "x", metadata: Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`k${n}`, ""])) },
        /`metadata` must have at most 64 entries/,
      ],
      ["a title that is too long", { content: "x", title: "t".repeat(1_025) }, /`title`/],
      ["another media type", { content: "x", mediaType: "image/png" }, /`media_type`/],
      ["a language that is none", { content: "x", language: "English" }, /`language`/],
      ["text and bytes", { content: "x", contentBytes: bytes("y") }, /`content_bytes`/],
      ["bytes that are not UTF-8", { contentBytes: new Uint8Array([0x61, 0xff, 0xfe]) }, /not UTF-8 from byte 1 on/],
      ["a broken PDF", pdf(bytes("%PDF-1.7 broken")), /The PDF is broken/],
      ["a PDF cut in half", pdf(makePdf([[{ text: "Half", size: 10, y: 700 }]]).slice(0, 150)), /PDF/],
      ["an encrypted PDF", pdf(makePdf([[{ text: "Secret", size: 10, y: 700 }]], { extra: encrypted })), /The PDF is encrypted/],
      ["a PDF without text", pdf(makePdf([[]])), /no text in it/],
      ["a zip named .pdf", pdf(bytes("PK\u0003\u0004 zip")), /ZIP archive/],
      ["a zip as text", { contentBytes: bytes("PK\u0003\u0004 zip") }, /ZIP archive/],
      ["HTML nested too deeply", html("<div>".repeat(100_000)), /nested more than 2000 elements deep/],
      ["HTML without text", html("<script>alert(1)</script>"), /no text in it/],
      ["a room's collection", { content: "x", collection: "room:general" }, /`collection`/],
    ];
    for (const [name, request, message] of documents) {
      await t.step(`IndexDocument refuses ${name}`, async () => {
        const error = await refusal(() => client.indexDocument({ documentId: "bad", ...request }));
        assertEquals(error.code, "invalid_argument", error.message);
        assertMatch(error.message, message);
        await unharmed();
      });
    }

    await t.step("IndexDocument refuses a PDF that unpacks to more than it may, and reads on", async () => {
      const small = pdfBomb(900);
      assert(small.length < 2 * 1024 * 1024);
      const error = await refusal(() => client.indexDocument({ documentId: "bomb", ...pdf(small) }));
      assertEquals(error.code, "invalid_argument", error.message);
      await unharmed();
    });

    await t.step("IndexDocument refuses text that is not UTF-8 on the wire", async () => {
      const raw = new Client(address, credentials.createInsecure());
      const { path } = ragServiceDefinition.IndexDocument;
      const request = Uint8Array.from([0x0a, 1, 0x61, 0x12, 2, 0xc3, 0x28]);
      const failure = await new Promise<{ readonly code?: number; readonly details?: string } | null>((resolve) =>
        raw.makeUnaryRequest(path, (body: Uint8Array) => Buffer.from(body), (answer: Buffer) => answer, request, (error) => resolve(error))
      );
      raw.close();
      assertEquals([failure?.code, failure?.details], [3, "Field `content` must be UTF-8, got other bytes"]);
      await unharmed();
    });

    await t.step("a document's name may hold slashes, dots, spaces and any letters", async () => {
      for (const documentId of ["../../etc/passwd", "a/b c?d#e%2F.md", "ключ/鍵", "'; drop table rag_documents; --", "\u202e\u200b"]) {
        assertEquals((await client.indexDocument({ documentId, content: "Named oddly", collection: "names" })).documentId, documentId);
        assertEquals((await client.getDocument({ documentId, collection: "names" })).content, "Named oddly");
        assertEquals((await client.deleteDocument({ documentId, collection: "names" })).success, true);
      }
    });

    await t.step("a bulk load tells of each refusal and stores the others", async () => {
      const given = [{ documentId: "one", content: "first" }, { documentId: "bad", ...pdf(bytes("PK\u0003\u0004")) }, {
        documentId: "two",
        content: "second",
      }];
      const outcomes: string[] = [];
      for await (const step of client.indexDocuments(given.map((one) => ({ ...one, collection: "bulk" })))) outcomes.push(step.error);
      assertEquals(outcomes.map((error) => error === ""), [true, false, true]);
      assertEquals((await client.listDocuments({ collection: "bulk" })).totalCount, 2);
    });
  });
});

Deno.test(
  "RAG over gRPC with an embedding server that fails: indexing is refused, searching goes by words and says so",
  async (t) => {
    type Answer = (texts: readonly string[]) => unknown;
    const good: Answer = (texts) => texts.map((text, index) => ({ index, embedding: [text.length, 1, 0.5] }));
    let answer: Answer | "slow" | "error" | "down" = good;
    const waiting = Promise.withResolvers<void>();
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
      const { input } = await request.json();
      if (answer === "slow") await waiting.promise;
      if (answer === "error") return new Response("boom", { status: 500 });
      return typeof answer === "function"
        ? new Response(JSON.stringify({ data: answer(input) }).replaceAll('"NaN"', "NaN"))
        : new Response("", { status: 404 });
    });
    const env = { EMBEDDING_BASE_URL: `http://127.0.0.1:${server.addr.port}/v1`, EMBEDDING_MODEL: "tiny" };
    try {
      await withSystem(env, async (client) => {
        await client.indexDocument({ documentId: "kept", content: "The heron stands in the reeds" });
        const vectors = (embedding: unknown): Answer => (texts) => texts.map((_, index) => ({ index, embedding }));
        const failures: readonly (readonly [name: string, answer: typeof answer])[] = [
          ["answers 500", "error"],
          ["knows no such path", "down"],
          ["gives vectors of another size", vectors([1, 2])],
          ["gives NaN", vectors([1, "NaN", 3])],
          ["gives null for a number", vectors([1, null, 3])],
          ["gives empty vectors", vectors([])],
          ["gives fewer vectors", () => []],
          [
            "gives one vector twice",
            (texts) => [...texts, ...texts].map(() => ({ index: 0, embedding: [1, 2, 3] })),
          ],
          ["gives something else", () => "nothing"],
        ];
        for (const [name, failing] of failures) {
          await t.step(`when it ${name}`, async () => {
            answer = failing;
            const error = await refusal(() => client.indexDocument({ documentId: "kept", content: "A changed text about herons" }));
            assert(["unavailable", "failed_precondition", "internal"].includes(error.code), `${error.code}: ${error.message}`);
            assertMatch(error.message, /embedding server/);
            const { results, notices } = await client.searchDocuments({ query: "heron" });
            assertEquals([results.map(({ content }) => content), notices], [["The heron stands in the reeds"], [
              "The embedding server could not be used: the search went by words alone",
            ]]);
            answer = good;
            assertEquals((await client.searchDocuments({ query: "heron" })).notices, []);
            assertEquals((await client.getDocument({ documentId: "kept" })).version, 1);
          });
        }

        await t.step("when it does not answer in time", async () => {
          answer = "slow";
          const { results, notices } = await client.searchDocuments({ query: "heron" });
          assertEquals([results.length, notices.length], [1, 1]);
          const error = await refusal(() => client.indexDocument({ documentId: "kept", content: "Never stored" }, { deadlineMs: 500 }));
          assertEquals(error.code, "deadline_exceeded");
          answer = good;
          waiting.resolve();
          assertEquals((await client.getDocument({ documentId: "kept" })).version, 1);
        });

        await t.step("when it is gone", async () => {
          await server.shutdown();
          const { results, notices } = await client.searchDocuments({ query: "heron" });
          assertEquals([results.length, notices.length], [1, 1]);
          const error = await refusal(() => client.indexDocument({ documentId: "kept", content: "Never stored" }));
          assertEquals(error.code, "unavailable", error.message);
          assertEquals((await client.getDocument({ documentId: "kept" })).content, "The heron stands in the reeds");
        });
      });
    } finally {
      waiting.resolve();
      await server.shutdown();
    }
  },
);
