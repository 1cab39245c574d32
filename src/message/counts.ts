/**
 * Keeps the counts of messages that are not deleted, for each author and each block of positions, by folding the log off the write path.
 * A reader adds what the fold has not reached yet, so its count is exact at any time; the fold only keeps that rest small.
 *
 * @module
 */
import { type Kysely, sql } from "kysely";
import type { Schema } from "../database/schema.ts";

/** Positions a block of counts spans. */
export const BLOCK_SIZE = 4096;
/** The block that stands for all others together. */
export const WHOLE_ROOM = -1;
/** Positions folded in one statement, so that it stays short. */
const FOLD_SIZE = 50_000;

/** Folds the next part of a room's log; false when there was nothing to do or another replica is at it. */
export async function foldCounts(db: Kysely<Schema>, room: string): Promise<boolean> {
  await sql`insert into room_folds (room, counted_seq, searched_seq) values (${room}, 0, 0) on conflict do nothing`.execute(db);
  const { rows } = await sql<{ low: number; high: number; head_seq: number }>`
    with fold as (
      select counted_seq from room_folds where room = ${room} for update skip locked
    ), span as (
      select counted_seq as low, least(head_seq, counted_seq + ${FOLD_SIZE}::bigint) as high, head_seq
      from fold, rooms where rooms.room = ${room} and head_seq > counted_seq
    ), change as (
      select username, block, sum(n) as n from (
        select m.username, m.id / ${BLOCK_SIZE}::int as block, 1 as n from messages m, span
        where m.room = ${room} and m.id > low and m.id <= high and (not m.deleted or exists (
          select from message_events later where later.room = m.room and later.message_id = m.id and later.event_type = 'deleted' and later.seq > high
        ))
        union all
        select m.username, m.id / ${BLOCK_SIZE}::int, -1 from span, message_events event, messages m
        where event.room = ${room} and event.seq > low and event.seq <= high and event.event_type = 'deleted' and event.message_id <= low
          and m.room = event.room and m.id = event.message_id
      ) one group by username, block
    ), spread as (
      select username, block, n from change
      union all select '', block, sum(n) from change group by block
      union all select username, ${WHOLE_ROOM}::int, sum(n) from change group by username
      union all select '', ${WHOLE_ROOM}::int, sum(n) from change having count(*) > 0
    ), counted as (
      insert into message_counts (room, username, block, count)
      select ${room}, username, block, n from spread
      on conflict (room, username, block) do update set count = message_counts.count + excluded.count
    ), moved as (
      update room_folds set counted_seq = span.high from span where room_folds.room = ${room}
    )
    select low, high, head_seq from span`.execute(db);
  const span = rows[0];
  return span !== undefined && span.high < span.head_seq;
}
