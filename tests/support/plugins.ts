/**
 * Plugins of plain functions, in this process: what hooks need of a registry and of runners, without a sandbox around them.
 *
 * @module
 */
import type {
  HookTable,
  MessageService,
  PluginHook,
  PluginPermissions,
  RunHooksRequest,
  RunHooksResponse,
} from "../../src/contracts/mod.ts";
import type { CallContext } from "../../src/core/context.ts";
import { abortError, ChatError } from "../../src/core/errors.ts";
import { HookRunner } from "../../src/plugin/hooks/hook_runner.ts";
import type { OpenHost } from "../../src/plugin/launch.ts";
import type { ActivePlugin, PluginRegistry } from "../../src/plugin/registry.ts";
import type { HookAnswer, HookQuestion, PluginRunner, PluginWork } from "../../src/plugin/runner.ts";
import { testLog } from "./log.ts";
import { ScriptedPluginService } from "./scripted_services.ts";

/** What a plugin answers; what it leaves out is empty. */
export type HookFunction = (question: HookQuestion, work: PluginWork) => Partial<HookAnswer> | Promise<Partial<HookAnswer>>;

/** A plugin in functions. */
export interface PlainPlugin {
  readonly name: string;
  readonly hooks: readonly Partial<PluginHook>[];
  readonly hook?: HookFunction;
  readonly actions?: Readonly<Record<string, (input: unknown, work: PluginWork) => unknown>>;
  readonly granted?: Partial<PluginPermissions>;
}

const NO_HOOK: PluginHook = {
  ...{ event: "message.before_create", order: 0, onFailure: "open", action: "", command: "", cron: "", rooms: [], timeoutMs: 0 },
};

/** A registry that tests put plugins into. */
export class PlainRegistry implements PluginRegistry {
  readonly #plugins = new Map<string, ActivePlugin>();
  readonly #waiting = new Set<() => void>();
  #version = 1;

  constructor(...plugins: readonly PlainPlugin[]) {
    for (const plugin of plugins) this.install(plugin);
  }

  install(plugin: PlainPlugin): void {
    this.#plugins.set(plugin.name, activePlugin(plugin));
    this.#changed();
  }

  remove(name: string): void {
    this.#plugins.delete(name);
    this.#changed();
  }

  find(name: string): ActivePlugin | undefined {
    return this.#plugins.get(name);
  }

  all(): readonly ActivePlugin[] {
    return [...this.#plugins.values()].sort((a, b) => a.name < b.name ? -1 : 1);
  }

  table(): HookTable {
    const hooks = this.all().flatMap(({ name, manifest }) => manifest.hooks.map((hook) => ({ plugin: name, hook })));
    return { version: this.#version, hooks: hooks.sort((a, b) => a.hook.order - b.hook.order) };
  }

  async *watch(signal: AbortSignal): AsyncGenerator<HookTable> {
    for (let told = 0;;) {
      if (told !== this.#version) {
        told = this.#version;
        yield this.table();
      } else await this.#change(signal);
      if (signal.aborted) throw abortError(signal);
    }
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#waiting.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener("abort", done);
    });
  }

  #changed(): void {
    this.#version++;
    for (const wake of this.#waiting) wake();
  }
}

function activePlugin({ name, hooks, hook, actions = {}, granted }: PlainPlugin): ActivePlugin {
  const manifest = { name, version: "1.0.0", description: "", actions: [], hooks: hooks.map((given) => ({ ...NO_HOOK, ...given })) };
  const runner: PluginRunner = {
    async runAction(action, inputJson, work) {
      const run = actions[action];
      if (run === undefined) throw new ChatError("not_found", `The plugin ${name} has no action ${action}`);
      return JSON.stringify(await run(JSON.parse(inputJson), work) ?? null);
    },
    async *streamAction(action, inputJson, work) {
      yield await this.runAction(action, inputJson, work);
    },
    async runHook(question, work) {
      return { decision: "", reason: "", response: "", ...await hook?.(question, work) };
    },
    close: () => Promise.resolve(),
  };
  const permissions = { net: [], env: [], data: false, capabilities: [], rooms: [], ...granted };
  return { name, version: "1.0.0", digest: "", manifest, granted: permissions, runner };
}

/** A host that posts to the message service under the plugin's name, and can do nothing else. */
export function postingHost(messages: () => MessageService): OpenHost {
  return ({ plugin, context, room, via }) => ({
    async use({ postMessage }) {
      if (postMessage === undefined) throw new ChatError("permission_denied", "Only messages can be posted");
      const draft = { ...postMessage, room: postMessage.room ?? room, username: plugin.name, via: [...via, plugin.name] };
      return { message: await messages().createMessage(draft, context) };
    },
    close() {},
  });
}

const noHost: OpenHost = () => ({
  use: () => Promise.reject(new ChatError("permission_denied", "There is nothing to ask for")),
  close() {},
});

/** What {@link PlainPluginService} works with besides its plugins. */
export interface PlainServiceOptions {
  readonly openHost?: OpenHost;
  readonly messages?: MessageService;
}

/** A plugin service whose hooks are those of a {@link PlainRegistry}, run as the real one runs them. */
export class PlainPluginService extends ScriptedPluginService {
  readonly registry: PlainRegistry;
  readonly #hooks: HookRunner;
  /** Set: every call fails with it, as if the service were away. */
  away: ChatError | undefined;

  constructor(registry: PlainRegistry, { openHost = noHost, messages }: PlainServiceOptions = {}) {
    super();
    this.registry = registry;
    this.#hooks = new HookRunner({ registry, openHost, log: testLog(), messages, runAction: plainAction(openHost) });
  }

  override runHooks(request: RunHooksRequest, context: CallContext): Promise<RunHooksResponse> {
    return this.#run(request, context, false);
  }

  override dryRunHooks(request: RunHooksRequest, context: CallContext): Promise<RunHooksResponse> {
    return this.#run(request, context, true);
  }

  override async *watchHooks(_request: Record<never, never>, { signal }: CallContext): AsyncGenerator<HookTable> {
    if (this.away !== undefined) throw this.away;
    yield* this.registry.watch(signal);
  }

  #run(request: RunHooksRequest, context: CallContext, dryRun: boolean): Promise<RunHooksResponse> {
    return this.away === undefined ? this.#hooks.run(request, context, { dryRun }) : Promise.reject(this.away);
  }
}

/** Runs actions of plain plugins, which have no schemas. */
export function plainAction(openHost: OpenHost): ConstructorParameters<typeof HookRunner>[0]["runAction"] {
  return (call, action, inputJson) => {
    const { plugin, room, context: { requestId, caller, signal } } = call;
    return plugin.runner.runAction(action, inputJson, { requestId, username: caller.name, room, signal, host: openHost(call) });
  };
}
