/**
 * The durable chat log, over any database and bus that it is handed.
 *
 * @module
 */
import type { Bus } from "../bus/bus.ts";
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
  PluginService,
  Room,
  RoomKey,
  StreamMessagesRequest,
  UpdateMessageRequest,
  UpdateRoomRequest,
} from "../contracts/mod.ts";
import { changesOnlyOf, requireName, requireRoom, requireScope } from "../core/caller.ts";
import type { CallContext } from "../core/context.ts";
import { abortError, ChatError } from "../core/errors.ts";
import type { Database } from "../database/database.ts";
import { toChatError } from "../database/errors.ts";
import type { Log } from "../observability/log.ts";
import { requireAuthor, requireOwnRepeat, visibleRooms } from "./access.ts";
import { committer } from "./commit.ts";
import { CreateQueue } from "./create_queue.ts";
import type { FeedLimits } from "./feed.ts";
import { Feeds } from "./feeds.ts";
import { Folds } from "./folds.ts";
import { History } from "./history.ts";
import { PluginHooks } from "./hooks/plugin_hooks.ts";
import { trimPage } from "./page.ts";
import { messageOf, type MessageRow } from "./row.ts";
import { RoomMembers } from "./room_members.ts";
import { readMessage, readRevisions } from "./store_reads.ts";
import { readRoom, readRooms, updateRoom } from "./store_rooms.ts";
import { type ChangedRow, deleteMessage, updateMessage } from "./store_writes.ts";
import { roomName, validCreate, validDeletion, validKey, validPage, validSubscription, type ValidUpdate, validUpdate } from "./validate.ts";
import { isRepeat, validRoomPage, validRoomUpdate } from "./validate_rooms.ts";
import { openWatch } from "./watch.ts";

/** What the message service works with. */
export interface MessageServiceOptions {
  readonly database: Database;
  readonly bus: Bus;
  readonly log: Log;
  /** A page ends before its contents outgrow this; default 1 MiB, a quarter of the default message limit. */
  readonly pageBytes?: number;
  /** What is kept in memory for subscribers that fall behind; default 8,192 events or 4 MiB a room. */
  readonly feedLimits?: FeedLimits;
  /** Whose hooks are asked about messages; absent: there are no plugins. It stays the caller's. */
  readonly plugins?: PluginService | undefined;
  /** How long a lost wake-up can delay delivery; default 2,000 ms. */
  readonly pollMs?: number;
}

/** What a message service is busy with. */
export interface MessageLoad {
  /** Rooms that somebody follows here, or did a moment ago. */
  readonly rooms: number;
  /** Subscriptions to them. */
  readonly readers: number;
  /** Events kept in memory for subscribers that are behind, and their bytes. */
  readonly events: number;
  readonly bytes: number;
  /** Messages that wait to be stored. */
  readonly creations: number;
  /** Messages that plugins have before them. */
  readonly asking: number;
  /** Messages whose hooks could not be asked, since the start. */
  readonly unasked: number;
}

/** A running message service. */
export interface RunningMessageService extends MessageService {
  /** For metrics. */
  readonly load: MessageLoad;
  /** Answers what was accepted, then refuses; does not end streams (their signals do). Idempotent. */
  close(): Promise<void>;
}

/** Makes a message service; the database and the bus stay the caller's to close. */
export function createMessageService(options: MessageServiceOptions): RunningMessageService {
  return new LogMessageService(options);
}

/** The counts of a room are folded at once when a reader meets a rest as large as this. */
const MANY_UNCOUNTED = 10_000;

class LogMessageService implements RunningMessageService {
  readonly #db: Database["kysely"];
  readonly #bus: Bus;
  readonly #history: History;
  readonly #pageBytes: number;
  readonly #feeds: Feeds;
  readonly #folds: Folds;
  readonly #members: RoomMembers;
  readonly #creates: CreateQueue;
  readonly #hooks: PluginHooks | undefined;

