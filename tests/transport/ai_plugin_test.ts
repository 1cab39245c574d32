/**
 * The AI and the plugin service through a real gRPC server and the remote services that stand in for them in another process.
 *
 * @module
 */
import { assert, assertEquals, assertLess, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { RemoteAiService } from "../../src/clients/remote_ai_service.ts";
import { RemotePluginService } from "../../src/clients/remote_plugin_service.ts";
import type { AiService, Services } from "../../src/contracts/mod.ts";
import { ChatError } from "../../src/core/errors.ts";
import { callContext } from "../support/call_context.ts";
import { within } from "../support/deadline.ts";
import { ScriptedAiService, ScriptedPluginService } from "../support/scripted_services.ts";
import { PATIENCE_MS, startServer, type TestServer } from "./grpc_support.ts";

async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const one of stream) found.push(one);
  return found;
}

/** A server of these services, with a stand-in for each. */
async function start(services: Partial<Services>) {
  const server = await startServer({ services });
  const address = server.address;
  return {
    ...{ server, ai: new RemoteAiService({ address }), plugin: new RemotePluginService({ address }) },
    async [Symbol.asyncDispose]() {
      await Promise.all([this.ai.close(), this.plugin.close()]);
      await server[Symbol.asyncDispose]();
    },
  };
}

