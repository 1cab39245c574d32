import type { Room } from "../../contracts/mod.ts";
import { type Caller, isMember, notMember, requireRoom, requireScope } from "../../core/caller.ts";

/** The one place that decides who may find a room's messages as documents: whoever may read them in the room. */
export function requireReader(caller: Caller, room: Pick<Room, "room" | "restricted" | "members">): void {
  requireScope(caller, "messages:read");
  requireRoom(caller, room.room);
  if (!isMember(caller, room)) throw notMember(caller, room.room, "collection");
}
