import type { Plugin, PluginAction, PluginService } from "../../contracts/mod.ts";
import type { CallContext } from "../../core/context.ts";
import { ChatError, invalidField } from "../../core/errors.ts";
import { requireAllowed } from "../../core/policy.ts";
import type { Tool } from "./tool.ts";

/** Stands for every tool that there is. */
export const EVERY_TOOL = "*";
/** The event by which a plugin's manifest offers an action to models. */
const EVENT = "ai.tool";
/** Offered at once; a model that must choose among more chooses badly. */
const MAX_TOOLS = 64;
const PAGE = 100;
/** Of a tool's name, by OpenAI's API. */
const MAX_NAME_UNITS = 64;
/** Of one schema as JSON: it is sent with every round. */
const MAX_SCHEMA_UNITS = 16_384;

/**
 * The tools that a request names, as `plugin/action` or all by {@link EVERY_TOOL}, looked up as the caller. Throws `not_found` that lists what there is, and
 * `permission_denied` where the caller may run no plugins.
 */
export async function findTools(
  named: readonly string[],
  plugins: PluginService | undefined,
  context: CallContext,
): Promise<readonly Tool[]> {
  if (named.length === 0) return [];
  for (const rpc of ["ListPlugins", "GetPlugin", "ExecutePlugin"]) requireAllowed(context.caller, `chat.PluginService/${rpc}`);
  if (plugins === undefined) {
    throw new ChatError("failed_precondition", "Field `tools` must be empty, because this server knows no plugin service", {
      field: "tools",
    });
  }
  const offered = await offeredTools(plugins, context);
  const wanted = named.includes(EVERY_TOOL) ? offered : named.map((id) => requireTool(id, offered));
  const tools = [...new Set(wanted)];
  if (tools.length > MAX_TOOLS) throw invalidField("tools", `must be at most ${MAX_TOOLS} actions, got ${tools.length}`);
  return tools.map((tool, index) => ({ ...tool, name: nameOf(tool, index) }));
}

function requireTool(id: string, offered: readonly Tool[]): Tool {
  const tool = offered.find((one) => one.id === id);
  if (tool !== undefined) return tool;
  const known = offered.length === 0 ? "there is none" : `there is ${offered.map((one) => one.id).join(", ")}`;
  const text = `There is no action ${JSON.stringify(id)} of an enabled plugin that offers it to models; ${known}`;
  throw new ChatError("not_found", text, { field: "tools" });
}

async function offeredTools(plugins: PluginService, context: CallContext): Promise<readonly Tool[]> {
  const names: string[] = [];
  for (let afterName = "";;) {
    const page = await plugins.listPlugins({ event: EVENT, limit: PAGE, ...(afterName === "" ? {} : { afterName }) }, context);
    names.push(...page.plugins.filter(({ state }) => state === "enabled").map(({ name }) => name));
    afterName = page.plugins.at(-1)?.name ?? "";
    if (!page.hasMore || afterName === "") break;
  }
  return (await Promise.all(names.map(async (name) => toolsOf(await plugins.getPlugin({ name }, context))))).flat();
}

function toolsOf({ name: plugin, manifest }: Plugin): readonly Tool[] {
  const offered = new Set(manifest?.hooks.filter(({ event }) => event === EVENT).map(({ action }) => action));
  return (manifest?.actions ?? []).filter(({ name }) => offered.has(name)).map((action) => toolOf(plugin, action));
}

function toolOf(plugin: string, { name: action, description, inputSchemaJson }: PluginAction): Tool {
  return { id: `${plugin}/${action}`, name: "", plugin, action, description, schema: schemaOf(inputSchemaJson) };
}

/** The action itself holds its input against its schema, so one that models cannot be told may be left out. */
function schemaOf(json: string): Tool["schema"] {
  const anything = { type: "object" };
  if (json === "" || json.length > MAX_SCHEMA_UNITS) return anything;
  const schema: unknown = JSON.parse(json);
  return typeof schema === "object" && schema !== null && !Array.isArray(schema) ? { ...schema, ...anything } : anything;
}

function nameOf({ plugin, action }: Tool, index: number): string {
  const name = `${plugin}__${action}`;
  if (name.length <= MAX_NAME_UNITS) return name;
  const end = `_${index}`;
  return `${name.slice(0, MAX_NAME_UNITS - end.length)}${end}`;
}
