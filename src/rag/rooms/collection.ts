import { invalidField } from "../../core/errors.ts";

/** What the name of a collection begins with whose documents are the messages of a room; the room's name follows. */
export const ROOM_PREFIX = "room:";

/** The collection of a room's messages. */
export function roomCollection(room: string): string {
  return ROOM_PREFIX + room;
}

/** The room whose messages a collection holds; undefined for any other collection. */
export function roomOf(collection: string): string | undefined {
  return collection.startsWith(ROOM_PREFIX) ? collection.slice(ROOM_PREFIX.length) : undefined;
}

/** Refuses to write to a room's collection: it says what the room says, and nothing else. */
export function requireWritable(collection: string): void {
  const room = roomOf(collection);
  if (room === undefined) return;
  const text = `must not begin with "${ROOM_PREFIX}", which stands for the messages of a room, got ${JSON.stringify(collection)}`;
  throw invalidField("collection", text);
}
