import type {
  DisablePluginRequest,
  ExecutePluginRequest,
  ListPluginsRequest,
  PluginAction,
  StreamPluginLogsRequest,
} from "../contracts/mod.ts";
import { ChatError, invalidField } from "../core/errors.ts";
import { integer, optionalText, text } from "../core/fields.ts";
import { limits } from "../core/limits.ts";
import { parseJson } from "./packages/json_fields.ts";
import { NAME } from "./packages/manifest.ts";
import { type JsonSchema, readSchema } from "./packages/schema.ts";

const INPUT_BYTES = 1_048_576;
/** How deep inputs and outputs may nest. */
export const MAX_VALUE_DEPTH = 128;
const REASON_BYTES = 1_024;
const TAIL_DEFAULT = 100;
const TAIL_MAX = 10_000;

/** A plugin's name, which need not be there. */
export function validName(name: string): string {
  const found = text("name", name, { minBytes: 1, maxBytes: limits.nameBytes });
  if (!NAME.test(found)) {
    throw invalidField("name", `must be 1 to 64 of a-z, 0-9 and "-", beginning with a letter, got ${JSON.stringify(found)}`);
  }
  return found;
}

/** The digest of an archive, in small letters. */
export function validDigest(digest: string): string {
  const found = digest.toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(found)) {
    throw invalidField("digest", `must be a SHA-256 in hexadecimal, got ${JSON.stringify(digest.slice(0, 80))}`);
  }
  return found;
}

/** A page of plugins that can be looked for. */
export function validListing({ limit, afterName, event }: ListPluginsRequest) {
  return {
    limit: integer("limit", limit ?? 0, { max: limits.pageMax }) || limits.pageDefault,
    afterName: optionalText("after_name", afterName, limits.nameBytes) ?? "",
    event: optionalText("event", event, limits.nameBytes) ?? "",
  };
}

/** Why a plugin is stopped; may be empty. */
export function validReason({ reason }: DisablePluginRequest): string {
  return optionalText("reason", reason, REASON_BYTES) ?? "";
}

/** Which lines of a log. */
export function validTail({ tail, follow }: StreamPluginLogsRequest) {
  return { tail: integer("tail", tail ?? 0, { max: TAIL_MAX }) || TAIL_DEFAULT, follow: follow ?? false };
}

/** A call as far as it can be told without its plugin. */
export function validCall({ action, inputJson, room }: ExecutePluginRequest) {
  const input = text("input_json", inputJson === undefined || inputJson === "" ? "{}" : inputJson, { minBytes: 1, maxBytes: INPUT_BYTES });
  return {
    action: text("action", action, { minBytes: 1, maxBytes: limits.nameBytes }),
    inputJson: input,
    room: optionalText("room", room, limits.nameBytes) ?? "",
  };
}

/** Read once for each version that is in force. */
const schemas = new WeakMap<PluginAction, { readonly input: JsonSchema; readonly output: JsonSchema }>();

function schemasOf(action: PluginAction) {
  const known = schemas.get(action);
  if (known !== undefined) return known;
  const read = {
    input: readSchema("input_schema_json", action.inputSchemaJson),
    output: readSchema("output_schema_json", action.outputSchemaJson),
  };
  schemas.set(action, read);
  return read;
}

/** Holds a call's input to the schema of its action. Throws `invalid_argument` with the place in it. */
export function checkInput(action: PluginAction, input: unknown): void {
  const problem = schemasOf(action).input.problem(input);
  if (problem !== undefined) throw invalidField(`input_json${problem.at}`, problem.text);
}

/** Holds an output to JSON and to the schema of its action. Throws `failed_precondition` that names the plugin, because its caller did nothing wrong. */
export function checkOutput(plugin: string, action: PluginAction, outputJson: string): void {
  const bad = (problem: string) => {
    return new ChatError("failed_precondition", `Plugin "${plugin}" gave an output of action "${action.name}" that ${problem}`);
  };
  let output: unknown;
  try {
    output = parseJson("output_json", outputJson, MAX_VALUE_DEPTH);
  } catch (error) {
    throw bad(`is no JSON: ${error instanceof Error ? error.message : error}`);
  }
  const problem = schemasOf(action).output.problem(output);
  if (problem !== undefined) throw bad(`is not as its schema says: output${problem.at} ${problem.text}`);
}
