import { assert, assertEquals, assertRejects } from "@std/assert";
import { AIServiceClient, ChatError, type GenerationPart, PluginServiceClient, RAGServiceClient } from "../../src/clients/mod.ts";
import { PythonPeer, pythonTest } from "./python.ts";

type Json = Readonly<Record<string, unknown>>;

/** One call: what a caller says, what the server must have been asked, what it answers, and what the caller must get. */
interface Exchange {
  readonly rpc: string;
  readonly call: () => Promise<unknown>;
  readonly asked: Json;
  readonly answers: readonly Json[];
  readonly got: unknown;
}

async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const one of stream) found.push(one);
  return found;
}

const usage = { promptTokens: 12, completionTokens: 3, estimated: true };
const wireUsage = { prompt_tokens: 12, completion_tokens: 3, estimated: true };
const citation = { number: 1, textStart: 4, textEnd: 7, sourceStart: 10, sourceEnd: 20 };
const wireCitation = { number: 1, text_start: 4, text_end: 7, source_start: 10, source_end: 20 };
const document = {
  ...{ collection: "default", documentId: "tea", title: "Tea", firstChunk: 1, lastChunk: 2 },
  ...{ start: 10, end: 90, similarityScore: 0.5 },
};
const wireDocument = {
  ...{ collection: "default", document_id: "tea", title: "Tea", first_chunk: 1, last_chunk: 2 },
  ...{ start: 10, end: 90, similarity_score: 0.5 },
};
const wireAnswer = {
  ...{ response: "80 [1]", model: "m", tokens_used: 15, confidence: 0.25, request_id: "g", usage: wireUsage, finish_reason: "stop" },
  passages: [
    { number: 1, document: wireDocument },
    { number: 2, message: { room: "general", id: 7, username: "ann" } },
    { number: 3, context_index: 0 },
  ],
  ...{ citations: [wireCitation], dropped_citations: 2, notices: ["slow"] },
};
const answer = {
  ...{ response: "80 [1]", model: "m", tokensUsed: 15, confidence: 0.25, requestId: "g", usage, finishReason: "stop" },
  passages: [{ number: 1, document }, { number: 2, message: { room: "general", id: 7, username: "ann" } }, { number: 3, contextIndex: 0 }],
  ...{ citations: [citation], droppedCitations: 2, notices: ["slow"] },
};
const mood = { sentiment: "positive", confidence: 0.75, scores: { positive: 0.75 }, model: "vader", notices: ["short"] };

function aiExchanges(client: AIServiceClient): readonly Exchange[] {
  return [
    {
      rpc: "GenerateResponse",
      call: () =>
        client.generateResponse({
          ...{
            prompt: "How hot?",
            model: "m",
            temperature: 0.5,
            maxTokens: 9,
            context: ["hot"],
            system: "Be brief",
            stop: ["\n"],
            seed: 0,
          },
          turns: [{ role: "user", content: "Tea?" }, { role: "assistant", content: "Tea." }],
          ...{ requestId: "g", room: "general", collection: "default", filter: "a = 1", maxContextItems: 2, tools: ["poll/open"] },
        }),
      asked: {
        ...{
          prompt: "How hot?",
          model: "m",
          temperature: 0.5,
          max_tokens: 9,
          context: ["hot"],
          system: "Be brief",
          stop: ["\n"],
          seed: "0",
        },
        turns: [{ role: "user", content: "Tea?" }, { role: "assistant", content: "Tea." }],
        ...{ request_id: "g", room: "general", collection: "default", filter: "a = 1", max_context_items: 2, tools: ["poll/open"] },
      },
      answers: [wireAnswer],
      got: answer,
    },
    {
      rpc: "StreamResponse",
      call: () => collect(client.streamResponse({ prompt: "p", temperature: 0.5 })),
      asked: { prompt: "p", model: "default", temperature: 0.5, max_tokens: 500 },
      answers: [
        { seq: 1, request_id: "g", retrieval: { passages: [{ number: 1, document: wireDocument }], notices: ["slow"] } },
        { seq: 2, request_id: "g", content: "80 ", text: { start: 0 } },
        { seq: 3, request_id: "g", content: "[1]", text: { start: 3 } },
        { seq: 4, request_id: "g", citation: { citation: wireCitation } },
        { seq: 5, request_id: "g", tool: { tool: "poll/open", input_json: "{}", output_json: "1" } },
        { seq: 6, request_id: "g", usage: { usage: wireUsage } },
        { seq: 7, request_id: "g", is_complete: true, done: { model: "m", finish_reason: "stop", confidence: 0.25 } },
      ],
      got: [
        { kind: "retrieval", passages: [{ number: 1, document }], notices: ["slow"] },
        { kind: "text", content: "80 ", start: 0 },
        { kind: "text", content: "[1]", start: 3 },
        { kind: "citation", citation },
        { kind: "tool", tool: "poll/open", inputJson: "{}", outputJson: "1", error: "" },
        { kind: "usage", usage },
        { kind: "done", isComplete: true, model: "m", finishReason: "stop", confidence: 0.25, droppedCitations: 0 },
      ].map((part, index) => ({ content: "", isComplete: false, seq: index + 1, requestId: "g", ...part })),
    },
    {
      rpc: "AnalyzeSentiment",
      call: () => client.analyzeSentiment({ text: "Good", model: "vader" }),
      asked: { text: "Good", model: "vader" },
      answers: [mood],
      got: mood,
    },
    {
      rpc: "AnalyzeSentiments",
      call: () => client.analyzeSentiments({ texts: ["Good", ""] }),
      asked: { texts: ["Good", ""] },
      answers: [{ results: [mood, mood] }],
      got: { results: [mood, mood] },
    },
    {
      rpc: "ListModels",
      call: () => client.listModels(),
      asked: {},
      answers: [{ models: [{ name: "extractive", provider: "built-in", default: true, max_tokens: 9 }] }],
      got: {
        models: [{
          ...{ name: "extractive", provider: "built-in", default: true, contextTokens: 0, maxTokens: 9 },
          ...{ generates: false, sentiment: false },
        }],
      },
    },
    {
      rpc: "GetGeneration",
      call: () => client.getGeneration({ requestId: "g" }),
      asked: { request_id: "g" },
      answers: [{ request_id: "g", status: "failed", answer: wireAnswer, error: { code: "UNAVAILABLE", message: "Away" }, last_seq: 4 }],
      got: {
        ...{ requestId: "g", status: "failed", answer, error: { code: "UNAVAILABLE", message: "Away" } },
        ...{ lastSeq: 4, createdAtMs: 0, updatedAtMs: 0 },
      },
    },
    {
      rpc: "CancelGeneration",
      call: () => client.cancelGeneration({ requestId: "g" }),
      asked: { request_id: "g" },
      answers: [{ success: false, message: "Over" }],
      got: { success: false, message: "Over" },
    },
  ];
}

