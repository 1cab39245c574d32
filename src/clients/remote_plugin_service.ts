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
  PluginService,
  RunHooksRequest,
  RunHooksResponse,
  StreamPluginLogsRequest,
  UninstallPluginRequest,
  UninstallPluginResponse,
} from "../contracts/mod.ts";
import type { CallContext } from "../core/context.ts";
import { onBehalfOf } from "./on_behalf_of.ts";
import type { ServiceClientOptions } from "./options.ts";
import { PluginServiceClient } from "./plugin_client.ts";

/** The plugin service of another process, for a gateway or a service that runs apart from it. Calls carry the request id and the caller's deadline on. */
export class RemotePluginService implements PluginService, AsyncDisposable {
  readonly #client: PluginServiceClient;

  /** Opens no connection yet. Its errors reach strangers, so they do not tell where the service runs. */
  constructor(options: ServiceClientOptions) {
    this.#client = new PluginServiceClient({ ...options, hideAddress: true });
  }

  installPlugin(request: InstallPluginRequest, context: CallContext): Promise<InstallPluginResponse> {
    return this.#client.installPlugin(request, onBehalfOf(context));
  }

  listPlugins(request: ListPluginsRequest, context: CallContext): Promise<ListPluginsResponse> {
    return this.#client.listPlugins(request, onBehalfOf(context));
  }

  getPlugin(request: PluginKey, context: CallContext): Promise<Plugin> {
    return this.#client.getPlugin(request, onBehalfOf(context));
  }

  enablePlugin(request: PluginKey, context: CallContext): Promise<Plugin> {
    return this.#client.enablePlugin(request, onBehalfOf(context));
  }

  disablePlugin(request: DisablePluginRequest, context: CallContext): Promise<Plugin> {
    return this.#client.disablePlugin(request, onBehalfOf(context));
  }

  uninstallPlugin(request: UninstallPluginRequest, context: CallContext): Promise<UninstallPluginResponse> {
    return this.#client.uninstallPlugin(request, onBehalfOf(context));
  }

  executePlugin(request: ExecutePluginRequest, context: CallContext): Promise<ExecutePluginResponse> {
    return this.#client.executePlugin(request, onBehalfOf(context));
  }

  streamPlugin(request: ExecutePluginRequest, context: CallContext): AsyncIterable<PluginOutput> {
    return this.#client.streamPlugin(request, onBehalfOf(context));
  }

  dryRunHooks(request: RunHooksRequest, context: CallContext): Promise<RunHooksResponse> {
    return this.#client.dryRunHooks(request, onBehalfOf(context));
  }

  runHooks(request: RunHooksRequest, context: CallContext): Promise<RunHooksResponse> {
    return this.#client.runHooks(request, onBehalfOf(context));
  }

  watchHooks(_request: Record<never, never>, context: CallContext): AsyncIterable<HookTable> {
    return this.#client.watchHooks(onBehalfOf(context));
  }

  streamPluginLogs(request: StreamPluginLogsRequest, context: CallContext): AsyncIterable<PluginLogLine> {
    return this.#client.streamPluginLogs(request, onBehalfOf(context));
  }

  /** Ends what still runs and closes the connections; idempotent. */
  close(): Promise<void> {
    return this.#client.close();
  }

  /** Closes at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
