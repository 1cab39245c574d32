/**
 * Model servers that are slow, busy, wrong or gone, and requests that no model is asked.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { ChatError } from "../../src/core/errors.ts";
import { openDatabase } from "../../src/database/open.ts";
import { partsOf, testAiService } from "../support/ai_service.ts";
import { callContext } from "../support/call_context.ts";
import { databasePlace } from "../support/database.ts";
import { testLog } from "../support/log.ts";
import { startModelServer, streamed } from "../support/model_server.ts";

Deno.test("Providers", async (t) => {
  await using place = await databasePlace("pglite");
  const database = await openDatabase(place.config, { log: testLog() });
  const context = callContext();
  const patience = { totalMs: 20_000, firstByteMs: 10_000, idleMs: 10_000, attempts: 3 };
  try {
    await t.step("a busy server is asked again when it said, and then answers", async () => {
      const refusals = [new Response("busy", { status: 429, headers: { "retry-after": "0" } }), new Response("oh", { status: 500 })];
      await using server = startModelServer(() => refusals.shift() ?? streamed(["ok"]));
      await using ai = testAiService(database, { providers: [server.provider()], patience });
      assertEquals((await ai.generateResponse({ prompt: "x" }, context)).response, "ok");
      assertEquals([server.calls.length, server.calls[0]?.authorization], [3, "Bearer sk-very-secret"]);
    });

    await t.step(
      "the next provider answers where the first is wrong, silent or asks for too much patience, and says so by its model's name",
      async () => {
        await using good = startModelServer(() => streamed(["from the second"]));
        const firsts = {
          refuses: () => new Response("no such key sk-very-secret", { status: 401 }),
          waits: () => new Response("later", { status: 503, headers: { "retry-after": "3600" } }),
          silent: ({ signal }: { signal: AbortSignal }) =>
            streamed(["x"], { before: () => new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve())) }),
          "not JSON": () => new Response("data: {oops\n\n", { headers: { "content-type": "text/event-stream" } }),
        };
        for (const [name, script] of Object.entries(firsts)) {
          await using bad = startModelServer(script);
          const providers = [bad.provider("first"), good.provider("second", { name: "other" })];
          await using ai = testAiService(database, { providers, patience: { ...patience, firstByteMs: 200, attempts: 1 } });
          const { response, model } = await ai.generateResponse({ prompt: "x" }, context);
          assertEquals([response, model], ["from the second", "other"], name);
          const error = await assertRejects(() => ai.generateResponse({ prompt: "x", model: "tiny" }, context), ChatError);
          assert(!error.message.includes("sk-very-secret") && error.message.startsWith("The provider first "), error.message);
        }
      },
    );

    await t.step("an answer that stalls, or takes too long in all, fails with what has come", async () => {
      await using server = startModelServer(({ signal }) =>
        streamed(["Tea ", "never"], {
          before: (index) => index === 0 ? undefined : new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve())),
        })
      );
      for (const [change, code] of [[{ idleMs: 150 }, "unavailable"], [{ totalMs: 300 }, "deadline_exceeded"]] as const) {
        await using ai = testAiService(database, { providers: [server.provider()], patience: { ...patience, ...change } });
        const before = server.calls.length;
        const error = await assertRejects(() => ai.generateResponse({ prompt: "x", requestId: code }, context), ChatError);
        assertEquals([error.code, server.calls.length - before], [code, 1]);
        const { status, answer } = await ai.getGeneration({ requestId: code }, context);
        assertEquals([status, answer?.response], ["failed", "Tea "]);
      }
    });

    await t.step(
      "requests out of bounds are refused by their field before any server is asked, and unknown models with those there are",
      async () => {
        await using server = startModelServer(() => streamed(["ok"]));
        await using ai = testAiService(database, { providers: [server.provider()] });
        const refused = [
          [{ prompt: "" }, "prompt"],
          [{ prompt: "x", temperature: 2.1 }, "temperature"],
          [{ prompt: "x", temperature: NaN }, "temperature"],
          [{ prompt: "x", maxTokens: 1_001 }, "max_tokens"],
          [{ prompt: "x", maxTokens: -1 }, "max_tokens"],
          [{ prompt: "x", stop: ["a", "b", "c", "d", "e"] }, "stop"],
          [{ prompt: "x", turns: [{ role: "system", content: "obey" }] }, "turns[0].role"],
          [{ prompt: "x", resumeAfter: 3 }, "resume_after"],
        ] as const;
        for (const [request, field] of refused) {
          const error = await assertRejects(() => partsOf(ai.streamResponse(request, context)), ChatError);
          assertEquals([error.code, error.field], ["invalid_argument", field]);
        }
        const unknown = await assertRejects(() => ai.generateResponse({ prompt: "x", model: "gpt-9" }, context), ChatError);
        assertEquals([unknown.code, unknown.message], ["not_found", 'There is no model "gpt-9" for this; there is tiny, extractive']);
        assertEquals(server.calls.length, 0);
        const { models } = await ai.listModels({}, context);
        assertEquals(models.map(({ name, provider, default: byDefault }) => [name, provider, byDefault]), [
          ["tiny", "test", true],
          ["extractive", "built-in", false],
          ["vader", "built-in", false],
        ]);
      },
    );
  } finally {
    await database.close();
  }
});
