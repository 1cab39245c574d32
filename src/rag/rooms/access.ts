import type { Room } from "../../contracts/mod.ts";
import { type Caller, requireRoom, requireScope } from "../../core/caller.ts";
import { ChatError } from "../../core/errors.ts";

/** The one place that decides who may find a room's messages as documents: whoever may read them in the room. */
export function requireReader(caller: Caller, room: Pick<Room, "room" | "restricted" | "members">): void {
  requireScope(caller, "messages:read");
  requireRoom(caller, room.room);
  if (!room.restricted || caller.scopes.has("rooms:manage")) return;
  if (caller.name !== "" && room.members.includes(caller.name)) return;
  throw new ChatError("permission_denied", `The caller ${caller.id} is no member of room ${JSON.stringify(room.room)}`, {
    field: "collection",
  });
}
