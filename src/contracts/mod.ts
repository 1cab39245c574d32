/**
 * The interfaces between the faces of the system (gRPC, REST, clients) and its services, one file a service.
 * A caller cannot tell whether a service runs in this process or is reached over gRPC.
 * Field meanings and limits stand in the protos; here stand the guarantees.
 *
 * @module
 */
import type { AiService } from "./ai.ts";
import type { MessageService } from "./message.ts";
import type { PluginService } from "./plugin.ts";
import type { RagService } from "./rag.ts";

export type * from "./ai.ts";
export type * from "./message.ts";
export type * from "./plugin.ts";
export type * from "./rag.ts";
export type * from "./remote_plugin.ts";
export type * from "./room.ts";

/** Every service, by the name of the role that plays it. */
export interface Services {
  readonly message: MessageService;
  readonly rag: RagService;
  readonly ai: AiService;
  readonly plugin: PluginService;
}

/** A part of the system that is a service; the gateway is a part too, but nobody calls it over gRPC. */
export type Role = keyof Services;
