/**
 * Whether two manifests say the same, in whatever order and form.
 *
 * @module
 */
import type { PluginAction, PluginHook, PluginManifest } from "../../contracts/mod.ts";

/** The fields in which a manifest is another one; none: they say the same. */
export function manifestDifferences(installed: PluginManifest, told: PluginManifest): readonly string[] {
  const [before, after] = [normal(installed), normal(told)];
  return Object.keys(before).filter((field) => canonical(before[field]) !== canonical(after[field]));
}

function normal({ name, version, description, actions, hooks, permissions, limits }: PluginManifest): Record<string, unknown> {
  const { net = [], env = [], data = false, capabilities = [], rooms = [] } = permissions ?? {};
  const { memoryBytes = 0, callMs = 0, cpuMs = 0, outputBytes = 0, concurrency = 0 } = limits ?? {};
  return {
    ...{ name, version, description },
    actions: sorted(actions.map(normalAction)),
    hooks: sorted(hooks.map(normalHook)),
    permissions: { net: sorted(net), env: sorted(env), data, capabilities: sorted(capabilities), rooms: sorted(rooms) },
    limits: { memoryBytes, callMs, cpuMs, outputBytes, concurrency },
  };
}

function normalAction({ name, description, inputSchemaJson, outputSchemaJson, streams, readOnly, scope = "" }: PluginAction) {
  return { name, description, streams, readOnly, scope, input: schema(inputSchemaJson), output: schema(outputSchemaJson) };
}

function normalHook({ event, order, onFailure, action, command, cron, rooms, timeoutMs }: PluginHook) {
  return { event, order, onFailure: onFailure || "open", action, command, cron, rooms: sorted(rooms), timeoutMs };
}

/** White space and the order of keys do not matter in JSON. What is none stands for itself. */
function schema(text: string): string {
  if (text === "") return "";
  try {
    return canonical(JSON.parse(text));
  } catch {
    return text;
  }
}

function sorted(values: readonly unknown[]): readonly string[] {
  return values.map(canonical).toSorted();
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => a < b ? -1 : 1));
  }) ?? "";
}
