import { ChatError } from "../core/errors.ts";
import type { PluginCode, PluginLauncher } from "./launch.ts";

/** What runs plugins of each kind on this server, or why nothing does. */
export type Launchers = { readonly [Kind in PluginCode["kind"]]: PluginLauncher | { readonly problem: string } };

/** Runs plugins of every kind, each by whatever runs its kind. */
export function launcherOf(launchers: Launchers): PluginLauncher {
  const find = ({ kind }: PluginCode): PluginLauncher => {
    const found = launchers[kind];
    if ("problem" in found) throw new ChatError("failed_precondition", found.problem);
    return found;
  };
  return {
    create: (plugin, listener) => find(plugin.code).create(plugin, listener),
    check: async (plugin, signal) => await find(plugin.code).check(plugin, signal),
  };
}
