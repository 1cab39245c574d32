import type { Message } from "../../contracts/mod.ts";
import type { ValidDocument } from "../validate.ts";
import { roomCollection } from "./collection.ts";

/** The version of the message that a document was made of stands in its metadata under this name. */
const VERSION = "message_version";

/**
 * A message as a document: its id is the message's; filters find the message's metadata and what is told of it here. The author is no title:
 * its words weigh double, and a search would learn from its best matches to look for whatever else their author has said.
 */
export function documentOf(message: Message): ValidDocument {
  const { id, room, content, username, messageType, version, createdAtMs, metadata } = message;
  const told = { username, message_type: messageType, created_at_ms: `${createdAtMs}`, [VERSION]: `${version}` };
  return {
    ...{ documentId: `${id}`, collection: roomCollection(room), content, contentBytes: undefined, title: "" },
    ...{ mediaType: "text/plain", language: "", metadata: { ...metadata, ...told } },
  };
}

/** A document found, or as much of it as tells which message it was made of. */
export interface MessageDocument {
  readonly document_id: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Whether a document says what its message says now. */
export function stands({ metadata }: MessageDocument, message: Message): boolean {
  return !message.deleted && metadata[VERSION] === `${message.version}`;
}
