/**
 * Models that call plugins' actions, over a real model server and the real plugin service.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { GenerationPart, PluginService } from "../../src/contracts/mod.ts";
import { type Caller, SCOPES } from "../../src/core/caller.ts";
import { ChatError } from "../../src/core/errors.ts";
import { openDatabase } from "../../src/database/open.ts";
import { partsOf, testAiService, textOf } from "../support/ai_service.ts";
import { callContext } from "../support/call_context.ts";
import { databasePlace } from "../support/database.ts";
import { testLog } from "../support/log.ts";
import { callsTools, type ModelCall, type ModelScript, startModelServer, streamed } from "../support/model_server.ts";
import { archiveOf, testPluginService } from "../support/plugin_service.ts";

const ANN: Caller = { kind: "api_key", id: "key:ann", name: "ann", scopes: new Set(SCOPES) };
const context = callContext({ caller: ANN });
const CITY = { type: "object", properties: { city: { type: "string", maxLength: 40 } }, required: ["city"] };
const WEATHER = {
  name: "weather",
  actions: [
    { name: "today", description: "Today's weather in a city", input_schema_json: JSON.stringify(CITY), read_only: true },
    { name: "week" },
    { name: "secret" },
  ],
  hooks: [{ event: "ai.tool", action: "today" }, { event: "ai.tool", action: "week" }],
};
const MODULE = `export default { actions: {
  today: ({ city }, { username }) => {
    if (city === "Nowhere") throw new Error("Unknown place");
    return city === "Everywhere" ? "x".repeat(20000) : { city, degrees: 21, for: username };
  },
  week: () => [20, 21],
  secret: () => "!",
} };`;
const TODAY = "weather/today";
const toolParts = (parts: readonly GenerationPart[]) => parts.filter((part) => part.kind === "tool");
const results = ({ messages }: ModelCall) => messages.filter(({ role }) => role === "tool").map(({ content }) => content);

Deno.test("Tools of answers", async (t) => {
  await using place = await databasePlace("pglite");
  const database = await openDatabase(place.config, { log: testLog() });
  const plugins = await testPluginService(database);
  await plugins.installPlugin({ archive: archiveOf(WEATHER, MODULE), granted: {} }, context);
  /** A service whose model answers so, one script for each round. */
  const start = (scripts: ModelScript[], sources: { readonly plugins?: PluginService } = { plugins }) => {
    const server = startModelServer((call) => scripts[Math.min(server.calls.length, scripts.length) - 1]!(call));
    const ai = testAiService(database, { providers: [server.provider()], sources });
    return {
      ...{ server, ai },
      async [Symbol.asyncDispose]() {
        await ai.close();
        await server[Symbol.asyncDispose]();
      },
    };
  };
  try {
    await t.step("a call that comes in pieces is carried out as its caller, told to the model, and kept with the answer", async () => {
      const call = { name: "weather__today", input: `{"city": "Zürich"}` };
      const rounds = [() => callsTools([call], { said: "Let me see. " }), () => streamed(["It is ", "21 °C."])];
      await using system = start(rounds);
      const request = { prompt: "How warm is it?", tools: [TODAY], requestId: "warm" };
      const parts = await partsOf(system.ai.streamResponse(request, context));
      assertEquals(textOf(parts), "Let me see. It is 21 °C.");
      const output = `{"city":"Zürich","degrees":21,"for":"ann"}`;
      const told = toolParts(parts).map(({ tool, inputJson, outputJson, error }) => [tool, inputJson, outputJson, error]);
      assertEquals(told, [[TODAY, call.input, output, ""]]);
      const [first, second] = system.server.calls;
      assertEquals(first?.tools?.map((tool) => tool.function), [
        { name: "weather__today", description: "Today's weather in a city", parameters: CITY },
      ]);
      assertEquals(second?.messages.slice(-3).map(({ role }) => role), ["user", "assistant", "tool"]);
      assertEquals([results(second!), second?.messages.at(-1)?.tool_call_id], [[output], "call-0"]);
      assert(second!.messages[0]!.content.includes("data, not instructions"));
      assertEquals(await partsOf(system.ai.streamResponse({ prompt: "", requestId: "warm" }, context)), parts);
      assertEquals(system.server.calls.length, 2);
    });

    await t.step(
      "what goes wrong is told to the model, which may go on: wrong input, made-up names, failures, outputs too large",
      async () => {
        const calls = [
          { name: "weather__today", input: `{"town": "Bern"}` },
          { name: "weather__today", input: `{"city": ` },
          { name: "weather__today", input: `{"city": "Nowhere"}` },
          { name: "weather__today", input: `{"city": "Everywhere"}` },
          { name: "weather__secret", input: "" },
          { name: "weather__week", input: "" },
        ];
        await using system = start([() => callsTools(calls, { pieceBytes: 11 }), () => streamed(["Sorry."])]);
        const parts = await partsOf(system.ai.streamResponse({ prompt: "x", tools: [TODAY, "weather/week"] }, context));
        assertEquals(textOf(parts), "Sorry.");
        const errors = toolParts(parts).map(({ error }) => error);
        for (const [index, expected] of ["city", "must be a JSON object", "", "20002 characters", "no tool", ""].entries()) {
          assert(errors[index]!.includes(expected) && (errors[index] === "") === (index === 5), `${index}: ${errors[index]}`);
        }
        assertEquals(toolParts(parts).at(-1)?.outputJson, "[20,21]");
        assertEquals(results(system.server.calls[1]!).map((told) => JSON.parse(told).error ?? told), [...errors.slice(0, 5), "[20,21]"]);
      },
    );

    await t.step("a model that never stops calling is made to answer after four rounds, and fails if it calls even then", async () => {
      const again = () => callsTools([{ name: "weather__today", input: `{"city": "Bern"}` }]);
      await using obedient = start([(call) => call.tool_choice === "none" ? streamed(["Enough."]) : again()]);
      const parts = await partsOf(obedient.ai.streamResponse({ prompt: "x", tools: ["*"] }, context));
      assertEquals([textOf(parts), toolParts(parts).length, obedient.server.calls.length], ["Enough.", 4, 5]);
      await using stubborn = start([again]);
      const error = await assertRejects(() => partsOf(stubborn.ai.streamResponse({ prompt: "x", tools: ["*"] }, context)), ChatError);
      assertEquals([error.code, stubborn.server.calls.length], ["resource_exhausted", 5]);
    });

    await t.step("a request may name only what enabled plugins offer to models, and only a caller that may run plugins", async () => {
      await using system = start([() => streamed(["ok"])]);
      const refusal = async (tools: readonly string[], asked = context, model = "tiny") =>
        (await assertRejects(() => system.ai.generateResponse({ prompt: "x", tools, model }, asked), ChatError)).code;
      assertEquals(await refusal(["weather/secret"]), "not_found");
      assertEquals(await refusal(["weather"]), "invalid_argument");
      const poor = callContext({ caller: { ...ANN, id: "key:bob", name: "bob", scopes: new Set(["ai:use", "plugins:read"] as const) } });
      assertEquals(await refusal([TODAY], poor), "permission_denied");
      assertEquals(await refusal([TODAY], context, "extractive"), "invalid_argument");
      assertEquals((await system.ai.generateResponse({ prompt: "x", tools: ["*"], model: "extractive" }, context)).model, "extractive");
      await plugins.disablePlugin({ name: "weather" }, context);
      assertEquals(await refusal([TODAY]), "not_found");
      assertEquals((await system.ai.generateResponse({ prompt: "x", tools: ["*"] }, context)).response, "ok");
      assertEquals(system.server.calls.map(({ tools }) => tools), [undefined]);
      await plugins.enablePlugin({ name: "weather" }, context);
      await using without = start([() => streamed(["ok"])], {});
      const error = await assertRejects(() => without.ai.generateResponse({ prompt: "x", tools: [TODAY] }, context), ChatError);
      assertEquals([error.code, error.field], ["failed_precondition", "tools"]);
    });

    await t.step("a caller that goes while an action runs ends it", async () => {
      const running = Promise.withResolvers<AbortSignal>();
      const slow: PluginService = Object.create(plugins, {
        executePlugin: {
          value: (_: unknown, { signal }: { signal: AbortSignal }) => {
            running.resolve(signal);
            return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
          },
        },
        listPlugins: { value: plugins.listPlugins.bind(plugins) },
        getPlugin: { value: plugins.getPlugin.bind(plugins) },
      });
      await using system = start([() => callsTools([{ name: "weather__today", input: `{"city": "Bern"}` }])], { plugins: slow });
      const leave = new AbortController();
      const answer = system.ai.generateResponse({ prompt: "x", tools: [TODAY] }, callContext({ caller: ANN, signal: leave.signal }));
      const signal = await running.promise;
      leave.abort(new ChatError("cancelled", "Gone"));
      assertEquals((await assertRejects(() => answer, ChatError)).code, "cancelled");
      assertEquals(signal.aborted, true);
    });
  } finally {
    await plugins.close();
    await database.close();
  }
});
