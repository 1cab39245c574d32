import { assertEquals } from "@std/assert";
import { createRagService } from "../../src/rag/service.ts";
import { callContext } from "../support/call_context.ts";
import { eachDatabase } from "../support/database.ts";
import { DOMAINS } from "../support/domains.ts";
import { testLog } from "../support/log.ts";

eachDatabase(
  "RagService.searchDocuments finds passages of medicine, finance and programming in one collection",
  async (t, { database }) => {
    const service = createRagService({ database, log: testLog() });
    for (const [domain, { passages }] of Object.entries(DOMAINS)) {
      for (const [index, content] of passages.entries()) {
        await service.indexDocument({ documentId: `${domain}-${index}`, content, collection: "domains" }, callContext());
      }
    }
    for (const [domain, { questions }] of Object.entries(DOMAINS)) {
      await t.step(domain, async () => {
        for (const [query, passage] of questions) {
          const { results } = await service.searchDocuments({ query, collection: "domains" }, callContext());
          assertEquals(results[0]?.documentId, `${domain}-${passage}`, query);
        }
      });
    }
    await service.close();
  },
);
