/**
 * What callers may do with messages, besides what their scopes say of whole calls.
 *
 * @module
 */
import { type Caller, changesOnlyOf } from "../core/caller.ts";
import { ChatError } from "../core/errors.ts";
import type { MessageRow } from "./row.ts";
import type { ValidRoomPage } from "./validate_rooms.ts";

/** Throws `permission_denied` where the message is another's and the caller may change only its own. */
export function requireAuthor(caller: Caller, room: string, { id, username }: Pick<MessageRow, "id" | "username">): void {
  const author = changesOnlyOf(caller);
  if (author === undefined || author === username) return;
  const text = `Message ${id} in room "${room}" is another's, and the caller ${caller.id} lacks the scope messages:moderate`;
  throw new ChatError("permission_denied", text, { field: "id" });
}

/**
 * Throws `already_exists` where a repeat found the message of somebody whose name the caller may not use: a key that another has taken must not
 * give the other's message away.
 */
export function requireOwnRepeat(caller: Caller, asked: { readonly username: string }, stored: { readonly username: string }): void {
  if (stored.username === asked.username || caller.scopes.has("messages:write_as")) return;
  throw new ChatError("already_exists", "Another's message has this `client_message_id` in this room", { field: "client_message_id" });
}

/** The page without rooms that the caller may not use: restricted ones without it, and those that its credential is not for. */
export function visibleRooms(page: ValidRoomPage, caller: Caller): ValidRoomPage {
  const visibleTo = caller.scopes.has("rooms:manage") ? page.visibleTo : caller.name;
  return { ...page, visibleTo, among: caller.rooms === undefined ? undefined : [...caller.rooms] };
}
