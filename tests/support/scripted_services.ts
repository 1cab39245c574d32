import type {
  AiService,
  GenerateRequest,
  GenerationPart,
  HookTable,
  PluginLogLine,
  PluginOutput,
  PluginService,
  RunHooksRequest,
  RunHooksResponse,
} from "../../src/contracts/mod.ts";
import type { CallContext } from "../../src/core/context.ts";
import { abortError, ChatError } from "../../src/core/errors.ts";

/** Waits for the call's end, and throws what it stands for. */
async function untilAborted({ signal }: CallContext): Promise<never> {
  await new Promise((resolve) => signal.aborted ? resolve(0) : signal.addEventListener("abort", resolve, { once: true }));
  throw abortError(signal);
}

/**
 * An AI service whose answers are scripted: one text part for each word of the prompt, then a done part. The model `sleep` waits for the call's end
 * instead of it, `fail` throws, and `flood` sends parts of 10 KB for ever.
 */
export class ScriptedAiService implements AiService {
  /** What it was asked last. */
  last: { readonly request: unknown; readonly context: CallContext } | undefined;
  /** Why streams were ended from outside. */
  readonly ends: string[] = [];
  /** Text parts made so far. */
  parts = 0;

  generateResponse(request: GenerateRequest, context: CallContext) {
    this.last = { request, context };
    if (request.model === "unknown") return Promise.reject(new ChatError("not_found", "No model unknown", { field: "model" }));
    return Promise.resolve({
      ...{ response: `Answer to ${request.prompt}`, model: "scripted", tokensUsed: 3, confidence: 0.5, requestId: "g" },
      usage: { promptTokens: 1, completionTokens: 2, estimated: true },
      ...{ finishReason: "stop", passages: [{ number: 1, contextIndex: 0 }], citations: [], droppedCitations: 0, notices: [] },
    });
  }

  async *streamResponse(request: GenerateRequest, context: CallContext): AsyncGenerator<GenerationPart> {
    this.last = { request, context };
    const place = { isComplete: false, requestId: request.requestId ?? "" };
    const words = request.prompt.split(" ").slice(request.resumeAfter ?? 0);
    let [seq, start] = [request.resumeAfter ?? 0, 0];
    try {
      for (const content of words) {
        yield { ...place, kind: "text", content, seq: ++seq, start };
        start += content.length;
        this.parts++;
      }
      while (request.model === "flood") {
        yield { ...place, kind: "text", content: "x".repeat(10_000), seq: ++seq, start };
        this.parts++;
        if (context.signal.aborted) throw abortError(context.signal);
      }
      if (request.model === "sleep") await untilAborted(context);
      if (request.model === "fail") throw new ChatError("unavailable", "The model server died");
      if (request.model === "crash") throw new TypeError("A secret of the inside");
      const done = { model: "scripted", finishReason: "stop", confidence: 0.5, droppedCitations: 0 };
      yield { ...place, kind: "done", content: "", isComplete: true, seq: ++seq, ...done };
    } catch (error) {
      if (context.signal.aborted) this.ends.push(abortError(context.signal).code);
      throw error;
    }
  }

  analyzeSentiment() {
    return Promise.resolve({ sentiment: "neutral", confidence: 0.5, scores: { compound: 0 }, model: "vader", notices: [] });
  }

  async analyzeSentiments({ texts }: { readonly texts: readonly string[] }) {
    return { results: await Promise.all(texts.map(() => this.analyzeSentiment())) };
  }

  listModels() {
    const model = { name: "scripted", provider: "test", default: true, contextTokens: 9, maxTokens: 9, generates: true, sentiment: false };
    return Promise.resolve({ models: [model] });
  }

  async getGeneration({ requestId }: { readonly requestId: string }, context: CallContext) {
    const answer = await this.generateResponse({ prompt: requestId }, context);
    return { requestId, status: "done", answer, lastSeq: 2, createdAtMs: 1, updatedAtMs: 2 };
  }

  cancelGeneration() {
    return Promise.resolve({ success: false, message: "It is over" });
  }
}

/** A plugin service with one plugin, `echo`, whose action gives its input back. */
export class ScriptedPluginService implements PluginService {
  readonly #plugin = {
    ...{ name: "echo", version: "1.0.0", digest: "ab", state: "enabled", problem: "", signedBy: [], remote: false, builtIn: false },
    ...{ installedAtMs: 1, updatedAtMs: 2, versions: [], description: "" },
  };

  installPlugin() {
    return Promise.resolve({ plugin: this.#plugin, unchanged: true });
  }

  listPlugins() {
    return Promise.resolve({ plugins: [this.#plugin], hasMore: false });
  }

  getPlugin({ name }: { readonly name: string }) {
    if (name !== "echo") return Promise.reject(new ChatError("not_found", `No plugin ${name}`, { field: "name" }));
    return Promise.resolve(this.#plugin);
  }

  enablePlugin(request: { readonly name: string }) {
    return this.getPlugin(request);
  }

  disablePlugin(request: { readonly name: string }) {
    return this.getPlugin(request);
  }

  uninstallPlugin() {
    return Promise.resolve({ success: true, message: "Gone" });
  }

  executePlugin({ inputJson = "" }: { readonly inputJson?: string }) {
    return Promise.resolve({ outputJson: inputJson, version: "1.0.0", durationMs: 1 });
  }

  async *streamPlugin({ inputJson = "" }: { readonly inputJson?: string }): AsyncGenerator<PluginOutput> {
    for (const [index, outputJson] of (await Promise.resolve(inputJson.split(","))).entries()) yield { outputJson, seq: index + 1 };
  }

  dryRunHooks(request: RunHooksRequest, context: CallContext): Promise<RunHooksResponse> {
    return this.runHooks(request, context);
  }

  runHooks({ draft }: RunHooksRequest, _context: CallContext): Promise<RunHooksResponse> {
    return Promise.resolve({ outcome: "allow", decisions: [], ...(draft === undefined ? {} : { draft }) });
  }

  async *watchHooks(_request: Record<never, never>, context: CallContext): AsyncGenerator<HookTable> {
    yield { version: 1, hooks: [] };
    await untilAborted(context);
  }

  async *streamPluginLogs(): AsyncGenerator<PluginLogLine> {
    yield await Promise.resolve({ atMs: 1, level: "info", text: "Hello", callId: "" });
  }
}
