/**
 * How far the index follows each room's log. A position moves in the transaction that stores what it stands for, and only for the server that
 * holds the room, from where that server last saw it: a crash neither loses nor doubles an event, and of two servers at one room one moves on.
 *
 * @module
 */
import { type Kysely, sql, type Transaction } from "kysely";
import type { Schema } from "../../database/schema.ts";
import { dropCollectionIn } from "../store_writes.ts";
import { roomCollection } from "./collection.ts";

/** A server that dies while it holds a room keeps others from it for so long. */
const HOLD_MS = 10_000;

/** The database's clock, so that servers need not agree on theirs. */
const nowMs = sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`;

/** How far a room is followed; undefined when it never was. */
export async function readPosition(db: Kysely<Schema>, room: string): Promise<number | undefined> {
  return (await db.selectFrom("rag_rooms").select("seq").where("room", "=", room).executeTakeFirst())?.seq;
}

/** How far each room is followed. */
export async function readPositions(db: Kysely<Schema>): Promise<Map<string, number>> {
  const rows = await db.selectFrom("rag_rooms").select(["room", "seq"]).execute();
  return new Map(rows.map(({ room, seq }) => [room, seq]));
}

/** Takes a room for this server and gives how far it is followed; undefined while another server holds it. */
export async function holdRoom(db: Kysely<Schema>, room: string, holder: string): Promise<number | undefined> {
  const { rows } = await sql<{ seq: number }>`
    insert into rag_rooms as stored (room, holder, held_until_ms) values (${room}, ${holder}, ${nowMs} + ${HOLD_MS}::bigint)
    on conflict (room) do update set holder = excluded.holder, held_until_ms = excluded.held_until_ms
    where stored.holder = excluded.holder or stored.held_until_ms < ${nowMs} returning seq`.execute(db);
  return rows[0]?.seq;
}

/** Lets go of a room, so that another server need not wait. */
export async function releaseRoom(db: Kysely<Schema>, room: string, holder: string): Promise<void> {
  await db.updateTable("rag_rooms").set({ held_until_ms: 0 }).where("room", "=", room).where("holder", "=", holder).execute();
}

/** A step along a room's log. */
export interface Step {
  readonly room: string;
  readonly holder: string;
  readonly fromSeq: number;
  readonly toSeq: number;
}

/** Moves a room's position; false, and the transaction is to be given up, when it no longer stands there or another server holds it. */
export async function moveIn(trx: Transaction<Schema>, { room, holder, fromSeq, toSeq }: Step): Promise<boolean> {
  const { rows } = await sql`
    update rag_rooms set seq = ${toSeq}::bigint, held_until_ms = ${nowMs} + ${HOLD_MS}::bigint
    where room = ${room} and holder = ${holder} and seq = ${fromSeq}::bigint returning seq`.execute(trx);
  return rows.length > 0;
}

/** Takes everything of a room out of the index, its position included, unless another server holds the room. */
export async function forgetRoom(db: Kysely<Schema>, room: string, holder: string): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const held = await trx.deleteFrom("rag_rooms").where("room", "=", room).where("holder", "=", holder).returning("room").execute();
    if (held.length > 0) await dropCollectionIn(trx, roomCollection(room));
  });
}
