import type { PluginLimits } from "../../contracts/mod.ts";
import { ChatError } from "../../core/errors.ts";
import type { PluginLauncher, PluginToRun } from "../launch.ts";
import type { HookAnswer, HookQuestion, PluginRunner, PluginWork, RunnerListener } from "../runner.ts";
import { effectiveLimits } from "./limits.ts";
import { SANDBOX_SHELL, type Sandboxes, type SandboxOptions } from "./sandboxes.ts";

/** What plugins with code are run with. */
export interface SandboxLauncherOptions {
  readonly sandboxes: Sandboxes;
  /** The variables that plugins may be granted, by name. */
  readonly env: ReadonlyMap<string, string>;
  /** The most that any plugin gets, whatever its manifest says. */
  readonly most: Pick<PluginLimits, "memoryBytes" | "callMs">;
}

/** Runs plugins that have code, each in processes of its own. */
export function createSandboxLauncher(options: SandboxLauncherOptions): PluginLauncher {
  const { sandboxes } = options;
  return {
    create: (plugin, listener) =>
      new PreparedRunner(plugin.name, sandboxes.createRunner(sandboxOptions(plugin, options), listener), listener),
    async check(plugin, signal) {
      // Its folder comes with the first call, so there is nothing to grant yet.
      const asked = sandboxOptions({ ...plugin, granted: { ...plugin.granted, data: false } }, options);
      await sandboxes.check(asked, signal);
    },
  };
}

function sandboxOptions({ manifest, code, granted, dataDir }: PluginToRun, { env, most }: SandboxLauncherOptions): SandboxOptions {
  if (code.kind !== "module") throw new ChatError("failed_precondition", `Plugin ${manifest.name} has no code, it is a server of its own`);
  const limits = effectiveLimits(manifest.limits);
  return {
    ...{ manifest, code, granted },
    ...(dataDir === undefined ? {} : { dataDir }),
    env: Object.fromEntries(granted.env.flatMap((name) => env.has(name) ? [[name, env.get(name) ?? ""]] : [])),
    limits: { ...limits, memoryBytes: Math.min(limits.memoryBytes, most.memoryBytes), callMs: Math.min(limits.callMs, most.callMs) },
  };
}

/** Why plugins' processes cannot be started here; undefined: they can. */
export async function sandboxProblem(): Promise<string | undefined> {
  try {
    const { success } = await new Deno.Command(SANDBOX_SHELL, { args: ["-c", "ulimit -d 1000000"], stdin: "null", clearEnv: true })
      .output();
    return success ? undefined : `Plugins with code cannot run here, because ${SANDBOX_SHELL} cannot limit memory`;
  } catch (error) {
    return `Plugins with code cannot run here, because ${SANDBOX_SHELL} cannot be started: ${
      error instanceof Error ? error.message : error
    }`;
  }
}

/** A runner whose folder may still have to be made; calls wait for that. */
class PreparedRunner implements PluginRunner {
  readonly #runner: Promise<PluginRunner>;

  constructor(name: string, runner: Promise<PluginRunner>, listener: RunnerListener) {
    this.#runner = runner.catch((cause) => {
      const problem = cause instanceof ChatError
        ? cause.message
        : `Its place cannot be made: ${cause instanceof Error ? cause.message : cause}`;
      listener.onState({ state: "failing", problem });
      throw new ChatError("unavailable", `Plugin ${name} cannot be started: ${problem}`, { cause });
    });
    this.#runner.catch(() => {}); // told to whoever calls
  }

  async runAction(action: string, inputJson: string, work: PluginWork): Promise<string> {
    return await (await this.#runner).runAction(action, inputJson, work);
  }

  async *streamAction(action: string, inputJson: string, work: PluginWork): AsyncGenerator<string> {
    yield* (await this.#runner).streamAction(action, inputJson, work);
  }

  async runHook(question: HookQuestion, work: PluginWork): Promise<HookAnswer> {
    return await (await this.#runner).runHook(question, work);
  }

  async close(): Promise<void> {
    const runner = await this.#runner.catch(() => undefined);
    await runner?.close();
  }
}
