/**
 * The assistant's questions in the database. A room's position moves in the transaction that stores the questions up to there, from where it was last seen:
 * a crash neither loses nor doubles one, and of two servers at one room one moves on. Whoever is at a question holds it until a time that it puts off.
 *
 * @module
 */
import { type Kysely, sql } from "kysely";
import type { Schema } from "../../database/schema.ts";

/** A server that dies keeps others from its questions for so long. */
const HOLD_MS = 10_000;
/** So many questions of one user may wait; what comes on top is refused, politely. */
const MAX_WAITING = 20;
/** Answered questions are kept as long as anybody may still look at their room's past. */
const KEEP_MS = 86_400_000;
/** One claim at a time, on all servers, so that a user's limit holds. */
const CLAIM_LOCK = 7_305_118_204;

/** The database's clock, so that servers need not agree on theirs. */
const nowMs = sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`;

/** How far a room is followed, and from when on questions count. */
export interface RoomPosition {
  readonly room: string;
  readonly seq: number;
  readonly since_ms: number;
}

/** A message that asks. */
export interface Question {
  readonly room: string;
  readonly message_id: number;
  readonly asker: string;
}

/** A question that this server is at. */
export interface ClaimedQuestion extends Question {
  readonly nonce: string;
  /** 1 the first time. */
  readonly attempts: number;
  readonly crowded: boolean;
}

/** How far each room is followed. */
export async function readRooms(db: Kysely<Schema>): Promise<Map<string, RoomPosition>> {
  return new Map((await db.selectFrom("ai_rooms").selectAll().execute()).map((row) => [row.room, row]));
}

/** Begins to follow a room, unless another server has. */
export async function insertRoom(db: Kysely<Schema>, position: RoomPosition): Promise<void> {
  await db.insertInto("ai_rooms").values(position).onConflict((conflict) => conflict.doNothing()).execute();
}

/** Follows rooms no longer. */
export async function deleteRooms(db: Kysely<Schema>, rooms: readonly string[]): Promise<void> {
  await db.deleteFrom("ai_rooms").where("room", "in", rooms).execute();
}

/** Whose question a generation answers, and where; undefined: it is no answer of the assistant. */
export async function findAsker(db: Kysely<Schema>, nonce: string): Promise<{ readonly room: string; readonly asker: string } | undefined> {
  return await db.selectFrom("ai_questions").select(["room", "asker"]).where("nonce", "=", nonce).executeTakeFirst();
}

/** Stores questions and moves the room's position; false, and nothing is changed, when it does not stand there any more. */
export async function storeQuestions(
  db: Kysely<Schema>,
  { room, seq }: RoomPosition,
  { toSeq, questions }: { readonly toSeq: number; readonly questions: readonly Question[] },
): Promise<boolean> {
  return await db.transaction().execute(async (trx) => {
    const moved = await trx.updateTable("ai_rooms").set({ seq: toSeq }).where("room", "=", room).where("seq", "=", seq).returning("room")
      .execute();
    if (moved.length === 0) return false;
    for (const { message_id: id, asker } of questions) {
      await sql`
        insert into ai_questions (room, message_id, asker, nonce, crowded, asked_at_ms)
        select ${room}, ${id}::int, ${asker}, ${crypto.randomUUID()}, count(*) >= ${MAX_WAITING}::int, ${nowMs} from ai_questions
        where asker = ${asker} and status = 'waiting' and not crowded on conflict do nothing`.execute(trx);
    }
    return true;
  });
}

/** Takes the question that has waited longest, of a user who has fewer than `perUser` being answered; or one whose server has died. */
export async function claimQuestion(
  db: Kysely<Schema>,
  { holder, perUser }: { readonly holder: string; readonly perUser: number },
): Promise<ClaimedQuestion | undefined> {
  return await db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(${CLAIM_LOCK}::bigint)`.execute(trx);
    const { rows } = await sql<ClaimedQuestion>`
      update ai_questions set status = 'running', holder = ${holder}, held_until_ms = ${nowMs} + ${HOLD_MS}::bigint, attempts = attempts + 1
      where (room, message_id) = (
        select room, message_id from ai_questions open where status <> 'done' and held_until_ms < ${nowMs} and (status = 'running' or crowded
          or (select count(*) from ai_questions other where other.status = 'running' and other.asker = open.asker) < ${perUser}::int)
        order by asked_at_ms, message_id limit 1)
      returning room, message_id, asker, nonce, attempts, crowded`.execute(trx);
    return rows[0];
  });
}

/** Whether any question is to be claimed, as far as a look without locks can tell. */
export async function hasOpenQuestion(db: Kysely<Schema>): Promise<boolean> {
  const { rows } = await sql`select from ai_questions where status <> 'done' and held_until_ms < ${nowMs} limit 1`.execute(db);
  return rows.length > 0;
}

/** Holds a question for longer; false when it is another server's now. */
export async function renewQuestion(db: Kysely<Schema>, { room, message_id: id }: Question, holder: string): Promise<boolean> {
  const { rows } = await sql`
    update ai_questions set held_until_ms = ${nowMs} + ${HOLD_MS}::bigint
    where room = ${room} and message_id = ${id}::int and holder = ${holder} and status = 'running' returning room`.execute(db);
  return rows.length > 0;
}

/** Lets go of a question for another attempt, here or elsewhere, after a while. */
export async function releaseQuestion(
  db: Kysely<Schema>,
  { room, message_id: id }: Question,
  { holder, afterMs }: { readonly holder: string; readonly afterMs: number },
): Promise<void> {
  await sql`
    update ai_questions set held_until_ms = ${nowMs} + ${afterMs}::bigint
    where room = ${room} and message_id = ${id}::int and holder = ${holder} and status = 'running'`.execute(db);
}

/** The question is answered, or never will be. */
export async function closeQuestion(db: Kysely<Schema>, { room, message_id: id }: Question, holder: string): Promise<void> {
  await db.updateTable("ai_questions").set({ status: "done" }).where("room", "=", room).where("message_id", "=", id)
    .where("holder", "=", holder).execute();
}

/** Forgets questions that were answered long ago. */
export async function deleteOldQuestions(db: Kysely<Schema>): Promise<void> {
  await sql`delete from ai_questions where status = 'done' and asked_at_ms < ${nowMs} - ${KEEP_MS}::bigint`.execute(db);
}
