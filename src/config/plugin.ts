/**
 * What the settings about plugins come to, and what they demand of each other.
 *
 * @module
 */
import type { PluginConfig } from "./config.ts";
import type { SettingValues } from "./settings.ts";

const MEGABYTE = 1_048_576;

/** Two places for one thing would leave open which one counts. */
export function checkPlugins(values: SettingValues): string[] {
  if (values.PLUGIN_TRUSTED_KEYS === undefined || values.PLUGIN_TRUSTED_KEYS_PATH === undefined) return [];
  return ["PLUGIN_TRUSTED_KEYS_PATH must be unset when PLUGIN_TRUSTED_KEYS is set, got a path"];
}

/** The settings of the plugin service. */
export function toPluginConfig(values: SettingValues): PluginConfig {
  return {
    ...(values.PLUGIN_TRUSTED_KEYS === undefined ? {} : { trustedKeys: values.PLUGIN_TRUSTED_KEYS }),
    ...(values.PLUGIN_TRUSTED_KEYS_PATH === undefined ? {} : { trustedKeysPath: values.PLUGIN_TRUSTED_KEYS_PATH }),
    dataDir: values.PLUGIN_DATA_DIR ?? `${values.DATA_DIR.replace(/\/+$/, "")}/plugins`,
    ...(values.PLUGIN_ENV_PATH === undefined ? {} : { envPath: values.PLUGIN_ENV_PATH }),
    remoteAddresses: values.PLUGIN_REMOTE_ADDRESSES ?? [],
    ...(values.PLUGIN_HOST_ADDRESS === undefined ? {} : { hostAddress: values.PLUGIN_HOST_ADDRESS }),
    maxProcesses: values.PLUGIN_MAX_PROCESSES,
    most: { memoryBytes: values.PLUGIN_MAX_MEMORY_MB * MEGABYTE, callMs: values.PLUGIN_MAX_CALL_MS },
    builtIn: values.PLUGIN_BUILT_IN,
    builtInNet: { "link-preview": values.PLUGIN_LINK_PREVIEW_HOSTS ?? [], webhook: values.PLUGIN_WEBHOOK_HOSTS ?? [] },
  };
}
