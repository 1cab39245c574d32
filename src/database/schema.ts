/**
 * The tables as Kysely sees them; `migrations/` makes them. Every key begins with the room, and no transaction spans two rooms.
 *
 * @module
 */
import type { ColumnType, JSONColumnType } from "kysely";

type Metadata = JSONColumnType<Record<string, string>>;

/** A room and the lock under which its positions are given out. */
export interface RoomsTable {
  room: string;
  /** The newest position given out; 0 in a new room. */
  head_seq: ColumnType<number, number | undefined>;
  /** Positions up to this one are no longer replayed. */
  kept_after_seq: ColumnType<number, number | undefined>;
  /** Times in a room never run backwards, so that a time is a position. */
  last_event_at_ms: ColumnType<number, number | undefined>;
}

/** Messages as they stand now; `id` is the position of the creation, which has no row of its own in `message_events`. */
export interface MessagesTable {
  room: string;
  id: number;
  version: ColumnType<number, number | undefined>;
  username: string;
  message_type: string;
  content: string;
  metadata: Metadata;
  client_message_id: string | null;
  created_at_ms: number;
  updated_at_ms: number;
  deleted: ColumnType<boolean, boolean | undefined>;
}

/** Edits and deletions. */
export interface MessageEventsTable {
  room: string;
  seq: number;
  event_type: "edited" | "deleted";
  message_id: number;
  version: number;
  at_ms: number;
}

/** Versions that an edit has replaced; when and where each was made stands in `message_events` (version 1: in `messages`). */
export interface MessageRevisionsTable {
  room: string;
  message_id: number;
  version: number;
  content: string;
  metadata: Metadata;
}

/** How far each room's derived tables follow its log. */
export interface RoomFoldsTable {
  room: string;
  counted_seq: number;
  searched_seq: number;
}

/** Messages that are not deleted, counted for each author and each block of positions; username '' counts all, block -1 the whole room. */
export interface MessageCountsTable {
  room: string;
  username: string;
  block: number;
  count: number;
}

/** The words of each message that is not deleted. */
export interface MessageWordsTable {
  room: string;
  message_id: number;
  words: string;
}

/** Every table. */
export interface Schema {
  rooms: RoomsTable;
  messages: MessagesTable;
  message_events: MessageEventsTable;
  message_revisions: MessageRevisionsTable;
  room_folds: RoomFoldsTable;
  message_counts: MessageCountsTable;
  message_words: MessageWordsTable;
}
