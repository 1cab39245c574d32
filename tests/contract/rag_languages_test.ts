import { assertEquals } from "@std/assert";
import { createRagService } from "../../src/rag/service.ts";
import { callContext } from "../support/call_context.ts";
import { eachDatabase } from "../support/database.ts";
import { testLog } from "../support/log.ts";
import { LANGUAGES } from "../support/passages.ts";

eachDatabase(
  "RagService.searchDocuments finds the passage that answers, in a collection of one language and of all together",
  async (t, { database }) => {
    const service = createRagService({ database, log: testLog() });
    for (const [language, { passages }] of Object.entries(LANGUAGES)) {
      for (const [index, content] of passages.entries()) {
        for (const collection of [language, "all"]) {
          await service.indexDocument({ documentId: `${language}-${index}`, content, collection }, callContext());
        }
      }
    }
    for (const [language, { questions }] of Object.entries(LANGUAGES)) {
      await t.step(language, async () => {
        for (const collection of [language, "all"]) {
          for (const [query, passage] of questions) {
            const { results } = await service.searchDocuments({ query, collection }, callContext());
            assertEquals(results[0]?.documentId, `${language}-${passage}`, `${query} in ${collection}`);
          }
        }
      });
    }
    await service.close();
  },
);
