import type { CreateMessageRequest } from "../../contracts/mod.ts";
import type { ValidCreate } from "../validate.ts";

/** A message as hooks are asked about it. */
export function draftOf({ room, content, username, messageType, metadata, clientMessageId = "" }: ValidCreate): CreateMessageRequest {
  return { room, content, username, messageType, metadata, clientMessageId };
}
