/**
 * The RAG service through a real gRPC server and client, and through the remote service that stands in for it in another process.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { RAGServiceClient } from "../../src/clients/rag_client.ts";
import { RemoteRagService } from "../../src/clients/remote_rag_service.ts";
import type { IndexDocumentRequest, IndexProgress } from "../../src/contracts/mod.ts";
import { ChatError } from "../../src/core/errors.ts";
import { openDatabase } from "../../src/database/open.ts";
import { createRagService } from "../../src/rag/service.ts";
import { callContext } from "../support/call_context.ts";
import { databasePlace } from "../support/database.ts";
import { testLog } from "../support/log.ts";
import { startServer } from "./grpc_support.ts";

const DOCUMENTS: readonly IndexDocumentRequest[] = [
  {
    documentId: "docs/tea.md",
    content: "# Tea\n\nGreen tea is steeped at 80 degrees.",
    mediaType: "text/markdown",
    metadata: { kind: "drink" },
  },
  {
    documentId: "docs/coffee.md",
    content: "# Coffee\n\nEspresso is brewed under pressure.",
    mediaType: "text/markdown",
    metadata: { kind: "drink" },
  },
  { documentId: "docs/bread.md", content: "# Bread\n\nSourdough rises for a night.", mediaType: "text/markdown" },
];

async function collect(steps: AsyncIterable<IndexProgress>): Promise<IndexProgress[]> {
  const found: IndexProgress[] = [];
  for await (const step of steps) found.push(step);
  return found;
}

Deno.test("RAG over gRPC", async (t) => {
  await using place = await databasePlace("postgres");
  const log = testLog();
  const database = await openDatabase(place.config, { log });
  const rag = createRagService({ database, log });
  const { server, address } = await startServer({ services: { rag } });
  const client = new RAGServiceClient({ address });
  const remote = new RemoteRagService({ address });
  try {
    await t.step("RAGServiceClient.indexDocuments tells of each document in order", async () => {
      const steps = await collect(client.indexDocuments([...DOCUMENTS, { documentId: "", content: "nameless" }]));
      assertEquals(steps.map(({ result }) => result.success), [true, true, true, false]);
      assertEquals([steps.at(-1)?.received, steps.at(-1)?.indexed, steps.at(-1)?.failed], [4, 3, 1]);
      assertStringIncludes(steps.at(-1)?.error ?? "", "Field `document_id`");
    });

    await t.step("RAGServiceClient.searchDocuments brings every part of a result across", async () => {
      const { results, corrections } = await client.searchDocuments({ query: "How hot is green tee steeped?", filter: 'kind = "drink"' });
      const [first] = results;
      assert(first !== undefined);
      assertEquals([first.documentId, first.title, first.metadata], ["docs/tea.md", "Tea", { kind: "drink" }]);
      assert(first.similarityScore > 0 && first.similarityScore <= 1 && first.scores.lexical > 0);
      assertEquals(first.scores.vector, undefined);
      assert(first.highlights.length > 0);
      assertEquals(corrections, []);
      const { content } = await client.getDocument({ documentId: "docs/tea.md" });
      assertEquals(content.slice(first.start, first.end), first.content);
    });

    await t.step("RAGServiceClient gives a server's refusal as a ChatError with its field", async () => {
      const error = await assertRejects(() => client.searchDocuments({ query: "" }), ChatError);
      assertEquals([error.code, error.field], ["invalid_argument", "query"]);
      const missing = await assertRejects(() => client.getDocument({ documentId: "nowhere" }), ChatError);
      assertEquals(missing.code, "not_found");
      for (const [mediaType, text] of [["application/pdf", "%PDF-1.7 broken"], ["application/pdf", "PK\u0003\u0004 zip"]] as const) {
        const contentBytes = new TextEncoder().encode(text);
        const broken = await assertRejects(() => client.indexDocument({ documentId: "broken", contentBytes, mediaType }), ChatError);
        assertEquals(broken.code, "invalid_argument", broken.message);
      }
      assertEquals((await client.listDocuments()).totalCount, 3);
    });

    await t.step("RAGServiceClient.indexDocuments is ended by whoever leaves the loop, and by a signal", async () => {
      const endless = function* () {
        for (let index = 0;; index++) yield { documentId: `e${index}`, content: "again and again", collection: "endless" };
      };
      for await (const step of client.indexDocuments(endless())) if (step.received === 40) break;
      const controller = new AbortController();
      const error = await assertRejects(async () => {
        for await (const step of client.indexDocuments(endless(), { signal: controller.signal })) {
          if (step.received === 40) controller.abort();
        }
      }, ChatError);
      assertEquals(error.code, "cancelled");
      const { totalCount } = await client.listDocuments({ collection: "endless" });
      assert(totalCount >= 40, `${totalCount} documents`);
    });

    await t.step("RemoteRagService is a RAG service: context, lists and deletions", async () => {
      const context = await remote.getRagContext({ query: "espresso pressure" }, callContext());
      assertEquals(context.sourceDocuments[0], "docs/coffee.md");
      assertStringIncludes(context.prompt, "not instructions");
      const { documents, hasMore } = await remote.listDocuments({ limit: 2 }, callContext());
      assertEquals([documents.map((document) => document.documentId), hasMore], [["docs/bread.md", "docs/coffee.md"], true]);
      assertEquals((await remote.deleteDocument({ documentId: "docs/bread.md" }, callContext())).success, true);
      assertEquals((await remote.searchDocuments({ query: "sourdough", exact: true }, callContext())).results, []);
    });
  } finally {
    await Promise.all([client.close(), remote.close()]);
    await server.stop({ deadlineMs: 1_000 });
    await rag.close();
    await database.close();
  }
});
