/**
 * HTTP requests of the message service as its contract has them.
 *
 * @module
 */
import { z } from "zod";
import type {
  CreateMessageRequest,
  GetMessagesRequest,
  MessageKey,
  StreamMessagesRequest,
  UpdateMessageRequest,
} from "../contracts/mod.ts";
import { invalidField } from "../core/errors.ts";
import { readQuery } from "./query.ts";
import { flag, int32, metadata, present, queryFlag, queryInt32, queryInt64, shaped, text } from "./shape.ts";

const createBody = z.strictObject({
  content: text.default(""),
  username: text.default(""),
  message_type: text.optional(),
  metadata: metadata.optional(),
  room: text.optional(),
  client_message_id: text.optional(),
});

const updateBody = z.strictObject({
  content: text.default(""),
  metadata: metadata.optional(),
  replace_metadata: flag.optional(),
  if_version: int32.optional(),
});

const noQuery = z.strictObject({});
const keyQuery = z.strictObject({ room: text.optional() });

const pathParameters = z.strictObject({ id: queryInt32 });
const streamHeaders = z.strictObject({ "Last-Event-ID": queryInt64 });

const pageQuery = z.strictObject({
  limit: queryInt32.optional(),
  offset: queryInt32.optional(),
  username: text.optional(),
  since_timestamp: queryInt64.optional(),
  until_timestamp: queryInt64.optional(),
  room: text.optional(),
  order: text.optional(),
  after_seq: queryInt64.optional(),
  before_seq: queryInt64.optional(),
  search: text.optional(),
  message_type: text.optional(),
  filter: text.optional(),
});

const streamQuery = z.strictObject({
  room: text.optional(),
  username: text.optional(),
  subscribe_to: text.optional(),
  after_seq: queryInt64.optional(),
  include_changes: queryFlag.optional(),
});

/** `POST /v1/messages`; the `Idempotency-Key` header stands in for a missing `client_message_id`. */
export function createRequest(url: string, body: unknown, idempotencyKey: string | undefined): CreateMessageRequest {
  queryOf(url, noQuery);
  const given = shaped(createBody, body);
  return present<CreateMessageRequest>({
    content: given.content,
    username: given.username,
    messageType: given.message_type,
    metadata: given.metadata,
    room: given.room,
    clientMessageId: given.client_message_id ?? headerText(idempotencyKey),
  });
}

/** `GET /v1/messages`: every filter of `chat.GetMessagesRequest` by its name, metadata as `metadata.KEY=value`. */
export function pageRequest(url: string): GetMessagesRequest {
  const query = readQuery(url);
  const given = shaped(pageQuery, query.fields);
  return present<GetMessagesRequest>({
    limit: given.limit,
    offset: given.offset,
    username: given.username,
    sinceTimestamp: given.since_timestamp,
    untilTimestamp: given.until_timestamp,
    room: given.room,
    order: given.order,
    afterSeq: given.after_seq,
    beforeSeq: given.before_seq,
    search: given.search,
    messageType: given.message_type,
    filter: given.filter,
    metadata: Object.keys(query.metadata).length === 0 ? undefined : query.metadata,
  });
}

/** `/v1/messages/{id}?room=`. */
export function keyRequest(url: string, id: string): MessageKey {
  return present<MessageKey>({ id: pathId(id), room: queryOf(url, keyQuery).room });
}

/** `PATCH /v1/messages/{id}?room=`. */
export function updateRequest(url: string, id: string, body: unknown): UpdateMessageRequest {
  const given = shaped(updateBody, body);
  return present<UpdateMessageRequest>({
    ...keyRequest(url, id),
    content: given.content,
    metadata: given.metadata,
    replaceMetadata: given.replace_metadata,
    ifVersion: given.if_version,
  });
}

/** `GET /v1/messages/stream`; a browser's `Last-Event-ID` goes before `after_seq`, because it is the newer of the two. */
export function streamRequest(url: string, lastEventId: string | undefined): StreamMessagesRequest {
  const given = queryOf(url, streamQuery);
  if (given.username !== undefined && given.subscribe_to !== undefined) {
    throw invalidField("subscribe_to", "says the same as `username`, got both");
  }
  return present<StreamMessagesRequest>({
    subscribeTo: given.subscribe_to ?? given.username,
    room: given.room,
    afterSeq: lastEventId === undefined || lastEventId === "" ? given.after_seq : headerSeq(lastEventId),
    includeChanges: given.include_changes,
  });
}

function queryOf<T>(url: string, schema: z.ZodType<T>): T {
  const query = readQuery(url);
  const [key] = Object.keys(query.metadata);
  if (key !== undefined) throw invalidField(`metadata.${key}`.slice(0, 80).toWellFormed(), "is not known here");
  return shaped(schema, query.fields);
}

function pathId(id: string): number {
  return shaped(pathParameters, { id }).id;
}

function headerSeq(value: string): number {
  return shaped(streamHeaders, { "Last-Event-ID": value })["Last-Event-ID"];
}

/** A header's bytes beyond ASCII have no agreed meaning, so they cannot be part of a key. The quotes of a structured header are not part of it either. */
function headerText(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (!/^[\x20-\x7e]*$/.test(value)) throw invalidField("Idempotency-Key", "must be printable ASCII, got other bytes");
  return value.length > 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}
