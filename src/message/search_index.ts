/**
 * Keeps the words of each message by folding the log off the write path. A search first lets the fold catch up, so it finds whatever was
 * committed before it began.
 *
 * @module
 */
import { type Kysely, sql } from "kysely";
import type { Schema } from "../database/schema.ts";
import { wordsVector } from "./words.ts";

/** Positions folded in one go: about 10 ms of work. */
const FOLD_SIZE = 500;

/** Folds the next part of a room's log; true when there is more. */
export async function foldWords(db: Kysely<Schema>, room: string): Promise<boolean> {
  const { rows: [span] } = await sql<{ low: number; high: number; head_seq: number }>`
    select coalesce(searched_seq, 0) as low, least(head_seq, coalesce(searched_seq, 0) + ${FOLD_SIZE}::bigint) as high, head_seq
    from rooms left join room_folds on room_folds.room = rooms.room where rooms.room = ${room}`.execute(db);
  if (span === undefined || span.high <= span.low) return false;
  const { rows } = await sql<{ id: number; content: string; deleted: boolean }>`
    select id, content, deleted from messages where room = ${room} and id > ${span.low}::bigint and id <= ${span.high}::bigint
    union
    select id, content, deleted from messages where room = ${room} and id in (
      select message_id from message_events where room = ${room} and seq > ${span.low}::bigint and seq <= ${span.high}::bigint
    )`.execute(db);
  await storeWords(db, room, span, rows);
  return span.high < span.head_seq;
}

/** Stores words and moves the fold on in one statement; nothing happens when another replica has moved it meanwhile. */
async function storeWords(
  db: Kysely<Schema>,
  room: string,
  span: { readonly low: number; readonly high: number },
  rows: readonly { readonly id: number; readonly content: string; readonly deleted: boolean }[],
): Promise<void> {
  const kept = rows.filter((row) => !row.deleted);
  const gone = rows.filter((row) => row.deleted);
  await sql`insert into room_folds (room, counted_seq, searched_seq) values (${room}, 0, 0) on conflict do nothing`.execute(db);
  await sql`
    with moved as (
      update room_folds set searched_seq = ${span.high}::bigint where room = ${room} and searched_seq = ${span.low}::bigint returning room
    ), removed as (
      delete from message_words where room = ${room} and message_id = any(${
    gone.map((row) => row.id)
  }::int[]) and exists (select from moved)
    )
    insert into message_words (room, message_id, words)
    select moved.room, given.id, given.words::tsvector
    from moved, unnest(${kept.map((row) => row.id)}::int[], ${
    kept.map((row) => wordsVector(room, row.content))
  }::text[]) as given (id, words)
    on conflict (room, message_id) do update set words = excluded.words`.execute(db);
}
