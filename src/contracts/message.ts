import type { CallContext } from "../core/context.ts";
import type { ListRoomsRequest, ListRoomsResponse, Room, RoomKey, UpdateRoomRequest } from "./room.ts";

/** A change to a room's log. */
export type MessageEventType = "created" | "edited" | "deleted";

/** A message as it stood at one event. Times ending in `Ms` are milliseconds since 1970, `timestamp` is seconds. */
export interface Message {
  /** Position of its creation in the room; names the message within the room. */
  readonly id: number;
  readonly content: string;
  readonly username: string;
  readonly messageType: string;
  readonly timestamp: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly room: string;
  /** Position of the event told of; in a page of history the position of the creation. */
  readonly seq: number;
  readonly eventType: MessageEventType;
  /** 1 when created, one more with each edit. */
  readonly version: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly clientMessageId: string;
  /** A tombstone: content and metadata are gone. */
  readonly deleted: boolean;
  /** What plugins decided about it before it was stored, in the order in which they were asked; absent: none was asked. */
  readonly decisions?: readonly MessageDecision[];
  /** Plugins whose work it comes from, the first one first; absent: none. */
  readonly via?: readonly string[];
}

/** What one plugin decided about a message before it was stored. */
export interface MessageDecision {
  readonly plugin: string;
  readonly version: string;
  /** `allow` or `rewrite`. */
  readonly decision: string;
  readonly reason: string;
  /** It failed, and its hook is fail-open. */
  readonly failure: string;
}

/** Asks to store one message. */
export interface CreateMessageRequest {
  readonly content: string;
  readonly username: string;
  readonly messageType?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly room?: string;
  readonly clientMessageId?: string;
  /** Plugins whose work it comes from: their hooks are passed over. Only from callers that may write under any name. */
  readonly via?: readonly string[];
}

/** Asks for a page of a room's history. */
export interface GetMessagesRequest {
  readonly limit?: number;
  readonly offset?: number;
  readonly username?: string;
  readonly sinceTimestamp?: number;
  readonly untilTimestamp?: number;
  readonly room?: string;
  /** `oldest` (default) or `newest`. */
  readonly order?: string;
  readonly afterSeq?: number;
  readonly beforeSeq?: number;
  readonly search?: string;
  readonly messageType?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** On metadata, in the filter language of `core/filter.ts`. */
  readonly filter?: string;
}

/** A page of a room's history. */
export interface GetMessagesResponse {
  readonly messages: readonly Message[];
  /** All that match the filters, whatever the page, cursor and offset. */
  readonly totalCount: number;
  readonly hasMore: boolean;
  /** With `hasMore`: the next page's `afterSeq` (oldest first) or `beforeSeq` (newest first); else 0. */
  readonly nextSeq: number;
  /** The room's newest position when the page was read. */
  readonly headSeq: number;
}

/** Names one message. */
export interface MessageKey {
  readonly id: number;
  readonly room?: string;
}

/** Asks to replace a message's content. */
export interface UpdateMessageRequest extends MessageKey {
  readonly content: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly replaceMetadata?: boolean;
  readonly ifVersion?: number;
}

/** What became of a deletion. */
export interface DeleteMessageResponse {
  readonly success: boolean;
  readonly message: string;
  /** The deletion's position, with `success`; else 0. */
  readonly seq: number;
}

/** One version of a message. */
export interface MessageRevision {
  readonly version: number;
  readonly content: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly seq: number;
  readonly createdAtMs: number;
}

/** Every version of one message, oldest first. */
export interface ListRevisionsResponse {
  readonly revisions: readonly MessageRevision[];
}

/** Asks to follow a room. */
export interface StreamMessagesRequest {
  /** `all` (also: empty or unset) or a user name. */
  readonly subscribeTo?: string;
  readonly room?: string;
  /** Begin after this position; 0 is the beginning, unset is now. */
  readonly afterSeq?: number;
  /** Edits and deletions too; else creations only. */
  readonly includeChanges?: boolean;
}

/**
 * Messages in the order of `seq`, never empty. Subscribers of one room that stand at the same place are handed the very same array,
 * so whoever encodes it may keep the encoding by the array's identity.
 */
export type MessageBatch = readonly Message[];

/**
 * A live subscription. Ordered, no gap, no repeat. It ends only by the caller's signal, by `return()`, or by throwing a `ChatError` whose
 * `resumeSeq` is the position to resume after: `resource_exhausted` when the reader fell behind, `unavailable` at shutdown.
 */
export interface MessageStream extends AsyncIterable<MessageBatch> {
  /** The position this subscription begins after. */
  readonly startSeq: number;
  /** The position that has been looked through so far: it moves on over messages that the subscription does not ask for. */
  readonly position: number;
  /**
   * Aborts when the stream has failed while its reader was not asking for more (it fell behind), so that whoever waits for that reader can
   * give up; the reason is the `ChatError` that the next step throws.
   */
  readonly failed: AbortSignal;
}

/**
 * The durable chat log.
 *
 * Every method throws `ChatError`: `invalid_argument` names the field; `unavailable` when the database cannot be reached;
 * `deadline_exceeded` or `cancelled` when the signal fires (a write may still have happened).
 */
export interface MessageService {
  /**
   * Answers after the commit. With a `clientMessageId` a repeat returns the first message, for ever; without one there is no promise. A message with id 0 is a
   * plugin's answer to the author instead: nothing is stored. `permission_denied` where a plugin does not let the message through, `unavailable`
   * where one that must be asked cannot be.
   */
  createMessage(request: CreateMessageRequest, context: CallContext): Promise<Message>;
  /** `not_found` when the room has no such message; a deleted one comes back as a tombstone. */
  getMessage(request: MessageKey, context: CallContext): Promise<Message>;
  /** One consistent page; a room that nobody has written to is empty, not missing. */
  getMessages(request: GetMessagesRequest, context: CallContext): Promise<GetMessagesResponse>;
  /** `not_found` for a missing or deleted message, `aborted` when `ifVersion` is stale; plugins are asked about the new content as about a new message. */
  updateMessage(request: UpdateMessageRequest, context: CallContext): Promise<Message>;
  /** A missing message is an answer (`success: false`), not an error. */
  deleteMessage(request: MessageKey, context: CallContext): Promise<DeleteMessageResponse>;
  /** `not_found` when the room has no such message; empty for a deleted one. */
  listRevisions(request: MessageKey, context: CallContext): Promise<ListRevisionsResponse>;
  /** Resolves once the position is fixed; `out_of_range` when `afterSeq` is older than what is kept or newer than the room. */
  streamMessages(request: StreamMessagesRequest, context: CallContext): Promise<MessageStream>;
  /** Its cost grows with the page, not with rooms or messages. */
  listRooms(request: ListRoomsRequest, context: CallContext): Promise<ListRoomsResponse>;
  /** As stored when asked. A room that nobody has touched has its defaults, it is not missing. */
  getRoom(request: RoomKey, context: CallContext): Promise<Room>;
  /** Answers after the commit; `aborted` when `ifVersion` is stale. */
  updateRoom(request: UpdateRoomRequest, context: CallContext): Promise<Room>;
}
