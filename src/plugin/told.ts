import type { Plugin, PluginVersion } from "../contracts/mod.ts";
import type { RunnerState } from "./runner.ts";
import type { StoredPlugin } from "./store.ts";

/** What is said of a plugin besides what is stored. */
export interface Telling {
  readonly state: RunnerState;
  /** Ids of keys. */
  readonly trusted: ReadonlySet<string>;
}

/** A plugin as a list tells it. */
export function listedPlugin(plugin: StoredPlugin, { state, trusted }: Telling): Plugin {
  const { name, version, digest, granted, signatures, remote, builtIn, installedAtMs, updatedAtMs, manifest } = plugin;
  return {
    ...{ name, version, digest, granted, remote, builtIn, installedAtMs, updatedAtMs, description: manifest.description },
    ...{ state: state.state, problem: "problem" in state ? state.problem : "" },
    // Signatures by trusted keys were held against the archive: else it would not be installed, or be failing.
    signedBy: [...new Set(signatures.map(({ keyId }) => keyId))].filter((id) => trusted.has(id)),
    versions: [],
  };
}

/** A plugin as it is told by itself. */
export function describedPlugin(plugin: StoredPlugin, telling: Telling, versions: readonly PluginVersion[]): Plugin {
  return { ...listedPlugin(plugin, telling), manifest: plugin.manifest, versions };
}
