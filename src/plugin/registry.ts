/**
 * The plugins that are in force on this server, for what calls them.
 *
 * @module
 */
import type { HookTable, PluginManifest, PluginPermissions } from "../contracts/mod.ts";
import type { PluginRunner } from "./runner.ts";

/** An enabled plugin, in the version in force. */
export interface ActivePlugin {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
  /** Checked: every field holds what `plugin_service.proto` says of it. */
  readonly manifest: PluginManifest;
  readonly granted: PluginPermissions;
  readonly runner: PluginRunner;
}

/** Which plugins there are, as this server knows; it follows the database. */
export interface PluginRegistry {
  /** Undefined: there is none of that name, or it is disabled. */
  find(name: string): ActivePlugin | undefined;
  /** In the order of their names. */
  all(): readonly ActivePlugin[];
  /**
   * Every hook of them, in the order in which hooks run: by `order`, then by the plugin's name. Also those hooks before creation that are fail-closed of
   * plugins which cannot run and which nobody has disabled: nothing gets past them.
   */
  table(): HookTable;
  /** The table now, and again at each change; ends by throwing the signal's reason. */
  watch(signal: AbortSignal): AsyncIterable<HookTable>;
}
