/**
 * Every RPC through gRPC and through REST against the same services, with the same input: the answers are the same, and so are the refusals.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { createMemoryBus } from "../../src/bus/memory.ts";
import { RemoteAiService } from "../../src/clients/remote_ai_service.ts";
import { RemoteMessageService } from "../../src/clients/remote_message_service.ts";
import { RemotePluginService } from "../../src/clients/remote_plugin_service.ts";
import { RemoteRagService } from "../../src/clients/remote_rag_service.ts";
import type { Services } from "../../src/contracts/mod.ts";
import { ChatError } from "../../src/core/errors.ts";
import { openDatabase } from "../../src/database/open.ts";
import { startGateway } from "../../src/gateway/gateway.ts";
import { httpStatusOf } from "../../src/gateway/problem.ts";
import { createMessageService } from "../../src/message/service.ts";
import { createRagService } from "../../src/rag/service.ts";
import { callContext } from "../support/call_context.ts";
import { databasePlace } from "../support/database.ts";
import { testLog } from "../support/log.ts";
import { AnswerChecker } from "../support/openapi.ts";
import { archiveOf, testPluginService } from "../support/plugin_service.ts";
import { allRpcs } from "../support/rpcs.ts";
import { ScriptedAiService } from "../support/scripted_services.ts";
import { startServer } from "./grpc_support.ts";

/** RPCs without a route, and why. */
const WITHOUT_ROUTE: Readonly<Record<string, string>> = {
  "chat.PluginService/RunHooks": "the message service asks it where a message is written; from outside DryRunHooks shows the same",
  "chat.PluginService/WatchHooks": "processes of this system follow the table; people see it in each plugin's manifest",
};
/** Services that are no part of the system's outside. */
const NOT_OURS = /^(grpc\.|chat\.RemotePluginService|chat\.PluginHostService)/;

