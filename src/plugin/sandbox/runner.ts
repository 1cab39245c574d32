import type { PluginManifest } from "../../contracts/mod.ts";
import { ChatError } from "../../core/errors.ts";
import type { HookAnswer, HookQuestion, PluginWork } from "../runner.ts";
import type { SupervisedRunner } from "../supervision/supervised_runner.ts";
import { type Job, parseJson } from "./call.ts";
import { readHookAnswer } from "./capabilities.ts";
import { exportProblems } from "./exports.ts";
import type { Fault } from "./faults.ts";
import { FolderQuota } from "./folder_quota.ts";
import { PROCESS_LIMITS } from "./limits.ts";
import { type PoolOptions, ProcessPool } from "./pool.ts";

/** Runs a plugin's code in processes of its own; which of them have failed it tells by `onFault`. */
export class SandboxRunner implements SupervisedRunner {
  readonly #name: string;
  readonly #pool: ProcessPool;
  readonly #quota: FolderQuota | undefined;

  /** `folder` is the plugin's own, which may not grow without end. */
  constructor(options: PoolOptions, folder?: { readonly path: string; readonly full: Fault }) {
    this.#name = options.name;
    this.#pool = new ProcessPool(options);
    this.#quota = folder === undefined ? undefined : new FolderQuota(folder.path, () => this.#pool.end(folder.full));
  }

  start(): Promise<void> {
    return this.#pool.warm();
  }

  async runAction(action: string, inputJson: string, work: PluginWork): Promise<string> {
    return await this.#one({ kind: "action", name: action, inputJson, dryRun: false, work });
  }

  async *streamAction(action: string, inputJson: string, work: PluginWork): AsyncIterable<string> {
    yield* this.#run({ kind: "stream", name: action, inputJson, dryRun: false, work });
  }

  async runHook({ event, draft, message, dryRun }: HookQuestion, work: PluginWork): Promise<HookAnswer> {
    const answer = await this.#one({ kind: "hook", name: event, inputJson: JSON.stringify(draft ?? message ?? null), dryRun, work });
    // Events after the fact take any answer.
    if (draft === undefined) return { decision: "", reason: "", response: "" };
    try {
      return readHookAnswer(parseJson(answer), draft);
    } catch (error) {
      const why = error instanceof ChatError ? `: ${error.message}` : "";
      throw new ChatError("failed_precondition", `Plugin ${this.#name} gave no answer that a hook can give${why}`, { cause: error });
    }
  }

  /** Loads the module once and says in what it is not what the manifest declares; none: it is. Rejects when it cannot be loaded. */
  async check(manifest: PluginManifest, signal: AbortSignal): Promise<readonly string[]> {
    const process = await this.#pool.acquire(signal);
    const exports = await process.ready;
    this.#pool.release(process);
    return exportProblems(exports, manifest);
  }

  async close(): Promise<void> {
    await this.#pool.close();
    await this.#quota?.close();
  }

  async #one(job: Job): Promise<string> {
    let output: string | undefined;
    for await (const text of this.#run(job)) output = text;
    return output ?? "null";
  }

  async *#run(job: Job): AsyncGenerator<string, void> {
    const process = await this.#pool.acquire(job.work.signal);
    const { outputs, free } = process.begin(job);
    const looking = this.#quota === undefined ? undefined : setInterval(() => this.#quota?.look(), PROCESS_LIMITS.folderEveryMs);
    void free.then(() => {
      clearInterval(looking);
      this.#pool.release(process);
      this.#quota?.look();
    });
    try {
      yield* outputs.read();
    } finally {
      if (!outputs.ended) process.abandon();
    }
  }
}
