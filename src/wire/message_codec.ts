/**
 * Between the wire's types and the contract's. The two have the same shapes, so requests and answers to the wire need no conversion at all:
 * an empty string and an absent one mean the same to the service. Only what comes from a server is looked at, because it may be an older one.
 *
 * @module
 */
import type { GetMessagesResponse, ListRevisionsResponse, Message, MessageEventType } from "../contracts/mod.ts";
import { ChatError } from "../core/errors.ts";
import type { GetMessagesResponse__Output } from "./generated/chat/GetMessagesResponse.ts";
import type { ListRevisionsResponse__Output } from "./generated/chat/ListRevisionsResponse.ts";
import type { MessageResponse__Output } from "./generated/chat/MessageResponse.ts";

/** A message received. Servers that know fields 1 to 6 only tell of creations. Throws `internal` for an event type this client does not know. */
export function messageFromWire(wire: MessageResponse__Output): Message {
  if (wire.seq !== 0) return Object.assign(wire, { eventType: eventType(wire.eventType) });
  const createdAtMs = wire.timestamp * 1_000;
  return { ...wire, seq: wire.id, version: 1, eventType: "created", createdAtMs, updatedAtMs: createdAtMs };
}

/** A page received. */
export function pageFromWire(wire: GetMessagesResponse__Output): GetMessagesResponse {
  return { ...wire, messages: wire.messages.map(messageFromWire) };
}

/** Revisions received. */
export function revisionsFromWire(wire: ListRevisionsResponse__Output): ListRevisionsResponse {
  return wire;
}

function eventType(value: string): MessageEventType {
  if (value === "created" || value === "edited" || value === "deleted") return value;
  throw new ChatError("internal", `The server sent an unknown event type ${JSON.stringify(value)}`);
}
