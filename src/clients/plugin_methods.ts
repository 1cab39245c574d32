import type { HookDecision, InstallPluginResponse, Plugin, PluginManifest, RunHooksResponse } from "../contracts/mod.ts";
import { pluginServiceDefinition as definition } from "../wire/definitions.ts";
import type { HookTable__Output } from "../wire/generated/chat/HookTable.ts";
import type { InstallPluginResponse__Output } from "../wire/generated/chat/InstallPluginResponse.ts";
import type { ListPluginsResponse__Output } from "../wire/generated/chat/ListPluginsResponse.ts";
import type { PluginManifest__Output } from "../wire/generated/chat/PluginManifest.ts";
import type { PluginResponse__Output } from "../wire/generated/chat/PluginResponse.ts";
import type { RunHooksResponse__Output } from "../wire/generated/chat/RunHooksResponse.ts";
import { asIs, method } from "./methods.ts";

/** The RPCs of the plugin service, in the contract's types. */
export const pluginMethods = {
  installPlugin: method(definition.InstallPlugin, installedFromWire),
  listPlugins: method(definition.ListPlugins, ({ plugins, hasMore }: ListPluginsResponse__Output) => {
    return { plugins: plugins.map(pluginFromWire), hasMore };
  }),
  getPlugin: method(definition.GetPlugin, pluginFromWire),
  enablePlugin: method(definition.EnablePlugin, pluginFromWire),
  disablePlugin: method(definition.DisablePlugin, pluginFromWire),
  uninstallPlugin: method(definition.UninstallPlugin, asIs),
  executePlugin: method(definition.ExecutePlugin, asIs),
  streamPlugin: method(definition.StreamPlugin, asIs),
  dryRunHooks: method(definition.DryRunHooks, hooksFromWire),
  runHooks: method(definition.RunHooks, hooksFromWire),
  watchHooks: method(definition.WatchHooks, ({ version, hooks }: HookTable__Output) => ({ version, hooks: hooks.map(present) })),
  streamPluginLogs: method(definition.StreamPluginLogs, asIs),
};

/** What a message without its fields that are not set looks like: protobufjs shows those as null. */
type Present<T> = { [K in keyof T]: Exclude<T[K], null> };

/** Takes the fields out that hold no message. */
export function present<T extends object>(message: T): Present<T> {
  return Object.fromEntries(Object.entries(message).filter(([, value]) => value !== null)) as Present<T>;
}

function pluginFromWire({ manifest, ...rest }: PluginResponse__Output): Plugin {
  return { ...present(rest), ...(manifest === null ? {} : { manifest: manifestFromWire(manifest) }) };
}

/** A manifest received. */
export function manifestFromWire(wire: PluginManifest__Output): PluginManifest {
  return present(wire);
}

function installedFromWire({ plugin, ...rest }: InstallPluginResponse__Output): InstallPluginResponse {
  return { ...present(rest), ...(plugin === null ? {} : { plugin: pluginFromWire(plugin) }) };
}

function hooksFromWire({ decisions, ...rest }: RunHooksResponse__Output): RunHooksResponse {
  return { ...present(rest), decisions: decisions.map((decision): HookDecision => present(decision)) };
}
