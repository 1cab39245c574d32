import { RemoteMessageService } from "../clients/remote_message_service.ts";
import { createMessageService } from "../message/service.ts";
import { addMessageMetrics } from "../observability/room_metrics.ts";
import type { RoleDefinition } from "./role.ts";

/** A page must fit into a gRPC message with room to spare, whatever the limit is set to. */
const PAGES_IN_A_MESSAGE = 4;

/** The chat log. */
export const message: RoleDefinition<"message"> = {
  async start(tools) {
    const database = await tools.database();
    const bus = await tools.bus();
    const pageBytes = Math.floor(tools.config.grpc.maxMessageBytes / PAGES_IN_A_MESSAGE);
    const service = createMessageService({ database, bus, log: tools.log, pageBytes, plugins: tools.peer("plugin") });
    if (tools.metrics !== undefined) addMessageMetrics(tools.metrics, service);
    return { service, health: () => database.health(), close: () => service.close() };
  },
  reach: (options) => new RemoteMessageService(options),
};
