/**
 * Pages of a room's messages with an exact count, from one statement and so one snapshot.
 *
 * A count without other filters than author and time is the counts that `counts.ts` has folded for whole blocks of positions, plus a look
 * at the messages outside those blocks: its cost does not grow with the room. A time is turned into a position by bisection, since times in
 * a room never run backwards.
 *
 * @module
 */
import { type Kysely, type RawBuilder, sql } from "kysely";
import { metadataCondition } from "../database/metadata_filter.ts";
import type { Schema } from "../database/schema.ts";
import { BLOCK_SIZE, WHOLE_ROOM } from "./counts.ts";
import type { MessageRow } from "./row.ts";
import type { ValidPage } from "./validate.ts";
import { wordsQuery } from "./words.ts";

/** A page as stored. */
export interface StoredPage {
  readonly rows: readonly MessageRow[];
  readonly totalCount: number;
  readonly headSeq: number;
  /** Positions that the folded counts do not cover yet. */
  readonly uncounted: number;
  /** Words are indexed up to here; 0 unless the page is a search. */
  readonly searchedSeq: number;
}

interface PageRow extends MessageRow {
  readonly total_count: number;
  readonly head_seq: number;
  readonly counted_seq: number;
  readonly searched_seq: number;
}

/** Reads up to `limit + 1` messages, or one beyond those that reach `maxBytes`, so that the caller sees whether there are more. */
export async function readPage(db: Kysely<Schema>, page: ValidPage, maxBytes: number): Promise<StoredPage> {
  const { rows } = await sql<PageRow>`
    with recursive ${bounds(page)},
    total as (${onlyAuthorAndTime(page) ? foldedCount(page) : sql`select count(*) as n from messages m where ${matches(page)}`}),
    page as (${pageRows(page, maxBytes)})
    select total.n as total_count, bounds.head_seq, bounds.counted_seq, bounds.searched_seq, page.*
    from bounds cross join total left join page on true
    order by page.id ${page.newestFirst ? sql`desc` : sql`asc`}`.execute(db);
  const first = rows[0];
  if (first === undefined) throw new Error("A page came back without its count");
  return {
    // The left join gives one row of nulls for an empty page.
    rows: first.id === null ? [] : rows,
    totalCount: first.total_count,
    headSeq: first.head_seq,
    uncounted: first.head_seq - first.counted_seq,
    searchedSeq: first.searched_seq,
  };
}

/** `bounds`: one row; ids strictly between `low` and `high` are in the time asked for. */
function bounds(page: ValidPage): RawBuilder<unknown> {
  const room = sql`coalesce((select head_seq from rooms where room = ${page.room}), 0)`;
  const counted = sql`coalesce((select counted_seq from room_folds where room = ${page.room}), 0)`;
  const searched = page.search === undefined
    ? sql`0::bigint`
    : sql`coalesce((select searched_seq from room_folds where room = ${page.room}), 0)`;
  const head = sql`head as (select ${room} as head_seq, ${counted} as counted_seq, ${searched} as searched_seq)`;
  const since = page.sinceMs === undefined ? sql`` : sql`${bisection("since", page.room, page.sinceMs)},`;
  const until = page.untilMs === undefined ? sql`` : sql`${bisection("until", page.room, page.untilMs)},`;
  const low = page.sinceMs === undefined ? sql`0::bigint` : sql`(select low from since where high - low = 1)`;
  const high = page.untilMs === undefined ? sql`head_seq + 1` : sql`(select high from until where high - low = 1)`;
  return sql`${head}, ${since} ${until} bounds as (select head_seq, counted_seq, searched_seq, ${low} as low, ${high} as high from head)`;
}

/** Narrows `low` (a position before the time) and `high` (one at or after it) until they touch. */
function bisection(name: "since" | "until", room: string, ms: number): RawBuilder<unknown> {
  return sql`${sql.ref(name)} (low, high) as (
    select 0::bigint, head_seq + 1 from head
    union all
    select case when probe.created_at_ms < ${ms}::bigint then probe.id else low end,
           case when probe.created_at_ms < ${ms}::bigint then high else middle end
    from ${sql.ref(name)} cross join lateral (select (low + high) / 2 as middle) half
    left join lateral (
      select id::bigint, created_at_ms from messages where room = ${room} and id >= middle and id < high order by id limit 1
    ) probe on true
    where high - low > 1
  )`;
}

function onlyAuthorAndTime(page: ValidPage): boolean {
  return page.search === undefined && page.messageType === undefined && page.metadata === undefined && page.filter === undefined;
}

