import type { PluginService } from "../../contracts/mod.ts";
import type { CallContext } from "../../core/context.ts";

/** An action of a plugin that a model may call. */
export interface Tool {
  /** As requests and parts have it: `plugin/action`. */
  readonly id: string;
  /** As the model has it, which takes no other signs. */
  readonly name: string;
  readonly plugin: string;
  readonly action: string;
  readonly description: string;
  /** A JSON Schema of an object. */
  readonly schema: Readonly<Record<string, unknown>>;
}

/** What a model wants done. */
export interface ToolCall {
  /** The provider's own name for the call. */
  readonly id: string;
  /** As the tool was offered, if it was. */
  readonly name: string;
  /** What is to be JSON. */
  readonly argumentsJson: string;
}

/** What came of a call; `error` is empty where it succeeded. */
export interface ToolResult {
  /** `plugin/action`, or the name that the model made up. */
  readonly tool: string;
  readonly inputJson: string;
  readonly outputJson: string;
  readonly error: string;
}

/** Who carries calls out, in whose name and where. */
export interface ToolDesk {
  readonly plugins: PluginService;
  readonly context: CallContext;
  readonly room: string | undefined;
}
