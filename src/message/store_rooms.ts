/**
 * Rooms with their settings. Each is one statement on one room, but for the list, which reads across rooms.
 *
 * @module
 */
import { type Kysely, type RawBuilder, sql } from "kysely";
import type { Room } from "../contracts/mod.ts";
import type { Schema } from "../database/schema.ts";
import { WHOLE_ROOM } from "./counts.ts";
import type { ValidRoomPage, ValidRoomUpdate } from "./validate_rooms.ts";

/** A room as stored. */
export interface StoredRoom {
  readonly room: Room;
  /** Positions that the folded counts do not cover yet. */
  readonly uncounted: number;
}

interface RoomRow {
  readonly room: string;
  readonly title: string;
  readonly description: string;
  readonly restricted: boolean;
  readonly members: readonly string[];
  readonly member_count: number;
  readonly documents: boolean;
  readonly assistant: boolean;
  readonly version: number;
  readonly updated_at_ms: number;
  readonly head_seq: number;
  readonly counted_seq: number;
  readonly last_event_at_ms: number;
  readonly message_count: number;
}

/** Reads one room; one that nobody has touched as its defaults. */
export async function readRoom(db: Kysely<Schema>, room: string): Promise<StoredRoom> {
  const [row] = (await roomRows(sql`select ${room}::text collate "C" as room`, sql`coalesce(members, '{}')`).execute(db)).rows;
  if (row === undefined) throw new Error("A room came back without a row");
  return storedRoom(row);
}

/** Reads up to `limit + 1` rooms, without their members, so that the caller sees whether there are more. */
export async function readRooms(db: Kysely<Schema>, page: ValidRoomPage): Promise<StoredRoom[]> {
  const visible = page.visibleTo === undefined
    ? sql`true`
    : sql`(not coalesce(restricted, false) or members @> array[${page.visibleTo}::text])`;
  const among = page.among === undefined ? sql`true` : sql`room = any(${[...page.among]}::text[])`;
  const wanted = [page.onlyDocuments ? sql`documents` : undefined, page.onlyAssistant ? sql`assistant` : undefined];
  const settings = wanted.filter((one) => one !== undefined);
  const from = settings.length > 0
    ? sql`room_settings where ${sql.join(settings, sql` and `)}`
    : sql`rooms left join room_settings using (room) where true`;
  const names = sql`select room from ${from} and room > ${page.afterRoom} and ${visible} and ${among} order by room limit ${
    page.limit + 1
  }`;
  return (await roomRows(names, sql`'{}'::text[]`).execute(db)).rows.map(storedRoom);
}

/** Changes a room's settings; false when they do not stand at `ifVersion`. */
export async function updateRoom(db: Kysely<Schema>, update: ValidRoomUpdate): Promise<boolean> {
  const { room, title, description, restricted, members, documents, assistant, ifVersion } = update;
  const given = (value: unknown, type: string) => sql`${value ?? null}::${sql.raw(type)}`;
  const { rows } = await sql`
    with saved as (
      insert into room_settings as stored (room, title, description, restricted, members, documents, assistant, version, updated_at_ms)
      select ${room}::text, coalesce(${given(title, "text")}, ''), coalesce(${given(description, "text")}, ''),
        coalesce(${given(restricted, "boolean")}, false), coalesce(${given(members, "text[]")}, '{}'),
        coalesce(${given(documents, "boolean")}, false), coalesce(${given(assistant, "boolean")}, false),
        1, (extract(epoch from clock_timestamp()) * 1000)::bigint
      where coalesce(${given(ifVersion, "int")}, 0) = 0 or exists (select from room_settings where room = ${room})
      on conflict (room) do update set
        title = coalesce(${given(title, "text")}, stored.title), description = coalesce(${given(description, "text")}, stored.description),
        restricted = coalesce(${given(restricted, "boolean")}, stored.restricted), members = coalesce(${
    given(members, "text[]")
  }, stored.members),
        documents = coalesce(${given(documents, "boolean")}, stored.documents),
        assistant = coalesce(${given(assistant, "boolean")}, stored.assistant),
        version = stored.version + 1, updated_at_ms = excluded.updated_at_ms
      where stored.version = coalesce(${given(ifVersion, "int")}, stored.version)
      returning room
    ), known as (
      insert into rooms (room) select room from saved on conflict do nothing
    )
    select room from saved`.execute(db);
  return rows.length > 0;
}

/** The rooms of a query, in order; the count of each is the folded one plus a look at what the fold has not reached. */
function roomRows(names: RawBuilder<unknown>, members: RawBuilder<unknown>): RawBuilder<RoomRow> {
  return sql<RoomRow>`
    select named.room, coalesce(title, '') as title, coalesce(description, '') as description, coalesce(restricted, false) as restricted,
      ${members} as members, coalesce(cardinality(members), 0) as member_count, coalesce(documents, false) as documents,
      coalesce(assistant, false) as assistant, coalesce(settings.version, 0) as version, coalesce(updated_at_ms, 0) as updated_at_ms,
      coalesce(head_seq, 0) as head_seq, coalesce(last_event_at_ms, 0) as last_event_at_ms, counted.seq as counted_seq,
      (
        coalesce((select count from message_counts c where c.room = named.room and c.username = '' and c.block = ${WHOLE_ROOM}::int), 0)
        + (select count(*) from messages m where m.room = named.room and m.id > counted.seq and not m.deleted)
        - (select count(*) from message_events event join messages m on m.room = event.room and m.id = event.message_id
          where event.room = named.room and event.seq > counted.seq and event.event_type = 'deleted' and m.id <= counted.seq)
      )::bigint as message_count
    from (${names}) named
    left join room_settings settings on settings.room = named.room
    left join rooms on rooms.room = named.room
    cross join lateral (select coalesce((select counted_seq from room_folds where room = named.room), 0) as seq) counted
    order by named.room`;
}

function storedRoom(row: RoomRow): StoredRoom {
  const { room, title, description, restricted, members, documents, assistant, version } = row;
  return {
    room: {
      ...{ room, title, description, restricted, members, documents, assistant, version },
      updatedAtMs: row.updated_at_ms,
      memberCount: row.member_count,
      headSeq: row.head_seq,
      messageCount: row.message_count,
      lastActivityMs: row.last_event_at_ms,
    },
    uncounted: row.head_seq - row.counted_seq,
  };
}
