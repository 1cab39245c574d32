/**
 * A runner of a remote plugin, with all that it tells, for tests.
 *
 * @module
 */
import { assertRejects } from "@std/assert";
import type { CapabilityRequest, CapabilityResponse, PluginManifest } from "../../src/contracts/mod.ts";
import { ChatError } from "../../src/core/errors.ts";
import type { PluginToRun } from "../../src/plugin/launch.ts";
import { createRemoteLauncher } from "../../src/plugin/remote/launcher.ts";
import { CallTokens } from "../../src/plugin/remote/tokens.ts";
import type { PluginHost, PluginRunner, PluginWork, RunnerState } from "../../src/plugin/runner.ts";
import { pluginPeers } from "../../src/roles/plugin_peers.ts";
import { within } from "./deadline.ts";
import { remoteManifest } from "./remote_plugin.ts";

/** No test waits longer for anything. */
export const PATIENCE_MS = 20_000;

/** A host that writes down what it is asked. */
export class TestHost implements PluginHost {
  readonly asked: CapabilityRequest[] = [];

  use(request: CapabilityRequest): Promise<CapabilityResponse> {
    this.asked.push(request);
    return Promise.resolve({ storage: { success: true, entries: [{ key: "k", value: "v", version: 1 }], hasMore: false } });
  }
}

/** A runner of the plugin at an address, with everything that it tells. */
export class Running implements AsyncDisposable {
  readonly tokens: CallTokens;
  readonly states: RunnerState[] = [];
  readonly host = new TestHost();
  readonly runner: PluginRunner;
  #changed = Promise.withResolvers<void>();

  constructor(address: string, { manifest = remoteManifest, tls, hostAddress = "", tokens = new CallTokens() }: {
    manifest?: PluginManifest;
    tokens?: CallTokens;
    tls?: Parameters<typeof pluginPeers>[0]["tls"];
    hostAddress?: string;
  } = {}) {
    this.tokens = tokens;
    const connect = pluginPeers({ maxMessageBytes: 4_194_304, ...(tls === undefined ? {} : { tls }) });
    const launcher = createRemoteLauncher({ connect, tokens: this.tokens, addresses: [address], hostAddress });
    this.runner = launcher.create(toRun(address, manifest), {
      onLog: () => {},
      onState: (state) => {
        this.states.push(state);
        this.#changed.resolve();
        this.#changed = Promise.withResolvers();
      },
    });
  }

  work(signal: AbortSignal = new AbortController().signal): PluginWork {
    return { requestId: "r-1", username: "ann", room: "hall", signal, host: this.host };
  }

  /** Runs an action; after `timeoutMs`, if given, its caller gives up. */
  async run(input = "{}", { signal, timeoutMs = PATIENCE_MS }: { signal?: AbortSignal; timeoutMs?: number } = {}): Promise<string> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new ChatError("deadline_exceeded", "The time is up")), timeoutMs);
    try {
      const work = this.work(signal === undefined ? late.signal : AbortSignal.any([late.signal, signal]));
      return await this.runner.runAction("echo", input, work);
    } finally {
      clearTimeout(timer);
    }
  }

  async until(state: RunnerState["state"]): Promise<RunnerState> {
    for (;;) {
      const last = this.states.at(-1);
      if (last?.state === state) return last;
      await within(PATIENCE_MS, `the state ${state}, after ${JSON.stringify(last)}`, this.#changed.promise);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.runner.close();
  }
}

/** A plugin at an address. */
export function toRun(address: string, manifest: PluginManifest): PluginToRun {
  const { name, version, permissions } = manifest;
  return { name, version, digest: "", manifest, granted: permissions!, code: { kind: "remote", address } };
}

/** What work was refused with, as `code: sentence`. */
export async function refusal(work: Promise<unknown>): Promise<string> {
  const { code, message } = await assertRejects(() => work, ChatError);
  return `${code}: ${message}`;
}