function ragExchanges(client: RAGServiceClient): readonly Exchange[] {
  const found = { documentId: "tea", content: "Tea", similarityScore: 0.5, metadata: { lang: "en" } };
  return [
    {
      rpc: "IndexDocument",
      call: () => client.indexDocument({ documentId: "tea", content: "Tea", metadata: { lang: "en" } }),
      asked: { document_id: "tea", content: "Tea", metadata: { lang: "en" } },
      answers: [{ success: true, document_id: "tea", chunks_indexed: 1 }],
      got: { success: true, documentId: "tea", chunksIndexed: 1, unchanged: false, language: "" },
    },
    {
      rpc: "SearchDocuments",
      call: () => client.searchDocuments({ query: "tea" }),
      asked: { query: "tea", top_k: 5 },
      // What the specification's server knows.
      answers: [{ results: [{ document_id: "tea", content: "Tea", similarity_score: 0.5, metadata: { lang: "en" } }] }],
      got: {
        results: [{
          ...{ ...found, title: "", chunkIndex: 0, start: 0, end: 0, heading: "", highlights: [] },
          scores: { lexical: 0.5 },
        }],
        ...{ corrections: [], notices: [] },
      },
    },
    {
      rpc: "GetRAGContext",
      call: () => client.getRagContext({ query: "tea", maxContextItems: 2 }),
      asked: { query: "tea", max_context_items: 2 },
      answers: [{ context_items: ["Tea"], source_documents: ["tea"] }],
      got: { contextItems: ["Tea"], sourceDocuments: ["tea"], sources: [], prompt: "", tokensUsed: 0, notices: [] },
    },
  ];
}

