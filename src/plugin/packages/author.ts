import { isObject } from "./json_fields.ts";

/**
 * A manifest as its author may write it, with schemas as they are (`input_schema`, `output_schema`) instead of as texts, in the form that archives
 * have. Checks nothing.
 */
export function authorManifest(value: unknown): unknown {
  if (!isObject(value) || !Array.isArray(value["actions"])) return value;
  const { $schema: _, ...rest } = value;
  return { ...rest, actions: value["actions"].map(authorAction) };
}

function authorAction(action: unknown): unknown {
  if (!isObject(action)) return action;
  return Object.fromEntries(
    Object.entries(action).map(([key, value]) => /^(in|out)put_schema$/.test(key) ? [`${key}_json`, JSON.stringify(value)] : [key, value]),
  );
}
