/**
 * What the registry and the service are handed by whoever runs plugins and by whoever answers them.
 *
 * @module
 */
import type { PluginManifest, PluginPermissions } from "../contracts/mod.ts";
import type { CallContext } from "../core/context.ts";
import type { ActivePlugin } from "./registry.ts";
import type { PluginHost, PluginRunner, RunnerListener } from "./runner.ts";

/** Where a plugin's work is done: by a module in the sandbox here, or by a server of its own. */
export type PluginCode =
  | { readonly kind: "module"; readonly language: "typescript" | "javascript"; readonly text: string }
  /** `host:port`. */
  | { readonly kind: "remote"; readonly address: string };

/** One version of a plugin, as it is to be run. */
export interface PluginToRun {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
  /** Checked: every field holds what `plugin_service.proto` says of it. */
  readonly manifest: PluginManifest;
  /** What it may do: of what it asks for, the part that somebody has agreed to. */
  readonly granted: PluginPermissions;
  readonly code: PluginCode;
  /** The folder that is its own, not yet made; set exactly when `granted.data` is, but not where it is only checked. */
  readonly dataDir?: string;
}

/** Runs plugins of one kind of code, or of both. */
export interface PluginLauncher {
  /** Makes a runner, without waiting for anything to start. Throws `ChatError` where such a plugin cannot run on this server at all. */
  create(plugin: PluginToRun, listener: RunnerListener): PluginRunner;
  /**
   * Starts it once and says whether it has what its manifest declares: throws `ChatError` with a sentence for whoever installs it. Leaves nothing
   * running.
   */
  check(plugin: PluginToRun, signal: AbortSignal): Promise<void>;
}

/** A call of a plugin, as far as its questions to the system depend on it. */
export interface HostedCall {
  readonly plugin: ActivePlugin;
  /** Of the user who triggered it. */
  readonly context: CallContext;
  /** The user's name in the room, where callers may write under any; absent: the caller's own. */
  readonly username?: string;
  /** Where it happens; empty: nowhere. */
  readonly room: string;
  /** Plugins whose work this comes from, the first one first; without this one. */
  readonly via: readonly string[];
  /** Answer questions, and change nothing. */
  readonly dryRun: boolean;
}

/** Answers a plugin for one call; once closed it refuses everything. */
export type OpenHost = (call: HostedCall) => PluginHost & { close(): void };
