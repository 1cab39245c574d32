import type { CapabilityRequest, CapabilityResponse, PluginManifest, PluginPermissions } from "../../src/contracts/mod.ts";
import type { PluginRunner, PluginWork, RunnerLogLine, RunnerState } from "../../src/plugin/runner.ts";
import { Sandboxes, type SandboxOptions } from "../../src/plugin/sandbox/sandboxes.ts";

/** Grants nothing. */
export const NOTHING: PluginPermissions = { net: [], env: [], data: false, capabilities: [], rooms: [] };

/** A manifest that declares only what is said. */
export function manifest(changes: Partial<PluginManifest> = {}): PluginManifest {
  return { name: "tried", version: "1.0.0", description: "", actions: [], hooks: [], ...changes };
}

/** A runner, and what it told. */
export interface TriedRunner {
  readonly runner: PluginRunner;
  readonly log: RunnerLogLine[];
  readonly states: RunnerState[];
  readonly sandboxes: Sandboxes;
}

/** What a call has to work with, unless a test says otherwise; its host knows nothing. */
export function work(
  changes: Partial<PluginWork> & { readonly use?: (request: CapabilityRequest) => Promise<CapabilityResponse> } = {},
): PluginWork {
  const { use = () => Promise.reject(new Error("Nothing is asked here")), ...rest } = changes;
  return { requestId: "request-1", username: "ann", room: "general", signal: new AbortController().signal, host: { use }, ...rest };
}

/** Runs a test with a plugin of this code in a sandbox of its own; nothing of it is left afterwards. */
export async function withPlugin(
  code: string,
  test: (tried: TriedRunner) => Promise<void>,
  options: Partial<Omit<SandboxOptions, "code">> & { readonly maxProcesses?: number } = {},
): Promise<void> {
  await withSandboxes(async (sandboxes) => {
    const log: RunnerLogLine[] = [];
    const states: RunnerState[] = [];
    const runner = await sandboxes.createRunner(
      {
        manifest: manifest(),
        granted: NOTHING,
        supervision: { disableAfter: Infinity, pauseMs: 0, maxPauseMs: 0 },
        ...options,
        code: { text: code, language: "typescript" },
      },
      { onLog: (line) => log.push(line), onState: (state) => states.push(state) },
    );
    try {
      await test({ runner, log, states, sandboxes });
    } finally {
      await runner.close();
    }
  }, options.maxProcesses);
}

/** Runs a test with an empty state folder. */
export async function withSandboxes(test: (sandboxes: Sandboxes, stateDir: string) => Promise<void>, maxProcesses = 8): Promise<void> {
  const stateDir = await Deno.makeTempDir({ prefix: "chat-sandbox-" });
  const sandboxes = new Sandboxes({ stateDir, maxProcesses });
  try {
    await test(sandboxes, stateDir);
  } finally {
    await sandboxes.close();
    await Deno.remove(stateDir, { recursive: true });
  }
}
