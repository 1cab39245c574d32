import { ChatError } from "../core/errors.ts";
import type { Log } from "../observability/log.ts";
import type { CallTally } from "./call_tally.ts";
import { DrainingRunner } from "./draining_runner.ts";
import type { PluginLauncher, PluginToRun } from "./launch.ts";
import type { ActivePlugin } from "./registry.ts";
import type { HookAnswer, PluginRunner, RunnerListener, RunnerLogLine, RunnerState } from "./runner.ts";

/** What a running plugin is started with. */
export interface RunningPluginOptions {
  readonly launcher: PluginLauncher;
  readonly log: Log;
  readonly dataId: number;
  readonly tally: CallTally;
  readonly onLog: (line: RunnerLogLine) => void;
  /** It has failed too often; told once. */
  readonly onDisabled: (problem: string) => void;
}

/** A version of a plugin with its runner, and how that is doing. */
export class RunningPlugin implements RunnerListener {
  readonly active: ActivePlugin;
  readonly runner: DrainingRunner;
  readonly dataId: number;
  readonly #name: string;
  readonly #options: RunningPluginOptions;
  #state: RunnerState = { state: "starting" };
  #ended = false;

  constructor(plugin: PluginToRun, options: RunningPluginOptions) {
    this.#name = plugin.name;
    this.#options = options;
    this.dataId = options.dataId;
    this.runner = new DrainingRunner(this.#create(plugin), options.tally);
    const { name, version, digest, manifest, granted } = plugin;
    this.active = { name, version, digest, manifest, granted, runner: this.runner };
  }

  get state(): RunnerState {
    return this.#state;
  }

  onLog(line: RunnerLogLine): void {
    if (!this.#ended) this.#options.onLog(line);
  }

  onState(state: RunnerState): void {
    if (this.#ended || this.#state.state === "disabled") return;
    this.#state = state;
    if (state.state === "failing") this.#options.log.warn("A plugin has failed", { plugin: this.#name, problem: state.problem });
    if (state.state === "disabled") this.#options.onDisabled(state.problem);
  }

  /** Puts it out of use: calls under way may take so long, then get `unavailable`. */
  async end(drainMs: number): Promise<void> {
    if (drainMs > 0) await this.runner.drain(drainMs);
    else await this.runner.close();
    this.#ended = true;
  }

  #create(plugin: PluginToRun): PluginRunner {
    try {
      return this.#options.launcher.create(plugin, this);
    } catch (error) {
      const problem = error instanceof ChatError ? error.message : "It cannot be started, for a reason that only the log knows";
      this.#options.log.error("A plugin cannot be started", { plugin: plugin.name, error });
      this.#state = { state: "failing", problem };
      return new NoRunner(`Plugin "${plugin.name}" does not run: ${problem}`);
    }
  }
}

/** Stands for a plugin that cannot run here, so that what depends on it is told, and hooks that fail closed stay closed. */
class NoRunner implements PluginRunner {
  readonly #problem: string;

  constructor(problem: string) {
    this.#problem = problem;
  }

  runAction(): Promise<string> {
    return Promise.reject(this.#error());
  }

  // deno-lint-ignore require-yield -- there is nothing to give
  async *streamAction(): AsyncGenerator<string> {
    await Promise.reject(this.#error());
  }

  runHook(): Promise<HookAnswer> {
    return Promise.reject(this.#error());
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #error(): ChatError {
    return new ChatError("unavailable", this.#problem);
  }
}