async function eventually(holds: () => boolean, what: string): Promise<void> {
  const wait = async () => {
    while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await within(PATIENCE_MS, what, wait());
}

Deno.test("the AI service over gRPC gives what the service gives, and is asked what its caller said, without the client's defaults", async () => {
  const service = new ScriptedAiService();
  await using system = await start({ ai: service });
  const { ai } = system;
  const same = async (ask: (from: AiService) => Promise<unknown>) => assertEquals(await ask(ai), await ask(service));
  await same((from) => from.generateResponse({ prompt: "a", context: ["b"] }, callContext()));
  await same((from) => collect(from.streamResponse({ prompt: "one two three", requestId: "g" }, callContext())));
  await same((from) => from.analyzeSentiment({ text: "a" }, callContext()));
  await same((from) => from.analyzeSentiments({ texts: ["a", "b"] }, callContext()));
  await same((from) => from.listModels({}, callContext()));
  await same((from) => from.getGeneration({ requestId: "g" }, callContext()));
  await same((from) => from.cancelGeneration({ requestId: "g" }, callContext()));
  const context = callContext();
  await ai.generateResponse({ prompt: "a" }, context);
  const asked = service.last?.request as Record<string, unknown>;
  assertEquals([asked["model"], asked["temperature"], asked["maxTokens"], asked["seed"]], ["", 0, 0, undefined]);
  assertEquals(service.last?.context.requestId, context.requestId);
  const unknown = await assertRejects(() => ai.generateResponse({ prompt: "a", model: "unknown" }, callContext()), ChatError);
  assertEquals([unknown.code, unknown.field], ["not_found", "model"]);
});

Deno.test("the plugin service over gRPC gives what the service gives", async () => {
  const service = new ScriptedPluginService();
  await using system = await start({ plugin: service });
  const { plugin } = system;
  const name = "echo";
  const call = { name, action: "say", inputJson: "1,2" };
  const event = { event: "message.before_create", draft: { content: "a", username: "ann" } };
  assertEquals(await plugin.installPlugin({ archive: new Uint8Array(3) }, callContext()), await service.installPlugin());
  assertEquals(await plugin.listPlugins({}, callContext()), await service.listPlugins());
  assertEquals(await plugin.getPlugin({ name }, callContext()), await service.getPlugin({ name }));
  assertEquals(await plugin.enablePlugin({ name }, callContext()), await service.getPlugin({ name }));
  assertEquals(await plugin.disablePlugin({ name }, callContext()), await service.getPlugin({ name }));
  assertEquals(await plugin.uninstallPlugin({ name }, callContext()), await service.uninstallPlugin());
  assertEquals(await plugin.executePlugin(call, callContext()), await service.executePlugin(call));
  assertEquals(await collect(plugin.streamPlugin(call, callContext())), [{ outputJson: "1", seq: 1 }, { outputJson: "2", seq: 2 }]);
  for (const decided of [await plugin.dryRunHooks(event, callContext()), await plugin.runHooks(event, callContext())]) {
    assertEquals([decided.outcome, decided.decisions, decided.draft?.content, decided.draft?.username], ["allow", [], "a", "ann"]);
  }
  assertEquals((await collect(plugin.streamPluginLogs({ name }, callContext()))).map((line) => line.text), ["Hello"]);
  const caller = new AbortController();
  const tables = plugin.watchHooks({}, callContext({ signal: caller.signal }))[Symbol.asyncIterator]();
  assertEquals((await tables.next()).value, { version: 1, hooks: [] });
  caller.abort(new ChatError("cancelled", "Enough"));
  assertEquals((await assertRejects(() => tables.next(), ChatError)).message, "Enough");
  const missing = await assertRejects(() => plugin.getPlugin({ name: "none" }, callContext()), ChatError);
  assertEquals([missing.code, missing.field], ["not_found", "name"]);
});

Deno.test("a service that the process does not have is UNIMPLEMENTED", async () => {
  await using system = await start({});
  const refused = await assertRejects(() => system.ai.listModels({}, callContext()), ChatError);
  const streamed = await assertRejects(() => collect(system.plugin.watchHooks({}, callContext())), ChatError);
  assertEquals([refused.code, streamed.code], ["unimplemented", "unimplemented"]);
});

Deno.test("a server stream ends in every way that there is", async (t) => {
  const service = new ScriptedAiService();
  await using system = await start({ ai: service });
  const { ai, server } = system;

  await t.step("with the service's error, after what came before, and without a word about what is nobody's business", async () => {
    for (
      const [model, code, message] of [["fail", "unavailable", "The model server died"], ["crash", "internal", "Internal error"]] as const
    ) {
      const stream = ai.streamResponse({ prompt: "one", model }, callContext())[Symbol.asyncIterator]();
      assertEquals((await stream.next()).value?.content, "one");
      const failure = await assertRejects(() => stream.next(), ChatError);
      assertEquals(failure.code, code);
      assertStringIncludes(failure.message, message);
      assert(!failure.message.includes("secret"));
    }
  });

  await t.step("when its reader leaves, its caller aborts, or its deadline passes: the service is told why", async () => {
    for await (const _ of ai.streamResponse({ prompt: "one", model: "sleep" }, callContext())) break;
    await eventually(() => service.ends.length === 1, "the reader's end");
    const caller = new AbortController();
    const aborted = ai.streamResponse({ prompt: "one", model: "sleep" }, callContext({ signal: caller.signal }))[Symbol.asyncIterator]();
    await aborted.next();
    caller.abort(new ChatError("cancelled", "Enough"));
    assertEquals((await assertRejects(() => aborted.next(), ChatError)).message, "Enough");
    const deadlineAtMs = Date.now() + 300;
    const late = await assertRejects(
      () => collect(ai.streamResponse({ prompt: "one", model: "sleep" }, { ...callContext(), deadlineAtMs })),
      ChatError,
    );
    assertEquals(late.code, "deadline_exceeded");
    await eventually(() => service.ends.length === 3, "the other ends");
    // On a busy machine the client's giving up may be heard before the server's own clock says the same.
    assertMatch(service.ends.join(), /^cancelled,cancelled,(deadline_exceeded|cancelled)$/);
  });

  await t.step("a reader that does not read holds the service up", async () => {
    const stream = ai.streamResponse({ prompt: "", model: "flood" }, callContext())[Symbol.asyncIterator]();
    await stream.next();
    let [before, now] = [-1, service.parts];
    while (before !== now) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      [before, now] = [now, service.parts];
    }
    assertLess(now * 10_000, 4_000_000);
    await stream.return?.();
    await eventually(() => server.server.load.streams === 0, "the stream's end");
  });

  await t.step("when the server stops: UNAVAILABLE", async () => {
    const stream = ai.streamResponse({ prompt: "one", model: "sleep" }, callContext())[Symbol.asyncIterator]();
    await stream.next();
    const ended = assertRejects(() => Promise.resolve(stream.next()), ChatError);
    await (server as TestServer).server.stop({ deadlineMs: 0 });
    assertEquals((await ended).code, "unavailable");
  });
});
