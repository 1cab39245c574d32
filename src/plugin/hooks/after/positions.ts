/**
 * How far plugins have been told of rooms' logs. A position moves only for the server that holds it, from where that server last saw it, and only after the
 * plugin has been told: a crash tells an event twice and loses none.
 *
 * @module
 */
import { type Kysely, sql } from "kysely";
import type { Schema } from "../../../database/schema.ts";

/** What may happen in a room between a plugin's coming into force and the first look at it. */
const LOOK_BACK_EVENTS = 500;
/** Rows written in one statement. */
const A_PAGE = 1_000;

/** The database's clock, so that servers need not agree on theirs. */
const nowMs = sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`;

/** A room's log as one plugin follows it. */
export interface Place {
  readonly plugin: string;
  readonly room: string;
  /** What happened before is not told. */
  readonly sinceMs: number;
  /** A server that dies keeps others from the place for so long; longer than the plugin's hooks may take. */
  readonly holdMs: number;
}

/** Where a plugin stands in a room, for the server that holds it. */
export interface HeldPlace extends Place {
  readonly holder: string;
  readonly seq: number;
  /** How often it was told of the event after that, in vain. */
  readonly attempts: number;
}

/** Forgets plugins that are not enabled: what happens meanwhile is passed over. Gives since when each other one is told. */
export async function readFollowers(db: Kysely<Schema>): Promise<ReadonlyMap<string, number>> {
  await sql`
    with enabled as (
      select name from plugins where enabled
    ), gone as (
      delete from plugin_followers where plugin not in (select name from enabled) returning plugin
    ), schedules as (
      delete from plugin_schedules where plugin not in (select name from enabled)
    )
    delete from plugin_positions where plugin in (select plugin from gone)`.execute(db);
  const rows = await db.selectFrom("plugin_followers").selectAll().execute();
  return new Map(rows.map((row) => [row.plugin, row.since_ms]));
}

/** A room as it stands when a plugin begins to be told. */
export interface RoomHead {
  readonly room: string;
  readonly headSeq: number;
  readonly lastActivityMs: number;
}

/**
 * Begins to tell a plugin, from the rooms' heads on, or a little before them in a room where something has happened since the plugin is in force: by when it
 * happened, that is told or not. A room that is not among them begins at its beginning. Nothing where another server has begun.
 */
export async function beginFollowing(db: Kysely<Schema>, plugin: string, rooms: readonly RoomHead[]): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const { rows: [begun] } = await sql<{ since_ms: number }>`
      insert into plugin_followers (plugin, since_ms) select name, updated_at_ms from plugins where name = ${plugin} and enabled
      on conflict do nothing returning since_ms`.execute(trx);
    if (begun === undefined) return;
    // What an earlier time has left.
    await trx.deleteFrom("plugin_positions").where("plugin", "=", plugin).execute();
    const positionOf = ({ headSeq, lastActivityMs }: RoomHead) =>
      lastActivityMs < begun.since_ms ? headSeq : Math.max(0, headSeq - LOOK_BACK_EVENTS);
    for (let at = 0; at < rooms.length; at += A_PAGE) {
      const page = rooms.slice(at, at + A_PAGE);
      await sql`
        insert into plugin_positions (plugin, room, seq)
        select ${plugin}, room, seq from unnest(${page.map(({ room }) => room)}::text[], ${
        page.map(positionOf)
      }::bigint[]) as heads (room, seq)`
        .execute(trx);
    }
  });
}

/** How far a plugin has been told, in each room. */
export async function readPositions(db: Kysely<Schema>, plugin: string): Promise<Map<string, number>> {
  const rows = await db.selectFrom("plugin_positions").select(["room", "seq"]).where("plugin", "=", plugin).execute();
  return new Map(rows.map(({ room, seq }) => [room, seq]));
}

/** Takes a place for this server; undefined while another server has it, or it rests between two attempts, or the plugin is told no more. */
export async function holdPlace(db: Kysely<Schema>, place: Place, holder: string): Promise<HeldPlace | undefined> {
  const { plugin, room, sinceMs, holdMs } = place;
  const { rows: [row] } = await sql<{ seq: number; attempts: number }>`
    insert into plugin_positions as stored (plugin, room, seq, holder, held_until_ms)
    select plugin, ${room}, 0, ${holder}, ${nowMs} + ${holdMs}::bigint from plugin_followers where plugin = ${plugin} and since_ms = ${sinceMs}::bigint
    on conflict (plugin, room) do update set holder = excluded.holder, held_until_ms = excluded.held_until_ms
    where stored.held_until_ms < ${nowMs} returning seq, attempts`.execute(db);
  return row === undefined ? undefined : { ...place, holder, ...row };
}

/** The plugin has been told up to here; undefined, and nothing is moved, where the place is another server's by now. */
export async function movePlace(db: Kysely<Schema>, place: HeldPlace, toSeq: number): Promise<HeldPlace | undefined> {
  const { plugin, room, holder, seq, holdMs } = place;
  const { rows } = await sql`
    update plugin_positions set seq = ${toSeq}::bigint, attempts = 0, held_until_ms = ${nowMs} + ${holdMs}::bigint
    where plugin = ${plugin} and room = ${room} and holder = ${holder} and seq = ${seq}::bigint returning seq`.execute(db);
  return rows.length === 0 ? undefined : { ...place, seq: toSeq, attempts: 0 };
}

/** Lets go of a place: at once, or for another attempt after a while. */
export async function releasePlace(
  db: Kysely<Schema>,
  { plugin, room, holder }: HeldPlace,
  { attempts, afterMs }: { readonly attempts: number; readonly afterMs: number } = { attempts: 0, afterMs: 0 },
): Promise<void> {
  await sql`
    update plugin_positions set holder = '', attempts = ${attempts}::int,
      held_until_ms = case when ${afterMs}::bigint = 0 then 0 else ${nowMs} + ${afterMs}::bigint end
    where plugin = ${plugin} and room = ${room} and holder = ${holder}`.execute(db);
}

/** Forgets how far a plugin has been told, and its schedules. */
export async function forgetEvents(db: Kysely<Schema>, plugin: string): Promise<void> {
  await db.deleteFrom("plugin_followers").where("plugin", "=", plugin).execute();
  await db.deleteFrom("plugin_positions").where("plugin", "=", plugin).execute();
  await db.deleteFrom("plugin_schedules").where("plugin", "=", plugin).execute();
}
