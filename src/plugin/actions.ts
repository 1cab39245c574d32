/**
 * Actions, with what goes in and what comes out held against their schemas.
 *
 * @module
 */
import type { PluginAction, PluginOutput } from "../contracts/mod.ts";
import { isScope, requireScope } from "../core/caller.ts";
import { ChatError } from "../core/errors.ts";
import type { HostedCall, OpenHost } from "./launch.ts";
import { parseJson } from "./packages/json_fields.ts";
import type { PluginHost, PluginWork } from "./runner.ts";
import { checkInput, checkOutput, MAX_VALUE_DEPTH } from "./validate.ts";

/** Runs actions of plugins that are in force. */
export class Actions {
  readonly #openHost: OpenHost;

  constructor(openHost: OpenHost) {
    this.#openHost = openHost;
  }

  /** Runs an action once and gives its output. */
  async run(call: HostedCall, name: string, inputJson: string): Promise<string> {
    const action = actionOf(call, name);
    if (action.streams) {
      throw new ChatError("invalid_argument", `Action "${name}" gives several outputs: call StreamPlugin`, { field: "action" });
    }
    checkInput(action, parseJson("input_json", inputJson, MAX_VALUE_DEPTH));
    const host = this.#openHost(call);
    try {
      const output = await call.plugin.runner.runAction(name, inputJson, workOf(call, host));
      checkOutput(call.plugin.name, action, output);
      return output;
    } finally {
      host.close();
    }
  }

  /** Runs an action and gives its outputs; one that does not stream gives one. */
  async *stream(call: HostedCall, name: string, inputJson: string): AsyncGenerator<PluginOutput> {
    const action = actionOf(call, name);
    if (!action.streams) {
      yield { outputJson: await this.run(call, name, inputJson), seq: 1 };
      return;
    }
    checkInput(action, parseJson("input_json", inputJson, MAX_VALUE_DEPTH));
    const host = this.#openHost(call);
    try {
      let seq = 0;
      for await (const outputJson of call.plugin.runner.streamAction(name, inputJson, workOf(call, host))) {
        checkOutput(call.plugin.name, action, outputJson);
        yield { outputJson, seq: ++seq };
      }
    } finally {
      host.close();
    }
  }
}

/** The action, if the caller may call it. */
function actionOf({ plugin, context }: HostedCall, name: string): PluginAction {
  const action = plugin.manifest.actions.find((one) => one.name === name);
  if (action === undefined) {
    throw new ChatError("not_found", `Plugin "${plugin.name}" has no action ${JSON.stringify(name)}`, { field: "action" });
  }
  const { scope = "" } = action;
  if (isScope(scope)) requireScope(context.caller, scope);
  return action;
}

function workOf({ context, room, username = context.caller.name }: HostedCall, host: PluginHost): PluginWork {
  return { requestId: context.requestId, username, room, signal: context.signal, host };
}
