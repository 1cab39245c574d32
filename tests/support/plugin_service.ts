/**
 * The real plugin service over plugins that run in this process, and archives to install in it.
 *
 * @module
 */
import type { Database } from "../../src/database/database.ts";
import { ChatError } from "../../src/core/errors.ts";
import type { OpenHost, PluginLauncher, PluginToRun } from "../../src/plugin/launch.ts";
import { packArchive } from "../../src/plugin/packages/archive.ts";
import { readManifest } from "../../src/plugin/packages/manifest.ts";
import type { HookAnswer, HookQuestion, PluginRunner, PluginWork, RunnerListener } from "../../src/plugin/runner.ts";
import { createPluginService, type PluginServiceOptions, type RunningPluginService } from "../../src/plugin/service.ts";
import { testLog } from "./log.ts";

/** A manifest with an action `say`, and what is changed in it. */
export function manifestOf(changes: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return { name: "echo", version: "1.0.0", actions: [{ name: "say" }], ...changes };
}

/** The module of a plugin whose action `say` gives back what it is given. */
export const ECHO = "export default { actions: { say: (input) => input } };";

/** An archive of that manifest and module. */
export function archiveOf(changes: Readonly<Record<string, unknown>> = {}, text: string = ECHO): Uint8Array {
  const manifest = readManifest("manifest", manifestOf(changes), new Set());
  return packArchive(manifest, { kind: "module", language: "javascript", text });
}

interface Module {
  readonly actions?: Readonly<Record<string, (input: unknown, work: PluginWork) => unknown>>;
  readonly hooks?: Readonly<Record<string, (question: HookQuestion, work: PluginWork) => Partial<HookAnswer>>>;
}

/** Runs modules in this process, without a sandbox, and tells what it has started and closed. */
export class InProcessLauncher implements PluginLauncher {
  readonly started: string[] = [];
  readonly closed: string[] = [];
  readonly checked: string[] = [];
  /** Of each plugin the newest one's. */
  readonly listeners = new Map<string, RunnerListener>();

  create(plugin: PluginToRun, listener: RunnerListener): PluginRunner {
    if (plugin.code.kind === "remote") throw new ChatError("failed_precondition", "Remote plugins cannot run here");
    const id = `${plugin.name} ${plugin.version}`;
    this.started.push(id);
    this.listeners.set(plugin.name, listener);
    return new InProcessRunner(plugin.code.text, listener, () => this.closed.push(id));
  }

  async check({ name, version, code }: PluginToRun): Promise<void> {
    this.checked.push(`${name} ${version}`);
    if (code.kind === "module") {
      await load(code.text).catch((error) => {
        throw new ChatError("failed_precondition", `Plugin "${name}" does not start: ${error.message}`);
      });
    }
  }
}

async function load(text: string): Promise<Module> {
  return (await import(`data:text/javascript,${encodeURIComponent(text)}`)).default;
}

class InProcessRunner implements PluginRunner {
  readonly #module: Promise<Module>;
  readonly #closing = Promise.withResolvers<never>();
  readonly #onClosed: () => void;

  constructor(text: string, listener: RunnerListener, onClosed: () => void) {
    this.#onClosed = onClosed;
    this.#closing.promise.catch(() => {});
    this.#module = load(text);
    this.#module.then(
      () => listener.onState({ state: "enabled" }),
      (error) => listener.onState({ state: "failing", problem: String(error) }),
    );
  }

  runAction(action: string, inputJson: string, work: PluginWork): Promise<string> {
    return this.#orClosed(async ({ actions }) => JSON.stringify(await actions?.[action]?.(JSON.parse(inputJson), work)));
  }

  async *streamAction(action: string, inputJson: string, work: PluginWork): AsyncGenerator<string> {
    const { actions } = await this.#module;
    for await (const output of actions?.[action]?.(JSON.parse(inputJson), work) as AsyncIterable<unknown>) yield JSON.stringify(output);
  }

  runHook(question: HookQuestion, work: PluginWork): Promise<HookAnswer> {
    return this.#orClosed(async ({ hooks }) => {
      return { decision: "", reason: "", response: "", ...await hooks?.[question.event]?.(question, work) };
    });
  }

  close(): Promise<void> {
    this.#closing.reject(new ChatError("unavailable", "The plugin was stopped"));
    this.#onClosed();
    return Promise.resolve();
  }

  #orClosed<T>(work: (module: Module) => Promise<T>): Promise<T> {
    return Promise.race([this.#closing.promise, this.#module.then(work)]);
  }
}

/** Nobody answers these plugins. */
export const noHost: OpenHost = () => ({
  use: () => Promise.reject(new ChatError("permission_denied", "There is nothing to ask for")),
  close() {},
});

/** The real service with its in-process launcher; closes at the end of its scope. */
export async function testPluginService(
  database: Database,
  options: Partial<PluginServiceOptions> = {},
): Promise<RunningPluginService & AsyncDisposable & { readonly launcher: InProcessLauncher }> {
  const launcher = new InProcessLauncher();
  const service = await createPluginService({ database, log: testLog(), launcher, openHost: noHost, pollMs: 20, ...options });
  return Object.assign(service, { launcher, [Symbol.asyncDispose]: () => service.close() });
}
