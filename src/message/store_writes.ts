/**
 * The statements that grow a room's log. Each is one statement, so one round trip and one transaction, and takes its position under the row
 * lock of its room: commit order is position order on any number of replicas.
 *
 * @module
 */
import { type Kysely, sql } from "kysely";
import type { Schema } from "../database/schema.ts";
import type { MessageRow } from "./row.ts";
import type { ValidCreate, ValidUpdate } from "./validate.ts";

/** Whose message may be changed: one author's; undefined: anybody's. */
interface ByAuthor {
  readonly author: string | undefined;
}

/** Runs in an UPDATE of `rooms`, so under the lock: milliseconds since 1970 that never run backwards within the room. */
const nowMs = sql<number>`greatest(rooms.last_event_at_ms, (extract(epoch from clock_timestamp()) * 1000)::bigint)`;

/** What a batch of creations came to. */
export interface CreatedBatch {
  /** The position of the last new message; the new ones have the positions up to it, in the order given. */
  readonly headSeq: number;
  readonly atMs: number;
  /** First messages of keys that were there before, by their index in the batch; these took no position. */
  readonly repeats: ReadonlyMap<number, MessageRow>;
}

interface BatchRow {
  readonly head_seq: number;
  readonly last_event_at_ms: number;
  readonly repeats: readonly { readonly index: number; readonly message: MessageRow }[];
}

/**
 * Stores messages of one room whose keys differ from each other. A unique violation of `messages_client_message_id` means that another
 * replica stored one of the keys since this statement began: run it again.
 */
export async function insertMessages(db: Kysely<Schema>, room: string, batch: readonly ValidCreate[]): Promise<CreatedBatch> {
  const statement = insertStatement(room, batch);
  let row = (await statement.execute(db)).rows[0];
  if (row === undefined) {
    await sql`insert into rooms (room) values (${room}) on conflict do nothing`.execute(db);
    row = (await statement.execute(db)).rows[0];
  }
  if (row === undefined) throw new Error("A room vanished between its creation and its use");
  return {
    headSeq: row.head_seq,
    atMs: row.last_event_at_ms,
    repeats: new Map(row.repeats.map(({ index, message }) => [index, message])),
  };
}

/**
 * The lookup of keys is lateral with a limit, so that it can only be done key by key, by index. As a join it was planned once, while the room was
 * small, as a hash of the whole table, and kept: each batch then read every message there was.
 */
function insertStatement(room: string, batch: readonly ValidCreate[]) {
  // Where no plugin has to do with any of them, which is nearly always, nothing of plugins is sent.
  const isMarked = batch.some(({ plugins }) => plugins !== undefined);
  const marks = isMarked ? sql`, ${batch.map(({ plugins }) => plugins === undefined ? null : JSON.stringify(plugins))}::text[]` : sql``;
  return sql<BatchRow>`
    with input as (
      select * from unnest(
        ${batch.map((message) => message.clientMessageId ?? null)}::text[], ${batch.map((message) => message.username)}::text[],
        ${batch.map((message) => message.messageType)}::text[], ${batch.map((message) => message.content)}::text[],
        ${batch.map((message) => JSON.stringify(message.metadata))}::text[] ${marks}
      ) with ordinality as given (client_message_id, username, message_type, content, metadata ${isMarked ? sql`, plugins` : sql``}, place)
    ), repeats as (
      select input.place - 1 as index, to_jsonb(first) as message
      from input cross join lateral (
        select * from messages where room = ${room} and client_message_id = input.client_message_id limit 1
      ) first
    ), fresh as (
      select input.*, row_number() over (order by place) as step from input where place - 1 not in (select index from repeats)
    ), head as (
      update rooms set head_seq = head_seq + (select count(*) from fresh), last_event_at_ms = ${nowMs}
      where room = ${room} returning head_seq, last_event_at_ms
    ), stored as (
      insert into messages (room, id, username, message_type, content, metadata, client_message_id, created_at_ms, updated_at_ms
        ${isMarked ? sql`, plugins` : sql``})
      select ${room}, head.head_seq - (select count(*) from fresh) + step, username, message_type, content, metadata::jsonb,
        client_message_id, head.last_event_at_ms, head.last_event_at_ms ${isMarked ? sql`, plugins::jsonb` : sql``}
      from fresh, head
    )
    select head.head_seq, head.last_event_at_ms,
      coalesce((select jsonb_agg(jsonb_build_object('index', index, 'message', message)) from repeats), '[]') as repeats
    from head`;
}

/** A message after a change, and the position of the change. */
export type ChangedRow = MessageRow & { readonly seq: number };

/** Edits a message and keeps its version; undefined when it is missing, deleted, another author's, or not at `ifVersion`. */
export async function updateMessage(db: Kysely<Schema>, update: ValidUpdate & ByAuthor): Promise<ChangedRow | undefined> {
  const { room, id } = update;
  const metadata = update.metadata === undefined ? null : JSON.stringify(update.metadata);
  const decisions = JSON.stringify(update.decisions === undefined ? {} : { decisions: update.decisions });
  const { rows } = await sql<ChangedRow>`
    with target as (
      select * from messages
      where room = ${room} and id = ${id} and not deleted and version = coalesce(${update.ifVersion ?? null}::int, version)
        and username = coalesce(${update.author ?? null}::text, username) for update
    ), head as (
      update rooms set head_seq = head_seq + 1, last_event_at_ms = ${nowMs}
      where room = ${room} and exists (select from target) returning head_seq, last_event_at_ms
    ), revision as (
      insert into message_revisions (room, message_id, version, content, metadata, plugins)
      select room, id, version, content, metadata, plugins from target
    ), event as (
      insert into message_events (room, seq, event_type, message_id, version, at_ms)
      select target.room, head.head_seq, 'edited', target.id, target.version + 1, head.last_event_at_ms from target, head
    )
    update messages set content = ${update.content}, metadata = coalesce(${metadata}::text::jsonb, target.metadata),
      version = target.version + 1, updated_at_ms = head.last_event_at_ms,
      plugins = nullif(coalesce(target.plugins, '{}') - 'decisions' || ${decisions}::text::jsonb, '{}')
    from target, head where messages.room = ${room} and messages.id = ${id}
    returning messages.*, head.head_seq as seq`.execute(db);
  return rows[0];
}

/** Leaves a tombstone, without content, metadata, decisions and revisions; undefined when the message is missing, already deleted, or another author's. */
export async function deleteMessage(
  db: Kysely<Schema>,
  { room, id, author }: ByAuthor & { readonly room: string; readonly id: number },
): Promise<ChangedRow | undefined> {
  const { rows } = await sql<ChangedRow>`
    with target as (
      select * from messages
      where room = ${room} and id = ${id} and not deleted and username = coalesce(${author ?? null}::text, username) for update
    ), head as (
      update rooms set head_seq = head_seq + 1, last_event_at_ms = ${nowMs}
      where room = ${room} and exists (select from target) returning head_seq, last_event_at_ms
    ), revisions as (
      delete from message_revisions where room = ${room} and message_id = ${id} and exists (select from target)
    ), event as (
      insert into message_events (room, seq, event_type, message_id, version, at_ms)
      select target.room, head.head_seq, 'deleted', target.id, target.version, head.last_event_at_ms from target, head
    )
    update messages set content = '', metadata = '{}', deleted = true, updated_at_ms = head.last_event_at_ms,
      plugins = nullif(target.plugins - 'decisions', '{}')
    from target, head where messages.room = ${room} and messages.id = ${id}
    returning messages.*, head.head_seq as seq`.execute(db);
  return rows[0];
}