  constructor(options: MessageServiceOptions) {
    this.#db = options.database.kysely;
    this.#bus = options.bus;
    this.#history = new History(options);
    this.#pageBytes = options.pageBytes ?? 1024 * 1024;
    this.#feeds = new Feeds({
      db: this.#db,
      bus: options.bus,
      log: options.log,
      ...(options.feedLimits && { limits: options.feedLimits }),
      ...(options.pollMs && { pollMs: options.pollMs }),
    });
    this.#folds = new Folds(this.#db, options.log);
    this.#members = new RoomMembers({ db: this.#db, log: options.log, ...(options.pollMs && { pollMs: options.pollMs }) });
    this.#creates = new CreateQueue(committer(this.#db, (room, created) => this.#grown(room, created)));
    const { plugins, log } = options;
    this.#hooks = plugins === undefined ? undefined : new PluginHooks({ db: this.#db, plugins, log });
  }

  get load(): MessageLoad {
    const { asking = 0, unasked = 0 } = this.#hooks?.load ?? {};
    return { ...this.#feeds.load, creations: this.#creates.waiting, asking, unasked };
  }

  async createMessage(request: CreateMessageRequest, context: CallContext): Promise<Message> {
    const { caller } = context;
    const message = validCreate(request, caller.name);
    requireName(caller, message.username);
    if (message.plugins !== undefined) requireScope(caller, "messages:write_as");
    await this.#admit(message, context);
    const asking = this.#hooks?.passing(message, context);
    const passed = asking === undefined ? undefined : await call(context, () => asking);
    if (passed !== undefined && "answer" in passed) return passed.answer;
    const stored = await this.#creates.create(passed?.create ?? message, context.signal);
    requireOwnRepeat(caller, message, stored);
    return stored;
  }

  async getMessage(request: MessageKey, context: CallContext): Promise<Message> {
    const { room, id } = await this.#admit(validKey(request), context);
    const row = await call(context, () => readMessage(this.#db, room, id));
    if (row === undefined) throw missing(room, id);
    return messageOf(room, row, { seq: row.id, eventType: "created" });
  }

  async getMessages(request: GetMessagesRequest, context: CallContext): Promise<GetMessagesResponse> {
    const page = await this.#admit(validPage(request), context);
    return await call(context, async () => {
      if (page.search !== undefined) await this.#folds.catchUpWords(page.room, context.signal);
      const stored = await this.#history.readPage(page, this.#pageBytes);
      if (stored.uncounted > MANY_UNCOUNTED) this.#folds.touch(page.room, 0);
      return trimPage(page, stored, this.#pageBytes);
    });
  }

  async updateMessage(request: UpdateMessageRequest, context: CallContext): Promise<Message> {
    const asked = await this.#admit(validUpdate(request), context);
    const editing = this.#hooks?.editing(asked, () => this.#editable(asked, context), context);
    const update = { ...(editing === undefined ? asked : await call(context, () => editing)), author: changesOnlyOf(context.caller) };
    const row = await call(context, () => updateMessage(this.#db, update));
    if (row === undefined) throw await call(context, () => this.#whyNotUpdated(update, context));
    return this.#changed(update.room, row, "edited");
  }

  async deleteMessage(request: MessageKey, context: CallContext): Promise<DeleteMessageResponse> {
    const { room, id } = await this.#admit(validDeletion(request), context);
    const row = await call(context, () => deleteMessage(this.#db, { room, id, author: changesOnlyOf(context.caller) }));
    if (row !== undefined) return { success: true, message: `Message ${id} is deleted`, seq: this.#changed(room, row, "deleted").seq };
    const left = await call(context, () => readMessage(this.#db, room, id));
    if (left !== undefined && !left.deleted) requireAuthor(context.caller, room, left);
    const message = left === undefined ? missing(room, id).message : `Message ${id} in room "${room}" was already deleted`;
    return { success: false, message, seq: 0 };
  }

  async listRevisions(request: MessageKey, context: CallContext): Promise<ListRevisionsResponse> {
    const { room, id } = await this.#admit(validKey(request), context);
    const revisions = await call(context, () => readRevisions(this.#db, room, id));
    if (revisions === undefined) throw missing(room, id);
    return { revisions };
  }

  async streamMessages(request: StreamMessagesRequest, context: CallContext): Promise<MessageStream> {
    const subscription = await this.#admit(validSubscription(request), context);
    const following = this.#members.follow(context.caller, subscription.room, context.signal);
    return await call(context, () => openWatch(subscription, { db: this.#db, feeds: this.#feeds, ...following }));
  }

  async listRooms(request: ListRoomsRequest, context: CallContext): Promise<ListRoomsResponse> {
    const page = visibleRooms(validRoomPage(request), context.caller);
    const stored = await call(context, () => readRooms(this.#db, page));
    for (const { room, uncounted } of stored) if (uncounted > MANY_UNCOUNTED) this.#folds.touch(room.room, 0);
    const rooms = stored.slice(0, page.limit).map(({ room }) => room);
    const hasMore = stored.length > page.limit;
    return { rooms, hasMore, nextRoom: hasMore ? rooms.at(-1)?.room ?? "" : "" };
  }

  async getRoom(request: RoomKey, context: CallContext): Promise<Room> {
    const asked = await this.#admit({ room: roomName(request.room) }, context);
    const { room, uncounted } = await call(context, () => readRoom(this.#db, asked.room));
    if (uncounted > MANY_UNCOUNTED) this.#folds.touch(room.room, 0);
    return room;
  }

  async updateRoom(request: UpdateRoomRequest, context: CallContext): Promise<Room> {
    const update = await this.#admit(validRoomUpdate(request), context);
    const done = await call(context, () => updateRoom(this.#db, update));
    this.#members.changed(update.room);
    const room = await this.getRoom(update, context);
    if (done || isRepeat(update, room)) return room;
    const text = `The settings of room "${room.room}" are at version ${room.version}, got if_version ${update.ifVersion}`;
    throw new ChatError("aborted", text, { field: "if_version" });
  }

  async close(): Promise<void> {
    this.#history.close();
    await this.#hooks?.close();
    await this.#creates.close();
    await Promise.all([this.#feeds.close(), this.#folds.close(), this.#members.close()]);
  }

  /** Gives the request back once its caller may use the room; throws `permission_denied` otherwise. */
  #admit<T extends { readonly room: string }>(request: T, context: CallContext): T | Promise<T> {
    requireRoom(context.caller, request.room);
    const checking = this.#members.check(context.caller, request.room);
    return checking === undefined ? request : call(context, () => checking).then(() => request);
  }

  /** The message that an edit is about; throws where it is another's, so that nobody tries plugins on it. */
  async #editable({ room, id }: ValidUpdate, { caller }: CallContext): Promise<MessageRow | undefined> {
    const row = await readMessage(this.#db, room, id);
    if (row !== undefined && !row.deleted) requireAuthor(caller, room, row);
    return row;
  }

  async #whyNotUpdated({ room, id, ifVersion }: ValidUpdate, { caller }: CallContext): Promise<ChatError> {
    const row = await readMessage(this.#db, room, id);
    if (row === undefined) return missing(room, id);
    if (row.deleted) return new ChatError("not_found", `Message ${id} in room "${room}" was deleted`, { field: "id" });
    requireAuthor(caller, room, row);
    return new ChatError("aborted", `Message ${id} in room "${room}" is at version ${row.version}, got if_version ${ifVersion}`, {
      field: "if_version",
    });
  }

  #changed(room: string, row: ChangedRow, eventType: "edited" | "deleted"): Message {
    const message = messageOf(room, row, { seq: row.seq, eventType });
    this.#grown(room, [message]);
    return message;
  }

  #grown(room: string, events: readonly Message[]): void {
    this.#feeds.publish(room, events);
    const headSeq = events.at(-1)?.seq ?? 0;
    this.#bus.publish({ room, seq: headSeq });
    this.#history.noteHead(room, headSeq);
    this.#folds.touch(room, events.length);
  }
}

function missing(room: string, id: number): ChatError {
  return new ChatError("not_found", `Room "${room}" has no message ${id}`, { field: "id" });
}

/** Runs database work for a caller: an abort answers at once (a write may still happen), and database errors become the room's. */
function call<T>(context: CallContext, work: () => Promise<T>): Promise<T> {
  const { signal } = context;
  if (signal.aborted) return Promise.reject(abortError(signal));
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(abortError(signal));
    signal.addEventListener("abort", onAbort, { once: true });
    work().then(resolve, (error) => reject(toChatError(error))).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
