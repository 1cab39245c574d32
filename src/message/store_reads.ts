/**
 * The statements that read a room's log and its messages, each from one snapshot. Pages with filters and counts are in `store_page.ts`.
 *
 * @module
 */
import { type Kysely, sql } from "kysely";
import type { Message, MessageEventType, MessageRevision } from "../contracts/mod.ts";
import type { Schema } from "../database/schema.ts";
import { messageOf, type MessageRow, type PluginMarks } from "./row.ts";

/** Where a room's log begins and ends; zeros for a room that nobody has written to. */
export interface RoomBounds {
  readonly headSeq: number;
  /** Positions up to this one are no longer replayed. */
  readonly keptAfterSeq: number;
}

/** Reads where a room's log begins and ends. */
export async function readBounds(db: Kysely<Schema>, room: string): Promise<RoomBounds> {
  const row = await db.selectFrom("rooms").select(["head_seq", "kept_after_seq"]).where("room", "=", room).executeTakeFirst();
  return { headSeq: row?.head_seq ?? 0, keptAfterSeq: row?.kept_after_seq ?? 0 };
}

/** Reads the newest positions of many rooms; rooms that nobody has written to are left out. */
export async function readHeads(db: Kysely<Schema>, rooms: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const { rows } = await sql<{ room: string; head_seq: number }>`
    select room, head_seq from rooms where room = any(${rooms}::text[])`.execute(db);
  return new Map(rows.map((row) => [row.room, row.head_seq]));
}

/** Reads a message as it stands, a tombstone included. */
export async function readMessage(db: Kysely<Schema>, room: string, id: number): Promise<MessageRow | undefined> {
  return await db.selectFrom("messages").selectAll().where("room", "=", room).where("id", "=", id).executeTakeFirst();
}

/** How much of a log is read at once. */
export interface ReadSize {
  readonly events: number;
  /** Of contents and metadata as stored; the event that reaches it is the last. */
  readonly bytes: number;
}

type EventRow = MessageRow & { readonly seq: number; readonly event_type: MessageEventType };

/**
 * Reads the log after a position, dense and in order. The content of an event is that of its version, except that a message which is now
 * deleted shows as a tombstone in all its events.
 */
export async function readEvents(db: Kysely<Schema>, room: string, afterSeq: number, size: ReadSize): Promise<Message[]> {
  const { rows } = await sql<EventRow>`
    select * from (
      select log.*, coalesce(sum(octet_length(content) + pg_column_size(metadata) + coalesce(pg_column_size(plugins), 0)) over before, 0) as bytes_before from (
        (select id::bigint as seq, 'created' as event_type, id, 1 as version, username, message_type, content, metadata, client_message_id,
           created_at_ms, created_at_ms as updated_at_ms, deleted, plugins, version as current_version
         from messages where room = ${room} and id > ${afterSeq}::bigint order by id limit ${size.events})
        union all
        (select event.seq, event.event_type, message.id, event.version, username, message_type, content, metadata, client_message_id,
           created_at_ms, event.at_ms, deleted, plugins, message.version
         from message_events event join messages message on message.room = event.room and message.id = event.message_id
         where event.room = ${room} and event.seq > ${afterSeq}::bigint order by event.seq limit ${size.events})
      ) log window before as (order by seq rows between unbounded preceding and 1 preceding) order by seq limit ${size.events}
    ) sized where bytes_before < ${size.bytes}::bigint order by seq`.execute(db);
  const superseded = await readSuperseded(db, room, rows);
  return rows.map((row) => messageOf(room, superseded.get(row.seq) ?? row, { seq: row.seq, eventType: row.event_type }));
}

/** The rows among `rows` whose version an edit has replaced since, with the content they had; by position. */
async function readSuperseded(db: Kysely<Schema>, room: string, rows: readonly EventRow[]): Promise<ReadonlyMap<number, EventRow>> {
  const old = rows.filter((row) => !row.deleted && row.version < (row as EventRow & { current_version: number }).current_version);
  if (old.length === 0) return new Map();
  const revisions = await sql<
    { message_id: number; version: number; content: string; metadata: Record<string, string>; plugins: PluginMarks | null }
  >`
    select message_id, version, content, metadata, plugins from message_revisions where room = ${room}
      and (message_id, version) in (select * from unnest(${old.map((row) => row.id)}::int[], ${old.map((row) => row.version)}::int[]))`
    .execute(db);
  const byVersion = new Map(revisions.rows.map((revision) => [`${revision.message_id} ${revision.version}`, revision]));
  return new Map(old.flatMap((row) => {
    const revision = byVersion.get(`${row.id} ${row.version}`);
    return revision === undefined
      ? []
      : [[row.seq, { ...row, content: revision.content, metadata: revision.metadata, plugins: revision.plugins }]];
  }));
}

/** Reads every version of a message, oldest first; empty for a deleted one, undefined for a missing one. */
export async function readRevisions(db: Kysely<Schema>, room: string, id: number): Promise<MessageRevision[] | undefined> {
  const { rows } = await sql<
    { version: number; content: string; metadata: Record<string, string>; seq: number; at_ms: number; deleted: boolean }
  >`
    select kept.version, kept.content, kept.metadata, message.deleted,
      coalesce(event.seq, message.id) as seq, coalesce(event.at_ms, message.created_at_ms) as at_ms
    from messages message
    join lateral (
      select version, content, metadata from message_revisions where room = message.room and message_id = message.id
      union all select message.version, message.content, message.metadata
    ) kept on true
    left join message_events event on event.room = message.room and event.message_id = message.id
      and event.version = kept.version and event.event_type = 'edited'
    where message.room = ${room} and message.id = ${id} order by kept.version`.execute(db);
  if (rows.length === 0) return undefined;
  return rows.filter((row) => !row.deleted)
    .map(({ version, content, metadata, seq, at_ms }) => ({ version, content, metadata, seq, createdAtMs: at_ms }));
}
