/**
 * Tools in the words of OpenAI's chat completions.
 *
 * @module
 */
import type OpenAI from "openai";
import type { ModelMessage, ModelRequest } from "../provider.ts";
import type { ToolCall } from "../tools/tool.ts";

/** Of one round; what is beyond is left out. */
const MAX_CALLS = 16;
/** Of one call's arguments. */
const MAX_ARGUMENT_UNITS = 65_536;

type Messages = OpenAI.ChatCompletionMessageParam[];
type Delta = OpenAI.ChatCompletionChunk.Choice.Delta.ToolCall;

/** Turns as the package takes them. */
export function openAiMessages(messages: readonly ModelMessage[]): Messages {
  return messages.map((message): Messages[number] => {
    switch (message.role) {
      case "calls":
        return { role: "assistant", content: message.content === "" ? null : message.content, tool_calls: message.calls.map(openAiCall) };
      case "result":
        return { role: "tool", content: message.content, tool_call_id: message.callId };
      default:
        return { role: message.role, content: message.content };
    }
  });
}

function openAiCall({ id, name, argumentsJson }: ToolCall): OpenAI.ChatCompletionMessageFunctionToolCall {
  return { id, type: "function", function: { name, arguments: argumentsJson } };
}

/** What a request says of its tools; nothing where there are none, which servers without tools insist on. */
export function openAiTools({ tools = [], mayCall = true }: ModelRequest) {
  if (tools.length === 0) return {};
  return {
    tools: tools.map(({ name, description, schema }) => ({
      type: "function" as const,
      function: { name, parameters: { ...schema }, ...(description === "" ? {} : { description }) },
    })),
    ...(mayCall ? {} : { tool_choice: "none" as const }),
  };
}

/** Puts calls together that come in pieces, several at once. */
export class CallReader {
  readonly #calls = new Map<number, ToolCall>();

  /** Takes more of them. */
  read(deltas: readonly Delta[]): void {
    for (const { index = 0, id, function: more } of deltas) {
      const known = this.#calls.get(index) ?? { id: "", name: "", argumentsJson: "" };
      if (!this.#calls.has(index) && this.#calls.size === MAX_CALLS) continue;
      this.#calls.set(index, {
        id: known.id || (id ?? ""),
        // Some servers send the name again with each piece, as they should not.
        name: known.name || (more?.name ?? ""),
        argumentsJson: (known.argumentsJson + (more?.arguments ?? "")).slice(0, MAX_ARGUMENT_UNITS + 1),
      });
    }
  }

  /** What has come, in order, each with a name of its own. */
  get calls(): readonly ToolCall[] {
    const inOrder = [...this.#calls].toSorted(([left], [right]) => left - right);
    return inOrder.filter(([, { name }]) => name !== "").map(([index, call]) => ({ ...call, id: call.id || `call_${index}` }));
  }
}