const permissions = { net: ["a.example:443"], env: ["TOKEN"], data: true, capabilities: ["messages.read"], rooms: ["*"] };
const wirePlugin = {
  ...{ name: "poll", version: "1.0.0", digest: "ab", state: "enabled", granted: permissions, signed_by: ["k"], built_in: true },
  manifest: {
    ...{ name: "poll", version: "1.0.0", permissions, limits: { memory_bytes: "1000", call_ms: 5 } },
    actions: [{ name: "open", input_schema_json: "{}", read_only: true }],
    hooks: [{ event: "message.before_create", order: 3, on_failure: "closed", rooms: ["general"], timeout_ms: 50 }],
  },
  versions: [{ version: "1.0.0", digest: "ab", installed_by: "key:1" }],
};
const plugin = {
  ...{ name: "poll", version: "1.0.0", digest: "ab", state: "enabled", problem: "", granted: permissions, signedBy: ["k"] },
  ...{ remote: false, builtIn: true, installedAtMs: 0, updatedAtMs: 0, description: "" },
  manifest: {
    ...{ name: "poll", version: "1.0.0", description: "", permissions },
    limits: { memoryBytes: 1000, callMs: 5, cpuMs: 0, outputBytes: 0, concurrency: 0 },
    actions: [{ name: "open", description: "", inputSchemaJson: "{}", outputSchemaJson: "", streams: false, readOnly: true, scope: "" }],
    hooks: [{
      ...{ event: "message.before_create", order: 3, onFailure: "closed", rooms: ["general"], timeoutMs: 50 },
      ...{ action: "", command: "", cron: "" },
    }],
  },
  versions: [{ version: "1.0.0", digest: "ab", installedAtMs: 0, installedBy: "key:1" }],
};
const decision = { plugin: "poll", version: "1.0.0", decision: "allow", reason: "", response: "", failure: "late", durationMs: 9 };
const wireDecision = { plugin: "poll", version: "1.0.0", decision: "allow", failure: "late", duration_ms: 9 };

function pluginExchanges(client: PluginServiceClient): readonly Exchange[] {
  const named = { name: "poll" };
  const event = { event: "message.before_create", draft: { content: "a", username: "ann" }, via: ["webhook"] };
  const decided = { answers: [{ outcome: "allow", decisions: [wireDecision] }], got: { outcome: "allow", decisions: [decision] } };
  return [
    {
      rpc: "InstallPlugin",
      call: () =>
        client.installPlugin({
          archive: new Uint8Array([1, 2, 3]),
          signatures: [{ keyId: "k", signature: new Uint8Array([4]) }],
          ...{ granted: permissions, disabled: true },
        }),
      asked: { archive: "AQID", signatures: [{ key_id: "k", signature: "BA==" }], granted: permissions, disabled: true },
      answers: [{ plugin: wirePlugin, unchanged: true }],
      got: { plugin, unchanged: true },
    },
    {
      rpc: "ListPlugins",
      call: () => client.listPlugins({ limit: 2, afterName: "a", event: "ai.tool" }),
      asked: { limit: 2, after_name: "a", event: "ai.tool" },
      answers: [{ plugins: [wirePlugin], has_more: true }],
      got: { plugins: [plugin], hasMore: true },
    },
    { rpc: "GetPlugin", call: () => client.getPlugin(named), asked: named, answers: [wirePlugin], got: plugin },
    { rpc: "EnablePlugin", call: () => client.enablePlugin(named), asked: named, answers: [wirePlugin], got: plugin },
    {
      rpc: "DisablePlugin",
      call: () => client.disablePlugin({ ...named, reason: "why" }),
      asked: { ...named, reason: "why" },
      answers: [wirePlugin],
      got: plugin,
    },
    {
      rpc: "UninstallPlugin",
      call: () => client.uninstallPlugin({ ...named, keepData: true }),
      asked: { ...named, keep_data: true },
      answers: [{ success: true, message: "Gone" }],
      got: { success: true, message: "Gone" },
    },
    {
      rpc: "ExecutePlugin",
      call: () => client.executePlugin({ ...named, action: "open", inputJson: "[1]", room: "general" }),
      asked: { ...named, action: "open", input_json: "[1]", room: "general" },
      answers: [{ output_json: "2", version: "1.0.0", duration_ms: 3 }],
      got: { outputJson: "2", version: "1.0.0", durationMs: 3 },
    },
    {
      rpc: "StreamPlugin",
      call: () => collect(client.streamPlugin({ ...named, action: "open" })),
      asked: { ...named, action: "open" },
      answers: [{ output_json: "1", seq: 1 }, { output_json: "2", seq: 2 }],
      got: [{ outputJson: "1", seq: 1 }, { outputJson: "2", seq: 2 }],
    },
    { rpc: "DryRunHooks", call: () => client.dryRunHooks(event), asked: event, ...decided },
    { rpc: "RunHooks", call: () => client.runHooks(event), asked: event, ...decided },
    {
      rpc: "WatchHooks",
      call: () => collect(client.watchHooks()),
      asked: {},
      answers: [{ version: "1" }, { version: "2", hooks: [{ plugin: "poll", hook: wirePlugin.manifest.hooks[0] }] }],
      got: [{ version: 1, hooks: [] }, { version: 2, hooks: [{ plugin: "poll", hook: plugin.manifest.hooks[0] }] }],
    },
    {
      rpc: "StreamPluginLogs",
      call: () => collect(client.streamPluginLogs({ ...named, tail: 5, follow: true })),
      asked: { ...named, tail: 5, follow: true },
      answers: [{ at_ms: "9", level: "info", text: "Hello", call_id: "c" }],
      got: [{ atMs: 9, level: "info", text: "Hello", callId: "c" }],
    },
  ];
}

