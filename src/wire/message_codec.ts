/**
 * Between the wire's types and the contract's. The two have the same shapes, so requests and answers to the wire need no conversion at all:
 * an empty string and an absent one mean the same to the service. Only what comes from a server is looked at, because it may be an older one.
 *
 * @module
 */
import type { CreateMessageRequest, GetMessagesResponse, ListRevisionsResponse, Message, MessageEventType } from "../contracts/mod.ts";
import { ChatError } from "../core/errors.ts";
import type { CreateMessageRequest as WireCreateMessageRequest } from "./generated/chat/CreateMessageRequest.ts";
import type { GetMessagesResponse__Output } from "./generated/chat/GetMessagesResponse.ts";
import type { ListRevisionsResponse__Output } from "./generated/chat/ListRevisionsResponse.ts";
import type { MessageResponse, MessageResponse__Output } from "./generated/chat/MessageResponse.ts";

/** A message received. Servers that know fields 1 to 6 only tell of creations. Throws `internal` for an event type this client does not know. */
export function messageFromWire(wire: MessageResponse__Output): Message {
  const { decisions, via, ...plain } = wire;
  const plugins = { ...(decisions.length === 0 ? {} : { decisions }), ...(via.length === 0 ? {} : { via }) };
  // Position 0 with an event is an answer of a plugin, which is not stored.
  if (wire.seq !== 0 || wire.eventType !== "") return Object.assign(plain, { eventType: eventType(wire.eventType) }, plugins);
  const createdAtMs = wire.timestamp * 1_000;
  return { ...plain, ...plugins, seq: wire.id, version: 1, eventType: "created", createdAtMs, updatedAtMs: createdAtMs };
}

/** A message to send. The wire's types are the same, but for lists that may be changed; nobody changes them. */
export function messageToWire(message: Message): MessageResponse {
  return message as MessageResponse;
}

/** A creation to ask for; the same holds. */
export function creationToWire(request: CreateMessageRequest): WireCreateMessageRequest {
  return request as WireCreateMessageRequest;
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
