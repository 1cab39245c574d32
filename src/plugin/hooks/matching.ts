/**
 * Which hooks an event meets.
 *
 * @module
 */
import type { PluginHook } from "../../contracts/mod.ts";
import type { ActivePlugin, PluginRegistry } from "../registry.ts";

/** A hook of a plugin that may run. */
export interface MatchedHook {
  readonly plugin: ActivePlugin;
  readonly hook: PluginHook;
}

/** Where and how an event comes about. */
export interface EventPlace {
  readonly room: string;
  /** Plugins whose work it comes from. */
  readonly via: readonly string[];
}

/** The hooks of an event in the order in which they run, but those of plugins that it comes from. */
export function matchingHooks(registry: PluginRegistry, event: string, { room, via }: EventPlace): readonly MatchedHook[] {
  return hooksOf(registry, event).filter(({ plugin, hook }) => !via.includes(plugin.name) && appliesIn(plugin, hook, room));
}

/** The name of a plugin that does not run and past whose hook before creation nothing may get: the first one that a message would meet. */
export function absentGuard(registry: PluginRegistry, { room, via }: EventPlace): string | undefined {
  return registry.table().hooks.find(({ plugin, hook }) =>
    hook?.event === "message.before_create" && hook.onFailure === "closed" && registry.find(plugin) === undefined &&
    (hook.rooms.length === 0 || hook.rooms.includes(room)) && !via.includes(plugin)
  )?.plugin;
}

/** Every hook of an event, in the order in which they run. */
export function hooksOf(registry: PluginRegistry, event: string): readonly MatchedHook[] {
  return registry.table().hooks.flatMap(({ plugin: name, hook }) => {
    if (hook?.event !== event) return [];
    const plugin = registry.find(name);
    return plugin === undefined ? [] : [{ plugin, hook }];
  });
}

/** Whether a hook is for a room: one that it names, if it names any, and one that its plugin may use, if that is held to some. */
export function appliesIn({ granted }: ActivePlugin, hook: PluginHook, room: string): boolean {
  return (hook.rooms.length === 0 || hook.rooms.includes(room)) &&
    (granted.rooms.length === 0 || granted.rooms.includes("*") || granted.rooms.includes(room));
}
