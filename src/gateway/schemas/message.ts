/**
 * Messages and rooms as JSON: the protos' field names, every field present with its default. int64 is a JSON number, not a string as in
 * protobuf's own JSON, because positions and times stay far below 2^53.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { wireNames } from "../names.ts";
import { flag, int32, int64, metadata, text } from "../shape.ts";

/** `chat.MessageResponse`. */
export const messageSchema = z.strictObject({
  id: int32,
  content: text,
  username: text,
  message_type: text,
  timestamp: int64,
  metadata,
  room: text,
  seq: int64,
  event_type: z.enum(["created", "edited", "deleted"]),
  version: int32,
  created_at_ms: int64,
  updated_at_ms: int64,
  client_message_id: text,
  deleted: flag,
  /** Absent: no plugin was asked. */
  decisions: z.array(z.strictObject({ plugin: text, version: text, decision: text, reason: text, failure: text })).optional(),
  /** Absent: no plugin had to do with it. */
  via: z.array(text).optional(),
}).openapi("Message");

/** A message as REST and event streams tell it. */
export const messageJson = wireNames(messageSchema);

/** `chat.GetMessagesResponse`. */
export const messagePageSchema = z.strictObject({
  messages: z.array(messageSchema),
  total_count: int32,
  has_more: flag,
  next_seq: int64,
  head_seq: int64,
}).openapi("MessagePage");

/** `chat.DeleteMessageResponse`. */
export const messageDeletionSchema = z.strictObject({ success: flag, message: text, seq: int64 }).openapi("MessageDeletion");

/** `chat.ListRevisionsResponse`. */
export const revisionsSchema = z.strictObject({
  revisions: z.array(z.strictObject({ version: int32, content: text, metadata, seq: int64, created_at_ms: int64 })),
}).openapi("Revisions");

/** `chat.RoomResponse`. */
export const roomSchema = z.strictObject({
  room: text,
  title: text,
  description: text,
  restricted: flag,
  members: z.array(text),
  documents: flag,
  assistant: flag,
  version: int32,
  updated_at_ms: int64,
  member_count: int32,
  head_seq: int64,
  message_count: int64,
  last_activity_ms: int64,
}).openapi("Room");

/** `chat.ListRoomsResponse`. */
export const roomPageSchema = z.strictObject({ rooms: z.array(roomSchema), has_more: flag, next_room: text }).openapi("RoomPage");
