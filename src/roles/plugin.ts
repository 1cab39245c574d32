import { RemotePluginService } from "../clients/remote_plugin_service.ts";
import type { RoleDefinition } from "./role.ts";

/** Other people's code. This version has none of its own: it reaches one that runs elsewhere. */
export const plugin: RoleDefinition<"plugin"> = {
  reach: (options) => new RemotePluginService(options),
};
