/**
 * Generations against a real model server over HTTP, on every database: how they stream, are stored, shared, resumed and ended.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { GenerationPart } from "../../src/contracts/mod.ts";
import type { Caller } from "../../src/core/caller.ts";
import { ChatError } from "../../src/core/errors.ts";
import { partsOf, testAiService, textOf } from "../support/ai_service.ts";
import { callContext } from "../support/call_context.ts";
import { eachDatabase } from "../support/database.ts";
import { type ModelScript, startModelServer, streamed } from "../support/model_server.ts";

const BITS = ["Tea ", "is st", "eeped", " at 80 °C", " 🍵."];
const ANSWER = BITS.join("");
const caller = (id: string): Caller => ({ kind: "api_key", id, name: id, scopes: new Set(["ai:use"]) });

async function eventually(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const giveUpAt = Date.now() + 20_000;
  while (!await holds()) {
    assert(Date.now() < giveUpAt, `in 20 s not seen: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

eachDatabase("Generations", async (t, { database }) => {
  await t.step("streamResponse tells text as it comes, and concatenated contents are the whole answer", async () => {
    const gates = BITS.map(() => Promise.withResolvers<void>());
    await using server = startModelServer(() =>
      streamed(BITS, { before: (index) => gates[index]?.promise, usage: { prompt_tokens: 7, completion_tokens: 5 } })
    );
    await using ai = testAiService(database, { providers: [server.provider()] });
    const parts: GenerationPart[] = [];
    gates[0]?.resolve();
    for await (const part of ai.streamResponse({ prompt: "How hot?", temperature: Math.fround(0.3), maxTokens: 20 }, callContext())) {
      parts.push(part);
      gates[parts.length]?.resolve(); // each bit is sent only after the one before was told
    }
    assertEquals(textOf(parts), ANSWER);
    assertEquals(parts.map(({ seq }) => seq), parts.map((_, index) => index + 1));
    assertEquals(parts.filter(({ isComplete }) => isComplete).map(({ kind }) => kind), ["done"]);
    assertEquals(parts.slice(-2).map(({ kind }) => kind), ["usage", "done"]);
    assertEquals([server.calls[0]?.temperature, server.calls[0]?.max_tokens, server.calls[0]?.model], [0.3, 20, "tiny"]);
  });

  await t.step("generateResponse hands temperature 0 on as it is, and 0.7 where there is none", async () => {
    await using server = startModelServer(() => streamed(BITS));
    await using ai = testAiService(database, { providers: [server.provider()] });
    await ai.generateResponse({ prompt: "How hot?", temperature: 0 }, callContext());
    await ai.generateResponse({ prompt: "How hot?" }, callContext());
    assertEquals(server.calls.map(({ temperature }) => temperature), [0, 0.7]);
  });

  await t.step("generateResponse gives the provider's usage, else counts the tokens and says so", async () => {
    const usages = [{ prompt_tokens: 7, completion_tokens: 5 }, undefined];
    await using server = startModelServer(() => {
      const usage = usages.shift();
      return streamed(BITS, usage === undefined ? {} : { usage });
    });
    await using ai = testAiService(database, { providers: [server.provider()] });
    const told = await ai.generateResponse({ prompt: "How hot?" }, callContext());
    assertEquals([told.response, told.tokensUsed, told.usage?.estimated, told.model, told.finishReason], [
      ANSWER,
      12,
      false,
      "tiny",
      "stop",
    ]);
    const counted = await ai.generateResponse({ prompt: "How hot?" }, callContext());
    assert(counted.usage?.estimated && counted.tokensUsed > 8 && counted.tokensUsed < 30, JSON.stringify(counted.usage));
  });

  await t.step("the same request id starts one generation only, however many ask at once, here and on another server", async () => {
    await using server = startModelServer(() => streamed(BITS));
    await using here = testAiService(database, { providers: [server.provider()] });
    await using there = testAiService(database, { providers: [server.provider()] });
    const request = { prompt: "How hot?", requestId: "shared" };
    const all = await Promise.all(
      [here, there, here, there, here].map((ai) => partsOf(ai.streamResponse(request, callContext()))),
    );
    for (const parts of all) assertEquals(parts, all[0]!);
    assertEquals(textOf(all[0]!), ANSWER);
    assertEquals(server.calls.length, 1);
    const other = await assertRejects(() => partsOf(here.streamResponse({ ...request, prompt: "How cold?" }, callContext())), ChatError);
    assertEquals([other.code, other.field], ["already_exists", "request_id"]);
    const own = await here.generateResponse(request, callContext({ caller: caller("key:eve") }));
    assertEquals([own.response, server.calls.length], [ANSWER, 2], "somebody else's id of that name is another one");
  });

  await t.step("a client that comes back goes on where it was, elsewhere too, and a stored answer reads the same", async () => {
    const gate = Promise.withResolvers<void>();
    await using server = startModelServer(() => streamed(BITS, { before: (index) => index === 3 ? gate.promise : undefined }));
    await using here = testAiService(database, { providers: [server.provider()] });
    await using there = testAiService(database, { providers: [server.provider()] });
    const request = { prompt: "How hot?", requestId: "resumed" };
    const first: GenerationPart[] = [];
    for await (const part of here.streamResponse(request, callContext())) {
      first.push(part);
      if (first.length === 2) break;
    }
    const beyond = there.streamResponse({ ...request, resumeAfter: 2 }, callContext())[Symbol.asyncIterator]();
    await eventually("parts stored", async () => (await there.getGeneration(request, callContext())).lastSeq >= 3);
    const third = await beyond.next();
    assertEquals((await there.getGeneration(request, callContext())).status, "running");
    gate.resolve();
    const rest = [third.value as GenerationPart, ...await partsOf({ [Symbol.asyncIterator]: () => beyond })];
    const whole = await partsOf(there.streamResponse(request, callContext()));
    assertEquals([...first, ...rest], whole);
    assertEquals([textOf(whole), server.calls.length], [ANSWER, 1]);
    const stored = await there.getGeneration(request, callContext());
    assertEquals([stored.status, stored.answer?.response, stored.lastSeq], ["done", ANSWER, whole.length]);
    const missing = await assertRejects(() => there.getGeneration(request, callContext({ caller: caller("key:eve") })), ChatError);
    assertEquals(missing.code, "not_found");
    const far = await assertRejects(() => partsOf(there.streamResponse({ ...request, resumeAfter: 99 }, callContext())), ChatError);
    assertEquals(far.code, "out_of_range");
    const byName = { prompt: "", requestId: request.requestId, resumeAfter: 2 };
    assertEquals(await partsOf(there.streamResponse(byName, callContext())), whole.slice(2));
    for (const refused of [{ ...byName, resumeAfter: 99 }, { ...byName, requestId: "no" }]) {
      const { code } = await assertRejects(() => partsOf(there.streamResponse(refused, callContext())), ChatError);
      assertEquals(code, refused.requestId === "no" ? "not_found" : "out_of_range");
    }
    const unknown = await assertRejects(
      () => partsOf(there.streamResponse({ ...request, requestId: "no", resumeAfter: 1 }, callContext())),
      ChatError,
    );
    assertEquals([unknown.code, server.calls.length], ["not_found", 1]);
  });

  await t.step("a caller that goes ends the request at the provider at once, unless somebody else follows", async () => {
    const gone: (() => number)[] = [];
    await using server = startModelServer(({ signal }) => {
      const left = Promise.withResolvers<void>();
      let atMs = 0;
      signal.addEventListener("abort", () => {
        atMs = performance.now();
        left.resolve();
      });
      gone.push(() => atMs);
      return streamed(BITS, { before: (index) => index === 2 ? left.promise : undefined });
    });
    await using ai = testAiService(database, { providers: [server.provider()] });
    const leave = new AbortController();
    const parts: GenerationPart[] = [];
    let leftAtMs = 0;
    const error = await assertRejects(async () => {
      for await (const part of ai.streamResponse({ prompt: "How hot?" }, callContext({ signal: leave.signal }))) {
        parts.push(part);
        if (parts.length === 2) {
          leftAtMs = performance.now();
          leave.abort();
        }
      }
    }, ChatError);
    assertEquals(error.code, "cancelled");
    await eventually("the provider's client gone", () => gone[0]?.() !== 0);
    const took = gone[0]!() - leftAtMs;
    assert(took < 500, `the provider noticed after ${took} ms`);
    const { requestId } = parts[0]!;
    await eventually(
      "cancelled in the database",
      async () => (await ai.getGeneration({ requestId }, callContext())).status === "cancelled",
    );
    const stored = await ai.getGeneration({ requestId }, callContext());
    assertEquals([stored.answer?.response, stored.answer?.finishReason], ["Tea is st", "cancelled"]);

    const [one, two] = [new AbortController(), new AbortController()];
    const request = { prompt: "How hot?", requestId: "watched" };
    const watching = partsOf(ai.streamResponse(request, callContext({ signal: two.signal })));
    for await (const _ of ai.streamResponse(request, callContext({ signal: one.signal }))) break;
    one.abort();
    assertEquals((await ai.getGeneration(request, callContext())).status, "running");
    assertEquals(await ai.cancelGeneration(request, callContext()), { success: true, message: "The generation ends" });
    assertEquals((await assertRejects(() => watching, ChatError)).code, "cancelled");
    assertEquals((await ai.cancelGeneration(request, callContext())).success, false);
  });

  await t.step("cancelGeneration reaches the server that is at it, and a named generation is given up after its grace", async () => {
    const forever: ModelScript = ({ signal }) =>
      streamed(BITS, {
        before: (index) => index === 1 ? new Promise((resolve) => signal.addEventListener("abort", () => resolve())) : undefined,
      });
    await using server = startModelServer(forever);
    await using here = testAiService(database, { providers: [server.provider()] });
    await using there = testAiService(database, { providers: [server.provider()] });
    const watching = partsOf(here.streamResponse({ prompt: "x", requestId: "far" }, callContext()));
    await eventually("begun", async () => await there.getGeneration({ requestId: "far" }, callContext()).then(() => true, () => false));
    assertEquals((await there.cancelGeneration({ requestId: "far" }, callContext())).success, true);
    assertEquals((await assertRejects(() => watching, ChatError)).code, "cancelled");
    await using brief = testAiService(database, {
      providers: [server.provider()],
      limits: { atOnce: 1, atOncePerCaller: 1, graceMs: 50, keepMs: 1_000_000 },
    });
    for await (const _ of brief.streamResponse({ prompt: "x", requestId: "left" }, callContext())) break;
    const full = await assertRejects(() => brief.generateResponse({ prompt: "y" }, callContext()), ChatError);
    assertEquals(full.code, "resource_exhausted");
    await eventually("given up", async () => (await brief.getGeneration({ requestId: "left" }, callContext())).status === "cancelled");
  });

  await t.step("a request id whose generation failed before anything came begins anew, and any other stays what it was", async () => {
    const answers = [() => new Response("no", { status: 401 }), () => streamed(BITS), () => streamed(BITS.slice(0, 2), { finish: null })];
    await using server = startModelServer(() => answers.shift()!());
    await using ai = testAiService(database, { providers: [server.provider()] });
    const request = { prompt: "How hot?", requestId: "again" };
    const ask = (more = {}) => ai.generateResponse({ ...request, ...more }, callContext());
    assertEquals((await assertRejects(() => ask(), ChatError)).code, "failed_precondition");
    assertEquals((await ai.getGeneration(request, callContext())).status, "failed");
    assertEquals((await assertRejects(() => ask({ prompt: "How cold?" }), ChatError)).code, "already_exists");
    assertEquals((await ask()).response, ANSWER);
    assertEquals([(await ask()).response, server.calls.length], [ANSWER, 2]);
    const half = { requestId: "half" };
    for (let attempt = 0; attempt < 2; attempt++) assertEquals((await assertRejects(() => ask(half), ChatError)).code, "unavailable");
    assertEquals(server.calls.length, 3, "what came of it was paid for");
  });

  await t.step("a provider that dies in the middle ends the stream with an error, and what came is kept", async () => {
    await using server = startModelServer(() => streamed(BITS.slice(0, 2), { finish: null }));
    await using ai = testAiService(database, { providers: [server.provider()] });
    const parts: GenerationPart[] = [];
    const error = await assertRejects(async () => {
      for await (const part of ai.streamResponse({ prompt: "x", requestId: "died" }, callContext())) parts.push(part);
    }, ChatError);
    assertEquals([error.code, error.message], ["unavailable", "The provider test ended its answer before it was complete"]);
    assertEquals(parts.at(-1)?.kind, "error");
    assertEquals([textOf(parts), parts.some(({ isComplete }) => isComplete), server.calls.length], ["Tea is st", false, 1]);
    const { status, answer, error: told } = await ai.getGeneration({ requestId: "died" }, callContext());
    assertEquals([status, answer?.response, told?.code], ["failed", "Tea is st", "UNAVAILABLE"]);
    const again: GenerationPart[] = [];
    await assertRejects(async () => {
      for await (const part of ai.streamResponse({ prompt: "x", requestId: "died" }, callContext())) again.push(part);
    }, ChatError);
    assertEquals([again, server.calls.length], [parts, 1]);
  });

  await t.step("a generation whose server has died is interrupted for whoever asks, and one that stops says so itself", async () => {
    await using server = startModelServer(({ signal }) =>
      streamed(BITS, {
        before: (index) => index === 2 ? new Promise((resolve) => signal.addEventListener("abort", () => resolve())) : undefined,
      })
    );
    const stopping = testAiService(database, { providers: [server.provider()] });
    const watching = partsOf(stopping.streamResponse({ prompt: "x", requestId: "stopped" }, callContext()));
    const failed = assertRejects(() => watching, ChatError);
    await eventually("begun", () => server.calls.length === 1);
    await stopping.close();
    assertEquals((await failed).code, "unavailable");
    await using ai = testAiService(database);
    assertEquals((await ai.getGeneration({ requestId: "stopped" }, callContext())).status, "interrupted");

    await database.kysely.insertInto("ai_generations").values({
      ...{ owner: "anonymous", request_id: "dead", fingerprint: "", holder: "dead", held_until_ms: Date.now() - 1 },
      ...{ last_seq: 0, error_code: null, error_message: null, created_at_ms: 1, updated_at_ms: Date.now() },
    }).execute();
    const dead = await ai.getGeneration({ requestId: "dead" }, callContext());
    assertEquals([dead.status, dead.error, dead.lastSeq], [
      "interrupted",
      { code: "UNAVAILABLE", message: "The server that was at the answer has stopped" },
      1,
    ]);
  });
});
