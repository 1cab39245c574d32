/**
 * The AI service through a real gRPC server and client: clients that cancel, run out of time or vanish end the model's work.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { moodOf } from "../../src/ai/sentiment/mood.ts";
import { AIServiceClient } from "../../src/clients/ai_client.ts";
import { RemoteAiService } from "../../src/clients/remote_ai_service.ts";
import { ChatError } from "../../src/core/errors.ts";
import { openDatabase } from "../../src/database/open.ts";
import { partsOf, testAiService, textOf } from "../support/ai_service.ts";
import { callContext } from "../support/call_context.ts";
import { databasePlace } from "../support/database.ts";
import { testLog } from "../support/log.ts";
import { startModelServer, streamed } from "../support/model_server.ts";
import { startServer } from "./grpc_support.ts";

const BITS = ["Tea ", "is ", "hot."];
/** Several times what is seen, because machines are busy; the aim is 50 ms. */
const AT_ONCE_MS = 1_000;

Deno.test("AI over gRPC", async (t) => {
  await using place = await databasePlace("postgres");
  const log = testLog();
  const database = await openDatabase(place.config, { log });
  let stall = false;
  let gone = Promise.withResolvers<number>();
  await using models = startModelServer(({ signal }) => {
    signal.addEventListener("abort", () => gone.resolve(performance.now()));
    const forever = () => new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    return streamed(BITS, stall ? { before: (index) => index === 1 ? forever() : undefined } : {});
  });
  const ai = testAiService(database, { providers: [models.provider()], moodOf });
  const { server, address } = await startServer({ services: { ai } });
  const client = new AIServiceClient({ address });
  const remote = new RemoteAiService({ address });
  try {
    await t.step("AIServiceClient.streamResponse brings every part across as the service tells it", async () => {
      const request = { prompt: "How hot?", requestId: "wire", context: ["Cups"] };
      const parts = await partsOf(remote.streamResponse(request, callContext()));
      assertEquals(textOf(parts), "Tea is hot.");
      assertEquals(parts.map(({ kind }) => kind), ["retrieval", "text", "text", "text", "usage", "done"]);
      assertEquals(parts.filter(({ isComplete }) => isComplete).length, 1);
      const resumed = await partsOf(remote.streamResponse({ ...request, resumeAfter: 2 }, callContext()));
      assertEquals(resumed, parts.slice(2));
      assertEquals((await client.getGeneration({ requestId: "wire" })).answer?.response, "Tea is hot.");
      assertEquals(models.calls.length, 1);
    });

    for (
      const [how, end] of [
        ["cancels", (leave: AbortController) => leave.abort()],
        ["vanishes", (_: AbortController, own: AIServiceClient) => void own.close()],
      ] as const
    ) {
      await t.step(`a client that ${how} ends the request at the provider at once`, async () => {
        stall = true;
        gone = Promise.withResolvers<number>();
        const own = new AIServiceClient({ address });
        const leave = new AbortController();
        let leftAtMs = 0;
        await assertRejects(async () => {
          for await (const part of own.streamResponse({ prompt: "x" }, { signal: leave.signal })) {
            if (part.kind !== "text") continue;
            leftAtMs = performance.now();
            end(leave, own);
          }
        }, ChatError);
        const tookMs = await gone.promise - leftAtMs;
        assert(tookMs < AT_ONCE_MS, `${tookMs} ms`);
        await own.close();
      });
    }

    await t.step("a deadline ends the request at the provider too", async () => {
      gone = Promise.withResolvers<number>();
      const startedAtMs = performance.now();
      const error = await assertRejects(() => client.generateResponse({ prompt: "x" }, { deadlineMs: 300 }), ChatError);
      assertEquals(error.code, "deadline_exceeded");
      const tookMs = await gone.promise - startedAtMs;
      assert(tookMs < 300 + AT_ONCE_MS, `${tookMs} ms`);
    });

    await t.step("AIServiceClient.analyzeSentiments judges each text and names the one that it refuses", async () => {
      const { results } = await client.analyzeSentiments({ texts: ["I love it", "I hate it", "😀", ""] });
      assertEquals(results.map(({ sentiment }) => sentiment), ["positive", "negative", "positive", "neutral"]);
      const error = await assertRejects(() => client.analyzeSentiment({ text: "a\0b" }), ChatError);
      assertEquals([error.code, error.field], ["invalid_argument", "text"]);
    });
  } finally {
    await remote.close();
    await client.close();
    await server.stop({ deadlineMs: 0 });
    await ai.close();
    await database.close();
  }
});