interface Route {
  /** With the OpenAPI path in front: `GET /v1/messages/{id}`. */
  readonly route: string;
  /** The URL's path and query, where it is not the route's own. */
  readonly at?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Case extends Route {
  readonly name: string;
  readonly grpc: (services: Services) => Promise<unknown> | AsyncIterable<unknown>;
}

const context = () => callContext();
const archive = archiveOf(
  { actions: [{ name: "say" }, { name: "count", streams: true }], hooks: [{ event: "message.before_create" }] },
  `export default {
    actions: { say: (input) => input, async *count(to) { for (let n = 1; n <= to; n++) yield n; } },
    hooks: { "message.before_create": () => ({ decision: "drop", reason: "No" }) },
  };`,
);
const asking = archiveOf({ name: "asking", permissions: { data: true, net: ["a.b"] } });
const draft = { content: "a", username: "ann" };

const CASES: readonly Case[] = [
  {
    ...{
      name: "chat.MessageService/CreateMessage",
      route: "POST /v1/messages",
      body: { ...draft, client_message_id: "once", metadata: { aB: "c" } },
    },
    grpc: ({ message }) => message.createMessage({ ...draft, clientMessageId: "once", metadata: { aB: "c" } }, context()),
  },
  {
    ...{ name: "chat.MessageService/CreateMessage", route: "POST /v1/messages", body: { content: "", username: "ann" } },
    grpc: ({ message }) => message.createMessage({ content: "", username: "ann" }, context()),
  },
  {
    ...{ name: "chat.MessageService/GetMessages", route: "GET /v1/messages", at: "/v1/messages?limit=1&order=newest&metadata.aB=c" },
    grpc: ({ message }) => message.getMessages({ limit: 1, order: "newest", metadata: { aB: "c" } }, context()),
  },
  {
    ...{ name: "chat.MessageService/GetMessages", route: "GET /v1/messages", at: "/v1/messages?limit=501" },
    grpc: ({ message }) => message.getMessages({ limit: 501 }, context()),
  },
  {
    ...{ name: "chat.MessageService/GetMessage", route: "GET /v1/messages/{id}", at: "/v1/messages/1" },
    grpc: ({ message }) => message.getMessage({ id: 1 }, context()),
  },
  {
    ...{ name: "chat.MessageService/GetMessage", route: "GET /v1/messages/{id}", at: "/v1/messages/99" },
    grpc: ({ message }) => message.getMessage({ id: 99 }, context()),
  },
  {
    ...{
      name: "chat.MessageService/UpdateMessage",
      route: "PATCH /v1/messages/{id}",
      at: "/v1/messages/1",
      body: { content: "b", if_version: 7 },
    },
    grpc: ({ message }) => message.updateMessage({ id: 1, content: "b", ifVersion: 7 }, context()),
  },
  {
    ...{ name: "chat.MessageService/ListRevisions", route: "GET /v1/messages/{id}/revisions", at: "/v1/messages/1/revisions" },
    grpc: ({ message }) => message.listRevisions({ id: 1 }, context()),
  },
  {
    ...{ name: "chat.MessageService/DeleteMessage", route: "DELETE /v1/messages/{id}", at: "/v1/messages/98" },
    grpc: ({ message }) => message.deleteMessage({ id: 98 }, context()),
  },
  {
    ...{ name: "chat.MessageService/StreamMessages", route: "GET /v1/messages/stream", at: "/v1/messages/stream?after_seq=0" },
    grpc: ({ message }) => firstMessage(message),
  },
  { name: "chat.MessageService/ListRooms", route: "GET /v1/rooms", grpc: ({ message }) => message.listRooms({}, context()) },
  {
    ...{ name: "chat.MessageService/GetRoom", route: "GET /v1/rooms/{room}", at: "/v1/rooms/a%2Fb%20c" },
    grpc: ({ message }) => message.getRoom({ room: "a/b c" }, context()),
  },
  {
    ...{
      name: "chat.MessageService/UpdateRoom",
      route: "PATCH /v1/rooms/{room}",
      at: "/v1/rooms/general",
      body: { title: "T", if_version: 9 },
    },
    grpc: ({ message }) => message.updateRoom({ room: "general", title: "T", ifVersion: 9 }, context()),
  },
  {
    ...{ name: "chat.RAGService/IndexDocument", route: "PUT /v1/documents/{id}", at: "/v1/documents/docs%2Ftea.md" },
    ...{ body: { content: "# Tea\n\nGreen tea is steeped.", metadata: { kind: "drink" }, media_type: "text/markdown" } },
    grpc: ({ rag }) =>
      rag.getDocument({ documentId: "docs/tea.md" }, context()).then(({ documentId, chunkCount, language }) => ({
        ...{ success: true, documentId, chunksIndexed: chunkCount, unchanged: false, language },
      })),
  },
  {
    ...{ name: "chat.RAGService/IndexDocument", route: "PUT /v1/documents/{id}", at: "/v1/documents/blank", body: { content: " " } },
    grpc: ({ rag }) => rag.indexDocument({ documentId: "blank", content: " " }, context()),
  },
  {
    ...{ name: "chat.RAGService/IndexDocuments", route: "POST /v1/documents/bulk", headers: { "content-type": "application/x-ndjson" } },
    body:
      '{"document_id":"docs/tea.md","content":"# Tea\\n\\nGreen tea is steeped.","metadata":{"kind":"drink"},"media_type":"text/markdown"}\n' +
      '{"document_id":"","content":"nameless"}\n',
    grpc: ({ rag }) => rag.indexDocuments(bulk(), context()),
  },
  {
    ...{ name: "chat.RAGService/SearchDocuments", route: "POST /v1/documents/search", body: { query: "tea", top_k: 1 } },
    grpc: ({ rag }) => rag.searchDocuments({ query: "tea", topK: 1 }, context()),
  },
  {
    ...{ name: "chat.RAGService/GetRAGContext", route: "POST /v1/rag/context", body: { query: "tea" } },
    grpc: ({ rag }) => rag.getRagContext({ query: "tea" }, context()),
  },
  {
    ...{ name: "chat.RAGService/GetDocument", route: "GET /v1/documents/{id}", at: "/v1/documents/docs%2Ftea.md" },
    grpc: ({ rag }) => rag.getDocument({ documentId: "docs/tea.md" }, context()),
  },
  {
    ...{ name: "chat.RAGService/GetDocument", route: "GET /v1/documents/{id}", at: "/v1/documents/none" },
    grpc: ({ rag }) => rag.getDocument({ documentId: "none" }, context()),
  },
  { name: "chat.RAGService/ListDocuments", route: "GET /v1/documents", grpc: ({ rag }) => rag.listDocuments({}, context()) },
  {
    ...{ name: "chat.RAGService/DeleteDocument", route: "DELETE /v1/documents/{id}", at: "/v1/documents/none?collection=c" },
    grpc: ({ rag }) => rag.deleteDocument({ documentId: "none", collection: "c" }, context()),
  },
  {
    ...{ name: "chat.AIService/GenerateResponse", route: "POST /v1/ai/responses", body: { prompt: "Why", max_tokens: 5 } },
    grpc: ({ ai }) => ai.generateResponse({ prompt: "Why", maxTokens: 5 }, context()),
  },
  {
    ...{ name: "chat.AIService/GenerateResponse", route: "POST /v1/ai/responses", body: { prompt: "Why", model: "unknown" } },
    grpc: ({ ai }) => ai.generateResponse({ prompt: "Why", model: "unknown" }, context()),
  },
  {
    ...{
      name: "chat.AIService/StreamResponse",
      route: "POST /v1/ai/responses",
      body: { prompt: "one two", request_id: "g", stream: true },
    },
    grpc: ({ ai }) => ai.streamResponse({ prompt: "one two", requestId: "g" }, context()),
  },
  {
    ...{ name: "chat.AIService/AnalyzeSentiment", route: "POST /v1/ai/sentiment", body: { text: "Fine" } },
    grpc: ({ ai }) => ai.analyzeSentiment({ text: "Fine" }, context()),
  },
  {
    ...{ name: "chat.AIService/AnalyzeSentiments", route: "POST /v1/ai/sentiment", body: { texts: ["Fine", "Bad"] } },
    grpc: ({ ai }) => ai.analyzeSentiments({ texts: ["Fine", "Bad"] }, context()),
  },
  { name: "chat.AIService/ListModels", route: "GET /v1/ai/models", grpc: ({ ai }) => ai.listModels({}, context()) },
  {
    ...{ name: "chat.AIService/GetGeneration", route: "GET /v1/ai/responses/{id}", at: "/v1/ai/responses/g" },
    grpc: ({ ai }) => ai.getGeneration({ requestId: "g" }, context()),
  },
  {
    ...{ name: "chat.AIService/CancelGeneration", route: "DELETE /v1/ai/responses/{id}", at: "/v1/ai/responses/g" },
    grpc: ({ ai }) => ai.cancelGeneration({ requestId: "g" }, context()),
  },
  {
    ...{ name: "chat.PluginService/InstallPlugin", route: "PUT /v1/plugins/{name}", at: "/v1/plugins/echo" },
    body: { archive: archive.toBase64() },
    grpc: ({ plugin }) => plugin.installPlugin({ archive }, context()),
  },
  {
    ...{ name: "chat.PluginService/InstallPlugin", route: "PUT /v1/plugins/{name}", at: "/v1/plugins/asking" },
    body: { archive: asking.toBase64(), granted: { data: true } },
    grpc: ({ plugin }) => plugin.installPlugin({ archive: asking, granted: { data: true } }, context()),
  },
  {
    ...{ name: "chat.PluginService/InstallPlugin", route: "PUT /v1/plugins/{name}", at: "/v1/plugins/none", body: { digest: "no" } },
    grpc: ({ plugin }) => plugin.installPlugin({ digest: "no" }, context()),
  },
  { name: "chat.PluginService/ListPlugins", route: "GET /v1/plugins", grpc: ({ plugin }) => plugin.listPlugins({}, context()) },
  ...["echo", "none", "No"].map((name) => ({
    ...{ name: "chat.PluginService/GetPlugin", route: "GET /v1/plugins/{name}", at: `/v1/plugins/${name}` },
    grpc: ({ plugin }: Services) => plugin.getPlugin({ name }, context()),
  })),
  {
    ...{ name: "chat.PluginService/DisablePlugin", route: "POST /v1/plugins/{name}/disable", at: "/v1/plugins/echo/disable?reason=r" },
    grpc: ({ plugin }) => plugin.disablePlugin({ name: "echo", reason: "r" }, context()),
  },
  {
    ...{ name: "chat.PluginService/ExecutePlugin", route: "POST /v1/plugins/{name}/execute", at: "/v1/plugins/echo/execute" },
    ...{ body: { action: "say" } },
    grpc: ({ plugin }) => plugin.executePlugin({ name: "echo", action: "say" }, context()),
  },
  {
    ...{ name: "chat.PluginService/EnablePlugin", route: "POST /v1/plugins/{name}/enable", at: "/v1/plugins/echo/enable" },
    grpc: ({ plugin }) => plugin.enablePlugin({ name: "echo" }, context()),
  },
  {
    ...{ name: "chat.PluginService/UninstallPlugin", route: "DELETE /v1/plugins/{name}", at: "/v1/plugins/none?keep_data=true" },
    grpc: ({ plugin }) => plugin.uninstallPlugin({ name: "none", keepData: true }, context()),
  },
  ...['{"a":[1]}', "1,2"].map((inputJson) => ({
    ...{ name: "chat.PluginService/ExecutePlugin", route: "POST /v1/plugins/{name}/execute", at: "/v1/plugins/echo/execute" },
    ...{ body: { action: "say", input_json: inputJson } },
    grpc: ({ plugin }: Services) => plugin.executePlugin({ name: "echo", action: "say", inputJson }, context()),
  })),
  {
    ...{ name: "chat.PluginService/StreamPlugin", route: "POST /v1/plugins/{name}/stream", at: "/v1/plugins/echo/stream" },
    ...{ body: { action: "count", input_json: "3" } },
    grpc: ({ plugin }) => plugin.streamPlugin({ name: "echo", action: "count", inputJson: "3" }, context()),
  },
  {
    ...{ name: "chat.PluginService/DryRunHooks", route: "POST /v1/plugins/dry-run", body: { event: "message.before_create" } },
    grpc: ({ plugin }) => plugin.dryRunHooks({ event: "message.before_create" }, context()),
  },
  {
    ...{ name: "chat.PluginService/DryRunHooks", route: "POST /v1/plugins/dry-run", body: { event: "message.before_create", draft } },
    grpc: ({ plugin }) => plugin.dryRunHooks({ event: "message.before_create", draft }, context()),
  },
  {
    ...{ name: "chat.PluginService/StreamPluginLogs", route: "GET /v1/plugins/{name}/logs", at: "/v1/plugins/echo/logs" },
    grpc: ({ plugin }) => plugin.streamPluginLogs({ name: "echo" }, context()),
  },
];

async function* bulk() {
  const metadata = { kind: "drink" };
  yield { documentId: "docs/tea.md", content: "# Tea\n\nGreen tea is steeped.", metadata, mediaType: "text/markdown" };
  yield await Promise.resolve({ documentId: "", content: "nameless" });
}

async function* firstMessage(message: Services["message"]): AsyncGenerator<unknown> {
  for await (const batch of await message.streamMessages({ afterSeq: 0 }, context())) return yield batch[0];
}

Deno.test("every RPC gives through REST what it gives through gRPC", async (t) => {
  await using system = await start();
  const document = await (await fetch(`${system.origin}/openapi.json`)).json();
  const checker = new AnswerChecker(document);
  await t.step("an RPC has a case, or the list says why not", () => {
    const ours = allRpcs().map(({ name }) => name).filter((name) => !NOT_OURS.test(name));
    assert(ours.length > 25);
    assertEquals(ours.filter((name) => !CASES.some((one) => one.name === name) && !(name in WITHOUT_ROUTE)), []);
  });
  for (const one of CASES) {
    await t.step(`${one.name}: ${one.at ?? one.route}`, async () => {
      const rest = await ask(system.origin, one, checker);
      const grpc = await outcome(() => one.grpc(system.remote));
      assertEquals(comparable(rest), comparable(grpc));
    });
  }
});

interface Outcome {
  readonly status: number;
  readonly steps: readonly unknown[];
}

/** What came of an RPC, as REST should tell it. */
async function outcome(call: () => Promise<unknown> | AsyncIterable<unknown>): Promise<Outcome> {
  try {
    const result = call();
    const steps = Symbol.asyncIterator in result ? await Array.fromAsync(result) : [await result];
    return { status: 200, steps: steps.map(wireNamed) };
  } catch (error) {
    assert(error instanceof ChatError);
    return { status: httpStatusOf[error.code], steps: [{ code: error.code, detail: error.message, field: error.field }] };
  }
}

async function ask(origin: string, { route, at, body, headers }: Route, checker: AnswerChecker): Promise<Outcome> {
  const [method = "", path = ""] = route.split(" ");
  const sent = body === undefined ? {} : typeof body === "string" ? { body } : { body: JSON.stringify(body) };
  const response = await fetch(`${origin}${at ?? path}`, { method, ...sent, headers: { "content-type": "application/json", ...headers } });
  const type = response.headers.get("content-type") ?? "";
  const steps = await stepsOf(response, type);
  const isProblem = type === "application/problem+json";
  for (const step of type.includes("json") && !type.includes("ndjson") ? steps : [""]) {
    checker.check({ method, path }, { status: response.status, type, body: step });
  }
  const { code, detail, field } = steps[0] as Record<string, unknown>;
  return isProblem
    ? { status: response.status, steps: [{ code, detail, field }] }
    : { status: response.status === 201 ? 200 : response.status, steps: steps as readonly unknown[] };
}

/** A JSON answer, the lines of one, or the events of a stream: all, or of a stream without an end the first. */
async function stepsOf(response: Response, type: string): Promise<readonly unknown[]> {
  if (type === "application/x-ndjson") return (await response.text()).trimEnd().split("\n").map((line) => JSON.parse(line));
  if (type !== "text/event-stream") return [await response.json()];
  const found: unknown[] = [];
  let rest = "";
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    rest += chunk;
    const frames = rest.split("\n\n");
    rest = frames.pop() ?? "";
    for (const frame of frames) {
      const data = /^data: (.*)$/m.exec(frame)?.[1];
      if (data !== undefined && !frame.includes("event: ready")) found.push(JSON.parse(data));
    }
    if (response.url.includes("/v1/messages/stream") && found.length > 0) break;
  }
  return found;
}

