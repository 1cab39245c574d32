/**
 * Finds the questions in the rooms that allow the assistant, by following their logs through the message contract.
 *
 * @module
 */
import type { Kysely } from "kysely";
import type { MessageService, Room } from "../../contracts/mod.ts";
import type { CallContext } from "../../core/context.ts";
import type { Schema } from "../../database/schema.ts";
import { isQuestion } from "./mention.ts";
import { deleteRooms, insertRoom, readRooms, type RoomPosition, storeQuestions } from "./store.ts";

/** Rooms and messages asked for at once. */
const A_PAGE = 500;

/** What following works with. */
export interface FollowTools {
  readonly db: Kysely<Schema>;
  readonly messages: MessageService;
}

/** One look at all rooms: stores the questions that were asked since the last. A room that was just switched on is looked at from then on. */
export async function followRooms({ db, messages }: FollowTools, context: CallContext): Promise<void> {
  const positions = await readRooms(db);
  const rooms = await allowingRooms(messages, context);
  const gone = [...positions.keys()].filter((room) => !rooms.has(room));
  if (gone.length > 0) await deleteRooms(db, gone);
  for (const room of rooms.values()) {
    const position = positions.get(room.room) ?? await beginning(room, { db, messages }, context);
    if (position.seq < room.headSeq) await followRoom(position, { db, messages }, context);
  }
}

async function allowingRooms(messages: MessageService, context: CallContext): Promise<ReadonlyMap<string, Room>> {
  const rooms = new Map<string, Room>();
  for (let afterRoom = "", more = true; more;) {
    const page = await messages.listRooms({ onlyAssistant: true, afterRoom, limit: A_PAGE }, context);
    for (const room of page.rooms) rooms.set(room.room, room);
    [afterRoom, more] = [page.nextRoom, page.hasMore];
  }
  return rooms;
}

/** What was said before the settings allowed the assistant is not answered; what came right after is. */
async function beginning({ room, updatedAtMs }: Room, { db, messages }: FollowTools, context: CallContext): Promise<RoomPosition> {
  const sinceTimestamp = Math.max(1, Math.floor(updatedAtMs / 1_000));
  const { messages: [first], headSeq } = await messages.getMessages({ room, sinceTimestamp, limit: 1 }, context);
  const position = { room, seq: first === undefined ? headSeq : first.id - 1, since_ms: updatedAtMs };
  await insertRoom(db, position);
  return position;
}

/** Another server that is faster moves the position, and this one stops. */
async function followRoom(position: RoomPosition, { db, messages }: FollowTools, context: CallContext): Promise<void> {
  const { room, since_ms: sinceMs } = position;
  for (let at = position, more = true; more;) {
    const page = await messages.getMessages({ room, afterSeq: at.seq, limit: A_PAGE }, context);
    const questions = page.messages.filter((message) => isQuestion(message) && message.createdAtMs >= sinceMs)
      .map(({ id, username }) => ({ room, message_id: id, asker: username }));
    const toSeq = page.hasMore ? page.nextSeq : Math.max(at.seq, page.headSeq);
    if (!await storeQuestions(db, at, { toSeq, questions })) return;
    [at, more] = [{ ...at, seq: toSeq }, page.hasMore];
  }
}
