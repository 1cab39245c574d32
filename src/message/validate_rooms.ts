import type { ListRoomsRequest, Room, UpdateRoomRequest } from "../contracts/mod.ts";
import { invalidField } from "../core/errors.ts";
import { integer, optionalText, text } from "../core/fields.ts";
import { limits } from "../core/limits.ts";
import { MAX_ID, roomName } from "./validate.ts";

/** A change of a room's settings. Undefined: stays as it is. */
export interface ValidRoomUpdate {
  readonly room: string;
  readonly title: string | undefined;
  readonly description: string | undefined;
  readonly restricted: boolean | undefined;
  /** Each once, sorted. */
  readonly members: readonly string[] | undefined;
  readonly documents: boolean | undefined;
  readonly assistant: boolean | undefined;
  readonly ifVersion: number | undefined;
}

/** A page of rooms to read. */
export interface ValidRoomPage {
  readonly limit: number;
  readonly afterRoom: string;
  readonly onlyDocuments: boolean;
  readonly onlyAssistant: boolean;
  readonly visibleTo: string | undefined;
  /** Undefined: of all rooms. */
  readonly among: readonly string[] | undefined;
}

/** Checks a change of a room's settings. */
export function validRoomUpdate(request: UpdateRoomRequest): ValidRoomUpdate {
  const { title, description, restricted, members = [], replaceMembers, documents, assistant, ifVersion } = request;
  if (replaceMembers !== true && members.length > 0) {
    throw invalidField("members", "needs `replace_members` to be true, got names without it");
  }
  return {
    room: roomName(request.room),
    title: title === undefined ? undefined : text("title", title, { minBytes: 0, maxBytes: limits.roomTitleBytes }),
    description: description === undefined
      ? undefined
      : text("description", description, { minBytes: 0, maxBytes: limits.roomDescriptionBytes }),
    restricted,
    members: replaceMembers === true ? validMembers(members) : undefined,
    documents,
    assistant,
    ifVersion: ifVersion === undefined ? undefined : integer("if_version", ifVersion, { max: MAX_ID }),
  };
}

/** Whether a change that `ifVersion` refused is in force already, as the next version: whoever lost the answer and asks again gets it. */
export function isRepeat({ room: _room, ifVersion, ...settings }: ValidRoomUpdate, room: Room): boolean {
  if (ifVersion === undefined || room.version !== ifVersion + 1) return false;
  return Object.entries(settings).every(([name, value]) =>
    value === undefined || JSON.stringify(value) === JSON.stringify(room[name as keyof Room])
  );
}

/** Checks a request for a page of rooms. */
export function validRoomPage(request: ListRoomsRequest): ValidRoomPage {
  return {
    limit: integer("limit", request.limit ?? 0, { max: limits.pageMax }) || limits.pageDefault,
    afterRoom: optionalText("after_room", request.afterRoom, limits.nameBytes) ?? "",
    onlyDocuments: request.onlyDocuments ?? false,
    onlyAssistant: request.onlyAssistant ?? false,
    among: undefined,
    visibleTo: optionalText("visible_to", request.visibleTo, limits.nameBytes),
  };
}

function validMembers(members: readonly string[]): string[] {
  if (members.length > limits.roomMembers) {
    throw invalidField("members", `must be at most ${limits.roomMembers} names, got ${members.length}`);
  }
  const names = members.map((member) => text("members", member, { minBytes: 1, maxBytes: limits.nameBytes }));
  return [...new Set(names)].toSorted();
}
