import { roleTitles } from "../config/roles.ts";
import type { Message, PluginHostService, Role, Services } from "../contracts/mod.ts";
import {
  aiServiceDefinition,
  messageServiceDefinition,
  pluginHostServiceDefinition,
  pluginServiceDefinition,
  ragServiceDefinition,
} from "../wire/definitions.ts";
import type { MessageResponse } from "../wire/generated/chat/MessageResponse.ts";
import type { MessageServiceDefinition } from "../wire/generated/chat/MessageService.ts";
import type { Server, ServiceDefinition, UntypedServiceImplementation } from "../wire/grpc_js.ts";
import type { MessageFrames } from "../wire/message_frames.ts";
import { aiHandlers } from "./ai_handlers.ts";
import type { ServiceChecks } from "./health_board.ts";
import { messageHandlers } from "./message_handlers.ts";
import { pluginHandlers } from "./plugin_handlers.ts";
import { pluginHostHandlers } from "./plugin_host_handlers.ts";
import { ragHandlers } from "./rag_handlers.ts";
import { withReadableRequests } from "./requests.ts";
import type { HandlerOptions } from "./unary.ts";

/** What handlers work with. */
export interface ServiceTools extends HandlerOptions {
  readonly frames: MessageFrames;
}

/** A service as gRPC offers it. */
interface Served<R extends Role> {
  readonly definition: (tools: ServiceTools) => ServiceDefinition<UntypedServiceImplementation>;
  readonly handlers: (service: Services[R], tools: ServiceTools) => UntypedServiceImplementation;
}

const served: { readonly [R in Role]: Served<R> } = {
  message: {
    definition: ({ frames }) => encodingOnce(messageServiceDefinition, frames),
    handlers: (service, tools) => messageHandlers(service, tools.frames, tools),
  },
  rag: { definition: () => ragServiceDefinition, handlers: ragHandlers },
  ai: { definition: () => aiServiceDefinition, handlers: aiHandlers },
  plugin: { definition: () => pluginServiceDefinition, handlers: pluginHandlers },
};

const all = Object.keys(served) as readonly Role[];

/** Adds the services that there are to a server, and gives their full names. */
export function addServices(server: Server, services: Partial<Services>, tools: ServiceTools): readonly string[] {
  return all.flatMap((role) => addService(server, role, services[role], tools));
}

/** Adds what plugins ask that run elsewhere, where there is such, and gives its full name. */
export function addPluginHost(server: Server, host: PluginHostService | undefined, tools: ServiceTools): readonly string[] {
  if (host === undefined) return [];
  server.addService(withReadableRequests(pluginHostServiceDefinition), pluginHostHandlers(host, tools));
  return ["chat.PluginHostService"];
}

/** Checks by role as checks by a service's full name. */
export function namedChecks(checks: Readonly<Partial<Record<Role, () => boolean>>>): ServiceChecks {
  return Object.fromEntries(all.flatMap((role) => checks[role] === undefined ? [] : [[roleTitles[role].grpcName, checks[role]]]));
}

function addService<R extends Role>(server: Server, role: R, service: Services[R] | undefined, tools: ServiceTools): readonly string[] {
  if (service === undefined) return [];
  const { definition, handlers } = served[role];
  server.addService(withReadableRequests(definition(tools)), handlers(service, tools));
  return [roleTitles[role].grpcName];
}

/** Also where messages go through grpc-js's own hands, each is encoded once for all streams. */
function encodingOnce(definition: MessageServiceDefinition, frames: MessageFrames): MessageServiceDefinition {
  const responseSerialize = (message: MessageResponse) => frames.body(message as Message);
  return { ...definition, StreamMessages: { ...definition.StreamMessages, responseSerialize } };
}
