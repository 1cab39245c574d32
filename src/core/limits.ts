/** The sizes that requests are held to. Bytes are bytes of UTF-8. */
export const limits = {
  contentBytes: 65_536,
  nameBytes: 128,
  metadataEntries: 64,
  metadataBytes: 16_384,
  searchBytes: 1_024,
  roomTitleBytes: 256,
  roomDescriptionBytes: 4_096,
  roomMembers: 1_000,
  pageDefault: 50,
  pageMax: 500,
} as const;

/** The room of a request that names none. */
export const DEFAULT_ROOM = "general";
/** The type of a message whose request names none. */
export const DEFAULT_MESSAGE_TYPE = "text";