/** Without what differs from call to call (the fence around passages, and its tokens) and beyond what a `float` of the wire can hold, and how long plugins took. */
function comparable(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (name, entry) => {
    if (name === "duration_ms") return 0;
    // REST leaves it out where it is empty.
    if (name === "via" && Array.isArray(entry) && entry.length === 0) return undefined;
    if (name === "state" && entry === "starting") return "enabled";
    if (typeof entry === "number") return Number.isInteger(entry) ? (name === "tokens_used" ? 0 : entry) : Math.fround(entry);
    return typeof entry === "string" ? entry.replaceAll(/context-[0-9a-f]+/g, "context-") : entry;
  });
}

/** The contract's names as the wire has them, worked out here by the letters alone. */
function wireNamed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(wireNamed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).filter(([, entry]) => entry !== undefined).map(([name, entry]) => [
      name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      name === "metadata" || name === "scores" && "compound" in entry ? entry : wireNamed(entry),
    ]),
  );
}

/** Both faces over the same services: all real but the AI service, whose answers are scripted; plugins run in this process. */
async function start() {
  const place = await databasePlace("postgres");
  const log = testLog();
  const database = await openDatabase(place.config, { log });
  const bus = createMemoryBus();
  const message = createMessageService({ database, bus, log });
  const plugin = await testPluginService(database);
  await plugin.installPlugin({ archive }, context());
  plugin.launcher.listeners.get("echo")?.onLog({ level: "info", text: "Hello", requestId: "r" });
  const services = { message, rag: createRagService({ database, log }), ai: new ScriptedAiService(), plugin };
  const server = await startServer({ services });
  const gateway = await startGateway({
    ...{ http: { host: "127.0.0.1", port: 0 }, services, readiness: () => ({ ok: true, checks: {} }), log },
  });
  const { address } = server;
  const remote = {
    ...{ message: new RemoteMessageService({ address }), rag: new RemoteRagService({ address }) },
    ...{ ai: new RemoteAiService({ address }), plugin: new RemotePluginService({ address }) },
  };
  return {
    ...{ origin: `http://127.0.0.1:${gateway.port}`, remote },
    async [Symbol.asyncDispose]() {
      await Promise.all(Object.values(remote).map((one) => one.close()));
      await gateway.stop({ deadlineMs: 2_000 });
      await server[Symbol.asyncDispose]();
      await plugin.close();
      await services.rag.close?.();
      await message.close();
      await bus.close();
      await database.close();
      await place[Symbol.asyncDispose]();
    },
  };
}
