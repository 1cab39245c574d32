/**
 * Slash commands: a message that begins with one runs an action instead of being stored.
 *
 * @module
 */
import type { RunHooksResponse } from "../../contracts/mod.ts";
import type { CallContext } from "../../core/context.ts";
import { ChatError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import { slashCommand } from "../../core/slash_command.ts";
import { within } from "../../core/within.ts";
import type { HostedCall } from "../launch.ts";
import type { PluginRegistry } from "../registry.ts";
import type { Draft } from "./draft.ts";
import type { HookEvent } from "./event.ts";
import { type MatchedHook, matchingHooks } from "./matching.ts";
import { timeLimitMs, tooLate } from "./time.ts";

/** Whatever a manifest says, nobody waits longer for a command. */
const LONGEST_MS = 20_000;

/** Runs an action with its input and its output held against their schemas; gives the output. */
export type RunAction = (call: HostedCall, action: string, inputJson: string) => Promise<string>;

/** What commands take besides the hooks' own. */
export interface CommandTools {
  readonly registry: PluginRegistry;
  readonly runAction: RunAction;
}

/**
 * Runs the action of a command in its author's name; its output is the response. The outcome is `allow`, without any decision, where no command of that
 * name is known here: then it is a message like any other. Throws what the action throws. With `dryRun` it only says whose command it is.
 */
export async function runCommand(
  { draft, username, room, via }: HookEvent & { readonly draft: Draft },
  context: CallContext,
  { registry, runAction, dryRun }: CommandTools & { readonly dryRun: boolean },
): Promise<RunHooksResponse> {
  const command = slashCommand(draft.content);
  const matched = matchingHooks(registry, "command", { room, via }).find(({ hook }) => hook.command.toLowerCase() === command?.name);
  if (command === undefined || matched === undefined) return { outcome: "allow", draft, decisions: [] };
  const startedMs = performance.now();
  const { name: plugin, version } = matched.plugin;
  const decision = { plugin, version, decision: "respond", reason: "", response: "", failure: "", durationMs: 0 };
  // What an action changes, nobody can foretell.
  if (dryRun) return { outcome: "respond", draft, decisions: [{ ...decision, reason: `It would run ${matched.hook.action}` }] };
  const output = await run(matched, JSON.stringify({ args: command.args, text: draft.content }), {
    context,
    username,
    room,
    via,
    runAction,
  });
  const response = responseOf(output, plugin);
  return { outcome: "respond", draft, decisions: [{ ...decision, response, durationMs: Math.round(performance.now() - startedMs) }] };
}

function run(
  matched: MatchedHook,
  inputJson: string,
  { context, username = context.caller.name, room, via, runAction }: Omit<HostedCall, "plugin" | "dryRun"> & {
    readonly runAction: RunAction;
  },
): Promise<string> {
  const { requestId, caller, authorization, trace, deadlineAtMs } = context;
  return within({ timeoutMs: timeLimitMs(matched, LONGEST_MS), late: tooLate, signal: context.signal }, (signal) => {
    const call = { signal, requestId, caller, authorization, trace, deadlineAtMs };
    return runAction({ plugin: matched.plugin, context: call, username, room, via, dryRun: false }, matched.hook.action, inputJson);
  });
}

/** The output's `text` where it has one, else a text that it is, else its JSON. */
function responseOf(outputJson: string, plugin: string): string {
  const response = textOf(outputJson);
  if (new TextEncoder().encode(response).length <= limits.contentBytes) return response;
  throw new ChatError("failed_precondition", `The plugin ${plugin} answered the command with more than ${limits.contentBytes} bytes`);
}

function textOf(outputJson: string): string {
  const output: unknown = JSON.parse(outputJson);
  if (typeof output === "string") return output;
  const text = typeof output === "object" && output !== null && Object.hasOwn(output, "text")
    ? (output as { text: unknown }).text
    : undefined;
  return typeof text === "string" ? text : outputJson;
}
