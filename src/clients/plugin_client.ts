import type {
  DisablePluginRequest,
  ExecutePluginRequest,
  ExecutePluginResponse,
  HookTable,
  InstallPluginRequest,
  InstallPluginResponse,
  ListPluginsRequest,
  ListPluginsResponse,
  Plugin,
  PluginKey,
  PluginLogLine,
  PluginOutput,
  RunHooksRequest,
  RunHooksResponse,
  StreamPluginLogsRequest,
  UninstallPluginRequest,
  UninstallPluginResponse,
} from "../contracts/mod.ts";
import { creationToWire, messageToWire } from "../wire/message_codec.ts";
import { callUnary } from "./caller.ts";
import { ChannelPool } from "./channel.ts";
import type { Method } from "./methods.ts";
import { type CallOptions, type ResolvedOptions, resolveOptions, type ServiceClientOptions } from "./options.ts";
import { pluginMethods as rpc } from "./plugin_methods.ts";
import { readStream } from "./server_stream.ts";

/**
 * A client of the plugin service over gRPC.
 *
 * Connections are made when first needed. Every method throws `ChatError`. What only reads, and installing, switching and removing, is repeated after
 * `unavailable`; an action or a hook runs at most once for each call. Close it, or declare it with `await using`.
 */
export class PluginServiceClient implements AsyncDisposable {
  readonly #options: ResolvedOptions;
  readonly #pool: ChannelPool;

  /** Opens no connection yet; `invalid_argument` names the option that makes no sense. */
  constructor(options: ServiceClientOptions = {}) {
    this.#options = resolveOptions(options);
    this.#pool = new ChannelPool(this.#options);
  }

  /** Installs a plugin or another version of it; `permission_denied` when it asks for more than `granted`. The same again changes nothing. */
  installPlugin(request: InstallPluginRequest, options: CallOptions = {}): Promise<InstallPluginResponse> {
    const { archive = new Uint8Array(), signatures = [], granted, ...rest } = request;
    const { net = [], env = [], data = false, capabilities = [], rooms = [] } = granted ?? {};
    const wire = {
      ...rest,
      archive: archive as Buffer,
      signatures: signatures.map(({ keyId, signature }) => ({ keyId, signature: signature as Buffer })),
      granted: { net: [...net], env: [...env], data, capabilities: [...capabilities], rooms: [...rooms] },
    };
    return this.#call(rpc.installPlugin, wire, options);
  }

  /** A page of plugins, in the order of their names. */
  listPlugins(request: ListPluginsRequest = {}, options: CallOptions = {}): Promise<ListPluginsResponse> {
    return this.#call(rpc.listPlugins, request, options);
  }

  /** One plugin with its manifest and its versions; `not_found` when there is no such. */
  getPlugin(request: PluginKey, options: CallOptions = {}): Promise<Plugin> {
    return this.#call(rpc.getPlugin, request, options);
  }

  /** Lets a plugin run. */
  enablePlugin(request: PluginKey, options: CallOptions = {}): Promise<Plugin> {
    return this.#call(rpc.enablePlugin, request, options);
  }

  /** Stops a plugin. */
  disablePlugin(request: DisablePluginRequest, options: CallOptions = {}): Promise<Plugin> {
    return this.#call(rpc.disablePlugin, request, options);
  }

  /** Removes a plugin; a missing one is an answer (`success: false`), and so is one that a first, unanswered attempt removed. */
  uninstallPlugin(request: UninstallPluginRequest, options: CallOptions = {}): Promise<UninstallPluginResponse> {
    return this.#call(rpc.uninstallPlugin, request, options);
  }

  /** Runs an action. Sent once: what an action does twice, nobody knows. */
  executePlugin(request: ExecutePluginRequest, options: CallOptions = {}): Promise<ExecutePluginResponse> {
    return this.#call(rpc.executePlugin, request, options);
  }

  /** Runs an action and hands out its outputs as they come. Without a deadline unless the call has one; leaving the loop ends the action. */
  streamPlugin(request: ExecutePluginRequest, options: CallOptions = {}): AsyncGenerator<PluginOutput> {
    return readStream(this.#pool, rpc.streamPlugin, request, options);
  }

  /** What the hooks would decide about a message; changes nothing. */
  dryRunHooks(request: RunHooksRequest, options: CallOptions = {}): Promise<RunHooksResponse> {
    return this.#call(rpc.dryRunHooks, wireEvent(request), options);
  }

  /** Runs the hooks of an event, for services of the system. */
  runHooks(request: RunHooksRequest, options: CallOptions = {}): Promise<RunHooksResponse> {
    return this.#call(rpc.runHooks, wireEvent(request), options);
  }

  /** The hooks that there are, now and at each change; ends with the first error. */
  watchHooks(options: CallOptions = {}): AsyncGenerator<HookTable> {
    return readStream(this.#pool, rpc.watchHooks, {}, options);
  }

  /** What a plugin has written to its log, and with `follow` what it writes; ends with the first error. */
  streamPluginLogs(request: StreamPluginLogsRequest, options: CallOptions = {}): AsyncGenerator<PluginLogLine> {
    return readStream(this.#pool, rpc.streamPluginLogs, request, options);
  }

  /** Whether the service is there, as the last calls have seen; true before the first one. Asks nobody. */
  get reachable(): boolean {
    return this.#pool.reachable;
  }

  /** Ends calls and streams that still run with `cancelled`, and closes the connections; idempotent. */
  close(): Promise<void> {
    return this.#pool.close();
  }

  /** Closes the client at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #call<Request, Response>(method: Method<Request, Response>, request: Request, options: CallOptions): Promise<Response> {
    return callUnary({ pool: this.#pool, options: this.#options }, method, request, options);
  }
}

function wireEvent({ via = [], event, draft, message }: RunHooksRequest) {
  return {
    ...{ event, via: [...via] },
    ...(draft === undefined ? {} : { draft: creationToWire(draft) }),
    ...(message === undefined ? {} : { message: messageToWire(message) }),
  };
}