/**
 * See the head of this file. `full` is the range of positions whose counts come from blocks; it is empty (`last_id` below `first_id`) where
 * the time asked for spans no whole block. Scalar subqueries, not joins, so that each range is read from the index.
 */
function foldedCount(page: ValidPage): RawBuilder<unknown> {
  const author = page.username ?? "";
  const sameAuthor = page.username === undefined ? sql`` : sql`and m.username = ${page.username}`;
  const inBlocks = page.sinceMs === undefined && page.untilMs === undefined
    ? sql`block = ${WHOLE_ROOM}::int`
    : sql`block between (select first_block from "full") and (select last_block from "full")`;
  const live = sql`select count(*) from messages m where m.room = ${page.room} ${sameAuthor} and not m.deleted`;
  return sql`
    with blocks as (
      select case when low = 0 then 0 else low / ${BLOCK_SIZE}::bigint + 1 end as first_block,
        ${page.untilMs === undefined ? sql`` : sql`least(high / ${BLOCK_SIZE}::bigint - 1,`} counted_seq / ${BLOCK_SIZE}::bigint
        ${page.untilMs === undefined ? sql`` : sql`)`} as last_block
      from bounds
    ), covered as (
      select first_block, last_block, first_block * ${BLOCK_SIZE}::bigint as first_id,
        least((last_block + 1) * ${BLOCK_SIZE}::bigint - 1, counted_seq) as last_id
      from blocks, bounds
    ), "full" as (
      select * from covered where last_id >= first_id
      union all
      select 0, -2, low + 1, low from bounds where not exists (select from covered where last_id >= first_id)
    )
    select (
      (select coalesce(sum(count), 0) from message_counts where room = ${page.room} and username = ${author} and ${inBlocks})
      + (${live} and m.id > (select low from bounds) and m.id < (select least(first_id, high) from "full", bounds))
      + (${live} and m.id > (select last_id from "full") and m.id < (select high from bounds))
      - (select count(*) from message_events event join messages m on m.room = event.room and m.id = event.message_id
        where event.room = ${page.room} and event.seq > (select counted_seq from bounds) and event.event_type = 'deleted'
          and event.message_id between (select first_id from "full") and (select last_id from "full") ${sameAuthor})
    )::bigint as n`;
}

function pageRows(page: ValidPage, maxBytes: number): RawBuilder<unknown> {
  const direction = page.newestFirst ? sql`desc` : sql`asc`;
  const after = page.afterSeq === undefined ? sql`` : sql`and m.id > ${page.afterSeq}::bigint`;
  const before = page.beforeSeq === undefined ? sql`` : sql`and m.id < ${page.beforeSeq}::bigint`;
  return sql`
    select * from (
      select m.*, coalesce(sum(octet_length(content) + pg_column_size(metadata) + coalesce(pg_column_size(plugins), 0))
        over (order by id ${direction} rows between unbounded preceding and 2 preceding), 0) as bytes_before_previous
      from (
        select m.* from messages m where ${matches(page)} ${after} ${before}
        order by m.id ${direction} limit ${page.limit + 1}::bigint offset ${page.offset}::bigint
      ) m
    ) sized where bytes_before_previous < ${maxBytes}::bigint`;
}

/** What a message must fulfil, cursors aside. */
function matches(page: ValidPage): RawBuilder<unknown> {
  const conditions = [sql`m.room = ${page.room} and not m.deleted`];
  if (page.sinceMs !== undefined) conditions.push(sql`m.id > (select low from bounds)`);
  if (page.untilMs !== undefined) conditions.push(sql`m.id < (select high from bounds)`);
  if (page.username !== undefined) conditions.push(sql`m.username = ${page.username}`);
  if (page.messageType !== undefined) conditions.push(sql`m.message_type = ${page.messageType}`);
  if (page.metadata !== undefined) conditions.push(sql`m.metadata @> ${JSON.stringify(page.metadata)}::text::jsonb`);
  if (page.filter !== undefined) conditions.push(metadataCondition(page.filter, sql.ref("m.metadata")));
  if (page.search !== undefined) conditions.push(found(page.room, page.search));
  return sql.join(conditions, sql` and `);
}

function found(room: string, phrases: readonly (readonly string[])[]): RawBuilder<unknown> {
  return sql`m.id in (select message_id from message_words where room = ${room} and words @@ ${wordsQuery(room, phrases)}::text::tsquery)`;
}
