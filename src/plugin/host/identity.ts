import { type Caller, SCOPES } from "../../core/caller.ts";

/**
 * A plugin as whoever calls: what it writes is its own, and what no user has triggered it does as itself. For other services it means this process,
 * so whatever is done in its name must have been allowed before: by the user's rights, or by the rooms that were granted.
 */
export function pluginIdentity(name: string): Caller {
  return { kind: "anonymous", id: `plugin:${name}`, name, scopes: new Set(SCOPES) };
}

/** Whether a caller is the plugin itself, and so no user. Credentials give no such id. */
export function isPluginItself({ kind, id }: Caller, name: string): boolean {
  return kind === "anonymous" && id === `plugin:${name}`;
}
