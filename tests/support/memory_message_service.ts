/**
 * The message contract over an array, for tests and soaks of what lies around a service. It does no validation and keeps nothing.
 *
 * @module
 */
import type {
  CreateMessageRequest,
  DeleteMessageResponse,
  GetMessagesRequest,
  GetMessagesResponse,
  ListRevisionsResponse,
  ListRoomsRequest,
  ListRoomsResponse,
  Message,
  MessageBatch,
  MessageKey,
  MessageService,
  MessageStream,
  Room,
  RoomKey,
  StreamMessagesRequest,
  UpdateMessageRequest,
  UpdateRoomRequest,
} from "../../src/contracts/mod.ts";
import type { CallContext } from "../../src/core/context.ts";
import { abortError, ChatError } from "../../src/core/errors.ts";
import { DEFAULT_ROOM } from "../../src/core/limits.ts";

/** One room's log; the batch at each position is one array, whoever asks. */
class RoomLog {
  readonly messages: Message[] = [];
  readonly batches: MessageBatch[] = [];
  readonly watchers = new Set<() => void>();
  grown = Promise.withResolvers<void>();

  append(message: Message): void {
    this.messages.push(message);
    this.batches.push([message]);
    const { resolve } = this.grown;
    this.grown = Promise.withResolvers<void>();
    resolve();
    for (const watcher of this.watchers) watcher();
  }
}

/** A message service in memory. */
export class MemoryMessageService implements MessageService {
  /** The contexts of the calls so far, newest last. */
  readonly contexts: CallContext[] = [];
  /** The subscriptions asked for so far, newest last. */
  readonly subscriptions: StreamMessagesRequest[] = [];
  /** How many subscriptions are being followed. */
  following = 0;
  /** A subscriber that is further behind has failed. */
  maxBehind = Infinity;
  readonly #rooms = new Map<string, RoomLog>();

  /** Appends to a room and tells its subscribers. */
  append(request: CreateMessageRequest): Message {
    const room = request.room || DEFAULT_ROOM;
    const log = this.#room(room);
    const seq = log.messages.length + 1;
    const now = Date.now();
    const message: Message = {
      ...{ id: seq, seq, room, content: request.content, username: request.username, messageType: request.messageType || "text" },
      ...{ timestamp: Math.floor(now / 1000), createdAtMs: now, updatedAtMs: now, metadata: request.metadata ?? {} },
      ...{ clientMessageId: request.clientMessageId ?? "", eventType: "created", version: 1, deleted: false },
    };
    log.append(message);
    return message;
  }

  createMessage(request: CreateMessageRequest, context: CallContext): Promise<Message> {
    this.contexts.push(context);
    return Promise.resolve(this.append(request));
  }

  getMessage(request: MessageKey, context: CallContext): Promise<Message> {
    this.contexts.push(context);
    const found = this.#room(request.room).messages[request.id - 1];
    return found
      ? Promise.resolve(found)
      : Promise.reject(new ChatError("not_found", `Room has no message ${request.id}`, { field: "id" }));
  }

  getMessages(request: GetMessagesRequest, context: CallContext): Promise<GetMessagesResponse> {
    this.contexts.push(context);
    const all = this.#room(request.room).messages;
    const messages = all.slice(request.afterSeq ?? 0, (request.afterSeq ?? 0) + (request.limit || 50));
    return Promise.resolve({ messages, totalCount: all.length, hasMore: false, nextSeq: 0, headSeq: all.length });
  }

  updateMessage(request: UpdateMessageRequest, context: CallContext): Promise<Message> {
    return this.getMessage(request, context);
  }

  deleteMessage(request: MessageKey, context: CallContext): Promise<DeleteMessageResponse> {
    this.contexts.push(context);
    return Promise.resolve({ success: false, message: `Room has no message ${request.id}`, seq: 0 });
  }

  listRevisions(_request: MessageKey, context: CallContext): Promise<ListRevisionsResponse> {
    this.contexts.push(context);
    return Promise.resolve({ revisions: [] });
  }

  async listRooms(_request: ListRoomsRequest, context: CallContext): Promise<ListRoomsResponse> {
    return {
      rooms: await Promise.all([...this.#rooms.keys()].map((room) => this.getRoom({ room }, context))),
      hasMore: false,
      nextRoom: "",
    };
  }

  getRoom({ room = DEFAULT_ROOM }: RoomKey, context: CallContext): Promise<Room> {
    this.contexts.push(context);
    const { messages } = this.#room(room);
    return Promise.resolve({
      ...{
        room,
        title: "",
        description: "",
        restricted: false,
        members: [],
        documents: false,
        assistant: false,
        version: 0,
        updatedAtMs: 0,
      },
      ...{ memberCount: 0, headSeq: messages.length, messageCount: messages.length, lastActivityMs: messages.at(-1)?.createdAtMs ?? 0 },
    });
  }

  updateRoom(request: UpdateRoomRequest, context: CallContext): Promise<Room> {
    return this.getRoom(request, context);
  }

  streamMessages(request: StreamMessagesRequest, context: CallContext): Promise<MessageStream> {
    this.contexts.push(context);
    this.subscriptions.push(request);
    const room = this.#room(request.room);
    const startSeq = request.afterSeq ?? room.messages.length;
    if (startSeq > room.messages.length) {
      return Promise.reject(new ChatError("out_of_range", `Room ends at position ${room.messages.length}, got after_seq ${startSeq}`));
    }
    return Promise.resolve(this.#follow(room, startSeq, context.signal));
  }

  #follow(room: RoomLog, startSeq: number, signal: AbortSignal): MessageStream {
    const failure = new AbortController();
    const stream = { startSeq, position: startSeq, failed: failure.signal, [Symbol.asyncIterator]: () => follow() };
    room.watchers.add(() => {
      if (room.messages.length - stream.position <= this.maxBehind) return;
      failure.abort(new ChatError("resource_exhausted", "The reader fell behind", { resumeSeq: stream.position, retryAfterMs: 0 }));
    });
    const count = (by: number) => this.following += by;
    const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    async function* follow(): AsyncGenerator<MessageBatch, void, void> {
      count(1);
      try {
        for (;;) {
          if (failure.signal.aborted) throw abortError(failure.signal);
          if (signal.aborted) throw abortError(signal);
          const batch = room.batches[stream.position];
          if (batch === undefined) await Promise.race([room.grown.promise, aborted]);
          else {
            stream.position++;
            yield batch;
          }
        }
      } finally {
        count(-1);
      }
    }
    return stream;
  }

  #room(name: string = DEFAULT_ROOM): RoomLog {
    const key = name || DEFAULT_ROOM;
    const room = this.#rooms.get(key) ?? new RoomLog();
    this.#rooms.set(key, room);
    return room;
  }
}
