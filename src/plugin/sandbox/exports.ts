import type { PluginManifest } from "../../contracts/mod.ts";

/** What a module exports, as its process says: names and the kinds of what stands under them. */
export interface Exports {
  readonly hasDefault: boolean;
  readonly actions: ReadonlyMap<string, string>;
  readonly hooks: ReadonlyMap<string, string>;
}

/** Takes apart what a process says it has loaded. Throws `TypeError` for what cannot be. */
export function readExports(told: unknown): Exports {
  const { default: hasDefault, actions, hooks } = told as Record<string, unknown>;
  return { hasDefault: hasDefault === true, actions: kinds(actions), hooks: kinds(hooks) };
}

function kinds(told: unknown): ReadonlyMap<string, string> {
  if (!Array.isArray(told) || told.length > 1_000) throw new TypeError("no exports");
  return new Map(told.map((entry) => {
    if (!Array.isArray(entry) || typeof entry[0] !== "string" || typeof entry[1] !== "string") throw new TypeError("no export");
    return [entry[0], entry[1]];
  }));
}

/** Every way in which a module is not what its manifest says, as sentences; none: it is. */
export function exportProblems(exports: Exports, manifest: PluginManifest): readonly string[] {
  if (!exports.hasDefault) return ["The module has no default export; it must be an object with actions and hooks"];
  const actions = manifest.actions.flatMap(({ name, streams }) => actionProblem(name, streams, exports.actions.get(name)));
  const events = new Set(manifest.hooks.map(({ event }) => event).filter((event) => event.startsWith("message.")));
  const hooks = [...events].filter((event) => !/Function$/.test(exports.hooks.get(event) ?? ""))
    .map((event) => `The module's default export has no function hooks[${JSON.stringify(event)}], which the manifest declares`);
  return [...actions, ...hooks];
}

function actionProblem(name: string, streams: boolean, kind: string | undefined): string[] {
  if (kind === undefined || !kind.endsWith("Function")) {
    return [
      `The module's default export has no function actions.${name}, which the manifest declares${
        kind === undefined ? "" : `: it is of kind ${kind.slice(0, 40)}`
      }`,
    ];
  }
  if (streams && kind !== "AsyncGeneratorFunction") {
    return [`Action ${name} streams and must be an async generator (async *${name}), but is a ${kind.slice(0, 40)}`];
  }
  if (!streams && kind.endsWith("GeneratorFunction")) {
    return [`Action ${name} is a generator, but the manifest does not say that it streams`];
  }
  return [];
}
