import type { MessageService } from "../contracts/mod.ts";
import type { UntypedServiceImplementation } from "../wire/grpc_js.ts";
import type { MessageFrames } from "../wire/message_frames.ts";
import { messageStream } from "./message_stream.ts";
import { type HandlerOptions, largeUnary, unary } from "./unary.ts";

/** `chat.MessageService` over a message service: each RPC is its method. */
export function messageHandlers(service: MessageService, frames: MessageFrames, options: HandlerOptions): UntypedServiceImplementation {
  return {
    CreateMessage: unary("CreateMessage", service.createMessage.bind(service), options),
    GetMessage: unary("GetMessage", service.getMessage.bind(service), options),
    GetMessages: largeUnary("GetMessages", service.getMessages.bind(service), options),
    UpdateMessage: unary("UpdateMessage", service.updateMessage.bind(service), options),
    DeleteMessage: unary("DeleteMessage", service.deleteMessage.bind(service), options),
    ListRevisions: largeUnary("ListRevisions", service.listRevisions.bind(service), options),
    ListRooms: largeUnary("ListRooms", service.listRooms.bind(service), options),
    GetRoom: unary("GetRoom", service.getRoom.bind(service), options),
    UpdateRoom: unary("UpdateRoom", service.updateRoom.bind(service), options),
    StreamMessages: messageStream(service, frames, options),
  };
}
