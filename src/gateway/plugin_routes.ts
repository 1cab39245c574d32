import { type OpenAPIHono, z } from "@hono/zod-openapi";
import type { PluginLogLine, PluginOutput, PluginService } from "../contracts/mod.ts";
import { invalidField } from "../core/errors.ts";
import type { ServiceRouteTools } from "./ai_routes.ts";
import type { GatewayEnv } from "./context.ts";
import { ServiceRoutes } from "./endpoint.ts";
import { addLink } from "./links.ts";
import { EVENTS_TYPE, LINES_TYPE } from "./media_types.ts";
import { wireNames } from "./names.ts";
import {
  decisionsSchema,
  eventBody,
  executedSchema,
  installedSchema,
  logLineSchema,
  outputSchema,
  pluginPageSchema,
  pluginSchema,
} from "./schemas/plugin.ts";
import { outcomeSchema } from "./schemas/rag.ts";
import { bytes, flag, listOf, objectOf, queryFlag, queryInt32, text } from "./shape.ts";
import { eventResponse, streamAnswer } from "./stream_response.ts";

/** An archive of the size that gRPC takes, 4 MiB, in base64, and the rest of the request. */
const MAX_INSTALL_BYTES = 6_291_456;

const installBody = z.strictObject({
  archive: bytes.optional(),
  digest: text.optional(),
  signatures: listOf(objectOf({ key_id: text.default(""), signature: bytes })).optional(),
  granted: objectOf({
    net: listOf(text).optional(),
    env: listOf(text).optional(),
    data: flag.optional(),
    capabilities: listOf(text).optional(),
    rooms: listOf(text).optional(),
  }).optional(),
  disabled: flag.optional(),
  check_only: flag.optional(),
}).openapi("PluginInstallation");

const callBody = z.strictObject({ action: text.default(""), input_json: text.optional(), room: text.optional() })
  .openapi("PluginCall", { example: { action: "say", input_json: '{"text": "Hello"}' } });

const listQuery = z.strictObject({ limit: queryInt32.optional(), after_name: text.optional(), event: text.optional() });
const key = { params: z.strictObject({ name: text }) };

const outputJson = wireNames(outputSchema);
const outputFrame = (output: PluginOutput) => `id: ${output.seq}\nevent: output\ndata: ${JSON.stringify(outputJson(output))}\n\n`;
const lineJson = wireNames(logLineSchema);
const lineFrame = (line: PluginLogLine) => `${JSON.stringify(lineJson(line))}\n`;

/** The plugin service under `/v1/plugins`. */
export function addPluginRoutes(app: OpenAPIHono<GatewayEnv>, tools: ServiceRouteTools<PluginService>): void {
  const routes = new ServiceRoutes(app, { service: tools.service, grpcName: "chat.PluginService", tag: "plugin" });
  addReads(routes, tools);
  addInstallation(routes);
  addSwitches(routes);
  addCalls(routes, tools);
}

function addReads(routes: ServiceRoutes<PluginService>, tools: ServiceRouteTools<PluginService>): void {
  routes.json(
    { method: "get", path: "/v1/plugins", rpc: "ListPlugins", summary: "List the plugins", query: listQuery, answer: pluginPageSchema },
    async (service, request, c) => {
      const page = await service.listPlugins(request, c.var.call);
      if (page.hasMore) addLink(c, "next", { after_name: page.plugins.at(-1)?.name });
      return page;
    },
  );
  routes.json(
    {
      method: "get",
      path: "/v1/plugins/{name}",
      rpc: "GetPlugin",
      summary: "Read a plugin's manifest and state",
      ...key,
      answer: pluginSchema,
    },
    (service, request, c) => service.getPlugin(request, c.var.call),
  );
  routes.stream({
    ...{ method: "get", path: "/v1/plugins/{name}/logs", rpc: "StreamPluginLogs", summary: "Read what a plugin has logged" },
    ...{ description: "A LogLine a line.", ...key, streams: LINES_TYPE },
    query: z.strictObject({ tail: queryInt32.optional(), follow: queryFlag.optional() }),
  }, async (service, request, c) => {
    if (c.req.method === "HEAD") return eventResponse(c, null);
    return await streamAnswer(c, service.streamPluginLogs(request, c.var.call), { ...tools, type: LINES_TYPE, frame: lineFrame });
  });
}

function addInstallation(routes: ServiceRoutes<PluginService>): void {
  routes.json({
    ...{ method: "put", path: "/v1/plugins/{name}", rpc: "InstallPlugin", summary: "Install a version of a plugin, or go back to one" },
    description: "`archive` and signatures are base64. The archive's manifest must have the name that the path has.",
    ...{ ...key, body: installBody, maxBodyBytes: MAX_INSTALL_BYTES, answer: installedSchema },
  }, async (service, { name, ...request }, c) => {
    // Looked at first, so that an archive under another name changes nothing.
    const checked = await service.installPlugin({ ...request, checkOnly: true }, c.var.call);
    const found = checked.plugin?.name;
    if (found !== undefined && found !== name) {
      throw invalidField("name", `must be the manifest's ${JSON.stringify(found)}, got ${JSON.stringify(name)}`);
    }
    return request.checkOnly === true ? checked : await service.installPlugin(request, c.var.call);
  });
  routes.json({
    ...{ method: "delete", path: "/v1/plugins/{name}", rpc: "UninstallPlugin", summary: "Remove a plugin" },
    ...{ ...key, query: z.strictObject({ keep_data: queryFlag.optional() }), answer: outcomeSchema },
  }, (service, request, c) => service.uninstallPlugin(request, c.var.call));
}

function addSwitches(routes: ServiceRoutes<PluginService>): void {
  routes.json(
    { method: "post", path: "/v1/plugins/{name}/enable", rpc: "EnablePlugin", summary: "Let a plugin run", ...key, answer: pluginSchema },
    (service, request, c) => service.enablePlugin(request, c.var.call),
  );
  routes.json({
    ...{ method: "post", path: "/v1/plugins/{name}/disable", rpc: "DisablePlugin", summary: "Stop a plugin", ...key },
    ...{ query: z.strictObject({ reason: text.optional() }), answer: pluginSchema },
  }, (service, request, c) => service.disablePlugin(request, c.var.call));
}

function addCalls(routes: ServiceRoutes<PluginService>, tools: ServiceRouteTools<PluginService>): void {
  routes.json({
    ...{ method: "post", path: "/v1/plugins/{name}/execute", rpc: "ExecutePlugin", summary: "Run an action of a plugin" },
    ...{ ...key, body: callBody, answer: executedSchema },
  }, (service, request, c) => service.executePlugin(request, c.var.call));
  routes.stream(
    {
      ...{ method: "post", path: "/v1/plugins/{name}/stream", rpc: "StreamPlugin", summary: "Run an action that gives several outputs" },
      ...{ description: "Events named `output`; the data of each is an ActionPart.", ...key, body: callBody, streams: EVENTS_TYPE },
    },
    (service, request, c) =>
      streamAnswer(c, service.streamPlugin(request, c.var.call), { ...tools, type: EVENTS_TYPE, frame: outputFrame }),
  );
  routes.json({
    ...{ method: "post", path: "/v1/plugins/dry-run", rpc: "DryRunHooks", summary: "See what the hooks would decide of an event" },
    ...{ body: eventBody, answer: decisionsSchema },
  }, (service, request, c) => service.dryRunHooks(request, c.var.call));
}
