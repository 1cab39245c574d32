import { abortError, ChatError } from "../../core/errors.ts";
import type { Tool, ToolCall, ToolDesk, ToolResult } from "./tool.ts";

/** A model reads no more of an output than fits into its tokens beside the conversation. */
const MAX_OUTPUT_UNITS = 16_384;
const INTERNAL = "The action failed for a reason that the server's log tells";

/**
 * Carries out a call as the plugin service lets its caller. What goes wrong is the result's error, for the model to make the best of; throws only what
 * the signal stands for.
 */
export async function runTool({ name, argumentsJson }: ToolCall, tools: readonly Tool[], desk: ToolDesk): Promise<ToolResult> {
  const tool = tools.find((one) => one.name === name);
  const inputJson = argumentsJson.trim() === "" ? "{}" : argumentsJson;
  const told = { tool: tool?.id ?? name, inputJson };
  try {
    if (tool === undefined) throw new ChatError("not_found", `There is no tool ${JSON.stringify(name)}`);
    if (!isObject(inputJson)) throw new ChatError("invalid_argument", "The arguments must be a JSON object");
    const { plugins, context, room } = desk;
    const call = { name: tool.plugin, action: tool.action, inputJson, ...(room === undefined ? {} : { room }) };
    const { outputJson } = await plugins.executePlugin(call, context);
    if (outputJson.length > MAX_OUTPUT_UNITS) {
      throw new ChatError("out_of_range", `The output has ${outputJson.length} characters, and may have ${MAX_OUTPUT_UNITS}`);
    }
    return { ...told, outputJson, error: "" };
  } catch (error) {
    if (desk.context.signal.aborted) throw abortError(desk.context.signal);
    return { ...told, outputJson: "", error: error instanceof ChatError ? error.message : INTERNAL };
  }
}

function isObject(json: string): boolean {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** What a model is told of a result. */
export function toldOf({ outputJson, error }: ToolResult): string {
  return error === "" ? outputJson : JSON.stringify({ error });
}
