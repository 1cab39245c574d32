import type {
  CreateMessageRequest,
  DeleteMessageResponse,
  GetMessagesRequest,
  GetMessagesResponse,
  ListRevisionsResponse,
  ListRoomsRequest,
  ListRoomsResponse,
  Message,
  MessageKey,
  MessageService,
  MessageStream,
  Room,
  RoomKey,
  StreamMessagesRequest,
  UpdateMessageRequest,
  UpdateRoomRequest,
} from "../contracts/mod.ts";
import type { CallContext } from "../core/context.ts";
import { onBehalfOf } from "./on_behalf_of.ts";
import { MessageServiceClient } from "./message_client.ts";
import type { ServiceClientOptions } from "./options.ts";

/**
 * The message service of another process, for a gateway that runs apart from it. Calls carry the request id and the caller's deadline on and are repeated as the
 * client's are; a stream ends with its first error, as the contract says, and whoever reads it resumes.
 */
export class RemoteMessageService implements MessageService, AsyncDisposable {
  readonly #client: MessageServiceClient;

  /** Opens no connection yet. Its errors reach strangers, so they do not tell where the service runs; its messages are the callers' own. */
  constructor(options: ServiceClientOptions) {
    this.#client = new MessageServiceClient({ ...options, hideAddress: true, makeKeys: false });
  }

  createMessage(request: CreateMessageRequest, context: CallContext): Promise<Message> {
    return this.#client.createMessage(request, onBehalfOf(context));
  }

  getMessage(request: MessageKey, context: CallContext): Promise<Message> {
    return this.#client.getMessage(request, onBehalfOf(context));
  }

  getMessages(request: GetMessagesRequest, context: CallContext): Promise<GetMessagesResponse> {
    return this.#client.getMessages(request, onBehalfOf(context));
  }

  updateMessage(request: UpdateMessageRequest, context: CallContext): Promise<Message> {
    return this.#client.updateMessage(request, onBehalfOf(context));
  }

  deleteMessage(request: MessageKey, context: CallContext): Promise<DeleteMessageResponse> {
    return this.#client.deleteMessage(request, onBehalfOf(context));
  }

  listRevisions(request: MessageKey, context: CallContext): Promise<ListRevisionsResponse> {
    return this.#client.listRevisions(request, onBehalfOf(context));
  }

  streamMessages(request: StreamMessagesRequest, context: CallContext): Promise<MessageStream> {
    return this.#client.subscribe(request, onBehalfOf(context));
  }

  listRooms(request: ListRoomsRequest, context: CallContext): Promise<ListRoomsResponse> {
    return this.#client.listRooms(request, onBehalfOf(context));
  }

  getRoom(request: RoomKey, context: CallContext): Promise<Room> {
    return this.#client.getRoom(request, onBehalfOf(context));
  }

  updateRoom(request: UpdateRoomRequest, context: CallContext): Promise<Room> {
    return this.#client.updateRoom(request, onBehalfOf(context));
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
