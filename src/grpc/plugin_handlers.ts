import type { PluginService } from "../contracts/mod.ts";
import type { UntypedServiceImplementation } from "../wire/grpc_js.ts";
import { serverStream } from "./server_stream.ts";
import { type HandlerOptions, largeUnary, unary } from "./unary.ts";

/** `chat.PluginService` over a plugin service: each RPC is its method. */
export function pluginHandlers(service: PluginService, options: HandlerOptions): UntypedServiceImplementation {
  return {
    InstallPlugin: unary("InstallPlugin", service.installPlugin.bind(service), options),
    ListPlugins: largeUnary("ListPlugins", service.listPlugins.bind(service), options),
    GetPlugin: largeUnary("GetPlugin", service.getPlugin.bind(service), options),
    EnablePlugin: unary("EnablePlugin", service.enablePlugin.bind(service), options),
    DisablePlugin: unary("DisablePlugin", service.disablePlugin.bind(service), options),
    UninstallPlugin: unary("UninstallPlugin", service.uninstallPlugin.bind(service), options),
    ExecutePlugin: unary("ExecutePlugin", service.executePlugin.bind(service), options),
    StreamPlugin: serverStream("StreamPlugin", service.streamPlugin.bind(service), options),
    DryRunHooks: unary("DryRunHooks", service.dryRunHooks.bind(service), options),
    RunHooks: unary("RunHooks", service.runHooks.bind(service), options),
    WatchHooks: serverStream("WatchHooks", service.watchHooks.bind(service), options),
    StreamPluginLogs: serverStream("StreamPluginLogs", service.streamPluginLogs.bind(service), options),
  };
}
