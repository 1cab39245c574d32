/**
 * What rooms are set to, as the message service tells it.
 *
 * @module
 */

/** Names one room. */
export interface RoomKey {
  readonly room?: string;
}

/** A room's settings and how its log stands; `members` is empty in a list. Times are milliseconds since 1970, 0 for never. */
export interface Room {
  readonly room: string;
  readonly title: string;
  readonly description: string;
  /** Only members may read and write. */
  readonly restricted: boolean;
  /** User names, each once, sorted. */
  readonly members: readonly string[];
  /** Its messages can be searched as documents. */
  readonly documents: boolean;
  /** `@assistant` answers here. */
  readonly assistant: boolean;
  /** Of the settings: 0 while nobody has set any, one more with each change. */
  readonly version: number;
  readonly updatedAtMs: number;
  readonly memberCount: number;
  readonly headSeq: number;
  /** Without deleted ones. */
  readonly messageCount: number;
  readonly lastActivityMs: number;
}

/** Asks to change settings of a room; those that are unset stay. */
export interface UpdateRoomRequest extends RoomKey {
  readonly title?: string;
  readonly description?: string;
  readonly restricted?: boolean;
  readonly members?: readonly string[];
  readonly replaceMembers?: boolean;
  readonly documents?: boolean;
  readonly assistant?: boolean;
  readonly ifVersion?: number;
}

/** Asks for a page of rooms. */
export interface ListRoomsRequest {
  readonly limit?: number;
  readonly afterRoom?: string;
  /** Only rooms whose messages can be searched as documents. */
  readonly onlyDocuments?: boolean;
  /** Only rooms in which `@assistant` answers. */
  readonly onlyAssistant?: boolean;
  /** A user name: without the restricted rooms that it is no member of. */
  readonly visibleTo?: string;
}

/** A page of rooms in the order of their names. */
export interface ListRoomsResponse {
  readonly rooms: readonly Room[];
  readonly hasMore: boolean;
  /** With `hasMore`: the next page's `afterRoom`; else empty. */
  readonly nextRoom: string;
}