Deno.test(
  "RAGServiceClient, AIServiceClient and PluginServiceClient speak with a Python server made from the protos",
  pythonTest,
  async (t) => {
    await using peer = await PythonPeer.start("services");
    const address = `127.0.0.1:${(await peer.ask("port")).port}`;
    await using rag = new RAGServiceClient({ address, backoffInitialMs: 1 });
    await using ai = new AIServiceClient({ address, backoffInitialMs: 1 });
    await using plugins = new PluginServiceClient({ address, backoffInitialMs: 1 });
    const away = { abort: "UNAVAILABLE", details: "Not yet" };

    for (const { rpc, call, asked, answers, got } of [...ragExchanges(rag), ...aiExchanges(ai), ...pluginExchanges(plugins)]) {
      await t.step(`${rpc} loses nothing on the way`, async () => {
        await peer.ask("ready", { rpc, calls: [answers] });
        assertEquals(JSON.parse(JSON.stringify(await call())), JSON.parse(JSON.stringify(got)));
        assertEquals((await peer.ask("asked", { rpc })).requests, [asked]);
      });
    }

    await t.step("what changes nothing is repeated after unavailable, and what runs a plugin is not", async () => {
      const attempts: Record<string, number> = {};
      for (const { rpc, call, answers } of [...ragExchanges(rag), ...aiExchanges(ai), ...pluginExchanges(plugins)]) {
        await peer.ask("ready", { rpc, calls: [[away], answers] });
        const failure = await call().then(() => undefined, (error: ChatError) => error.code);
        attempts[rpc] = (await peer.ask("asked", { rpc })).requests.length;
        assertEquals(failure, attempts[rpc] === 1 ? "unavailable" : undefined, rpc);
      }
      const once = Object.entries(attempts).filter(([, count]) => count === 1).map(([rpc]) => rpc);
      assertEquals(once, ["StreamResponse", "ExecutePlugin", "StreamPlugin", "RunHooks", "WatchHooks", "StreamPluginLogs"]);
    });
  },
);

Deno.test(
  "streamResponse with a requestId goes on after the last part where the connection is lost, and never without one",
  pythonTest,
  async () => {
    await using peer = await PythonPeer.start("services");
    await using client = new AIServiceClient({
      address: `127.0.0.1:${(await peer.ask("port")).port}`,
      backoffInitialMs: 1,
      maxAttempts: 3,
    });
    const rpc = "StreamResponse";
    const away = { abort: "UNAVAILABLE", details: "Restarting" };
    // grpc-js drops what has come and is not read yet when a status comes.
    const awayAfter = (after: number) => ({ ...away, after });
    const text = (seq: number, content: string) => ({ seq, content, text: { start: seq - 1 } });
    const done = { seq: 3, is_complete: true, done: { finish_reason: "stop" } };
    const read = async (requestId?: string) => {
      const parts: GenerationPart[] = [];
      try {
        for await (const part of client.streamResponse({ prompt: "p", ...(requestId === undefined ? {} : { requestId }) })) {
          parts.push(part);
          await peer.ask("read", { rpc });
        }
        return { parts: parts.map((part) => `${part.seq} ${part.content}`) };
      } catch (error) {
        assert(error instanceof ChatError);
        return { parts: parts.map((part) => `${part.seq} ${part.content}`), error: error.message };
      }
    };
    const resumed = async () => (await peer.ask("asked", { rpc })).requests.map((request: Json) => request["resume_after"] ?? 0);

    await peer.ask("ready", { rpc, calls: [[away], [text(1, "a"), awayAfter(1)], [away], [text(2, "b"), done]] });
    assertEquals(await read("g"), { parts: ["1 a", "2 b", "3 "] });
    assertEquals(await resumed(), [0, 0, 1, 1]);

    await peer.ask("ready", { rpc, calls: [[text(1, "a"), awayAfter(1)]] });
    assertEquals(await read(), { parts: ["1 a"], error: "Restarting" });

    const failed = { seq: 2, error: { code: "UNAVAILABLE", message: "The provider died" } };
    await peer.ask("ready", { rpc, calls: [[text(1, "a"), failed, awayAfter(2)]] });
    assertEquals(await read("g"), { parts: ["1 a", "2 "], error: "Restarting" });

    await peer.ask("ready", { rpc, calls: [[away], [away], [away]] });
    assertEquals((await read("g")).error, "Restarting");
    await assertRejects(() => client.streamResponse({ prompt: "p" }, { deadlineMs: 0 }).next(), ChatError);
  },
);
