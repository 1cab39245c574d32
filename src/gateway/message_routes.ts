import { type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { GetMessagesRequest, GetMessagesResponse, MessageService, StreamMessagesRequest } from "../contracts/mod.ts";
import { invalidField } from "../core/errors.ts";
import { DEFAULT_ROOM } from "../core/limits.ts";
import type { Log } from "../observability/log.ts";
import type { GatewayEnv } from "./context.ts";
import { ServiceRoutes } from "./endpoint.ts";
import { addLink } from "./links.ts";
import { EVENTS_TYPE } from "./media_types.ts";
import { logStreamEnd } from "./problem.ts";
import { messageDeletionSchema, messagePageSchema, messageSchema, revisionsSchema } from "./schemas/message.ts";
import { flag, int32, listOf, metadata, queryFlag, queryInt32, queryInt64, shaped, text } from "./shape.ts";
import { eventBody } from "./sse.ts";
import { eventResponse } from "./stream_response.ts";

/** What the message routes work with. */
export interface MessageRoutesOptions {
  readonly service: MessageService;
  readonly log: Log;
  /** How often a quiet event stream says that it lives. */
  readonly heartbeatMs: number;
}

const createBody = z.strictObject({
  content: text.default(""),
  username: text.default(""),
  message_type: text.optional(),
  metadata: metadata.optional(),
  room: text.optional(),
  client_message_id: text.optional(),
  via: listOf(text).optional(),
}).openapi("NewMessage", { example: { content: "Lunch at noon?", username: "alice", room: "kitchen" } });

const updateBody = z.strictObject({
  content: text.default(""),
  metadata: metadata.optional(),
  replace_metadata: flag.optional(),
  if_version: int32.optional(),
}).openapi("MessageEdit", { example: { content: "Lunch at one?", if_version: 1 } });

const key = { params: z.strictObject({ id: queryInt32 }), query: z.strictObject({ room: text.optional() }) };

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

const lastEventId = z.strictObject({ "Last-Event-ID": queryInt64 });

/** The message service under `/v1/messages`. */
export function addMessageRoutes(app: OpenAPIHono<GatewayEnv>, options: MessageRoutesOptions): void {
  const routes = new ServiceRoutes(app, { service: options.service, grpcName: "chat.MessageService", tag: "message" });
  addLogRoutes(routes);
  // Before `/{id}`, which would take it for a message.
  routes.stream({
    ...{ method: "get", path: "/v1/messages/stream", rpc: "StreamMessages", summary: "Follow a room", streams: EVENTS_TYPE },
    description: "Each event's `id` is its seq; a browser comes back with it as `Last-Event-ID`, which goes before `after_seq`. " +
      "The data of `created`, `edited` and `deleted` is a Message, that of `error` a Problem.",
    ...{ query: streamQuery, headers: z.object({ "Last-Event-ID": queryInt64.optional() }) },
  }, (service, { username, ...request }, c) => openStream(c, streamRequest(c, request, username), { ...options, service }));
  addSingleRoutes(routes);
}

function addLogRoutes(routes: ServiceRoutes<MessageService>): void {
  routes.json({
    ...{ method: "post", path: "/v1/messages", rpc: "CreateMessage", summary: "Write a message", body: createBody, status: 201 },
    description: "With `client_message_id`, or the header `Idempotency-Key` in its place, a repeat gives the first message.",
    ...{ headers: z.object({ "Idempotency-Key": text.optional() }), answer: messageSchema },
    otherwise: {
      status: 200,
      description: "A plugin's answer in place of a message: its id is 0, and nothing is stored",
      when: isResponse,
    },
  }, async (service, request, c) => {
    const clientMessageId = request.clientMessageId ?? headerText(c.req.header("idempotency-key"));
    const message = await service.createMessage({ ...request, ...(clientMessageId === undefined ? {} : { clientMessageId }) }, c.var.call);
    if (!isResponse(message)) c.header("Location", locationOf(message));
    return message;
  });
  routes.json({
    ...{ method: "get", path: "/v1/messages", rpc: "GetMessages", summary: "Read a room's history, or search it", query: pageQuery },
    ...{ takesMetadata: true, answer: messagePageSchema },
  }, async (service, request, c) => {
    const page = await service.getMessages(request, c.var.call);
    linkPages(c, request, page);
    return page;
  });
}

function addSingleRoutes(routes: ServiceRoutes<MessageService>): void {
  const etag = ({ version, deleted }: { readonly version: number; readonly deleted: boolean }) => `v${version}${deleted ? "-deleted" : ""}`;
  routes.json(
    { method: "get", path: "/v1/messages/{id}", rpc: "GetMessage", summary: "Read a message", ...key, answer: messageSchema, etag },
    (service, request, c) => service.getMessage(request, c.var.call),
  );
  routes.json({
    ...{ method: "patch", path: "/v1/messages/{id}", rpc: "UpdateMessage", summary: "Edit a message", ...key, body: updateBody },
    ...{ description: "`If-Match` with an ETag stands in for `if_version`.", answer: messageSchema, takesIfMatch: true },
  }, (service, request, c) => service.updateMessage(request, c.var.call));
  routes.json(
    {
      method: "delete",
      path: "/v1/messages/{id}",
      rpc: "DeleteMessage",
      summary: "Delete a message",
      ...key,
      answer: messageDeletionSchema,
    },
    (service, request, c) => service.deleteMessage(request, c.var.call),
  );
  routes.json({
    ...{ method: "get", path: "/v1/messages/{id}/revisions", rpc: "ListRevisions", summary: "Read a message's versions", ...key },
    answer: revisionsSchema,
  }, (service, request, c) => service.listRevisions(request, c.var.call));
}

/** Messages that are stored have ids from 1. */
function isResponse({ id }: { readonly id: number }): boolean {
  return id === 0;
}

function linkPages(c: Context<GatewayEnv>, { order, afterSeq, beforeSeq, offset }: GetMessagesRequest, page: GetMessagesResponse): void {
  const isNewest = order === "newest";
  const cursors = { after_seq: undefined, before_seq: undefined, offset: undefined };
  if (page.hasMore) addLink(c, "next", { ...cursors, [isNewest ? "before_seq" : "after_seq"]: page.nextSeq });
  if ((isNewest ? beforeSeq : afterSeq) !== undefined || (offset ?? 0) > 0) addLink(c, "first", cursors);
}

type StreamFields = Omit<StreamMessagesRequest, "username">;

function streamRequest(c: Context<GatewayEnv>, request: StreamFields, username: string | undefined): StreamMessagesRequest {
  if (username !== undefined && request.subscribeTo !== undefined) {
    throw invalidField("subscribe_to", "says the same as `username`, got both");
  }
  const resumed = c.req.header("last-event-id");
  return {
    ...request,
    ...(username === undefined ? {} : { subscribeTo: username }),
    // The newer of the two.
    ...(resumed === undefined || resumed === "" ? {} : { afterSeq: shaped(lastEventId, { "Last-Event-ID": resumed })["Last-Event-ID"] }),
  };
}

async function openStream(
  c: Context<GatewayEnv>,
  request: StreamMessagesRequest,
  { service, log, heartbeatMs }: MessageRoutesOptions,
): Promise<Response> {
  const { call } = c.var;
  if (c.req.method === "HEAD") return eventResponse(c, null); // a watch that nobody reads would never end
  const watch = await call.run(service.streamMessages(request, call));
  call.becomeStream();
  const onFailure = (error: unknown) => logStreamEnd(log, error, { requestId: call.requestId });
  return eventResponse(c, eventBody(watch, { call, heartbeatMs, onFailure }));
}

/** A header's bytes beyond ASCII have no agreed meaning, so they cannot be part of a key. The quotes of a structured header are not part of it either. */
function headerText(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (!/^[\x20-\x7e]*$/.test(value)) throw invalidField("Idempotency-Key", "must be printable ASCII, got other bytes");
  return value.length > 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}

function locationOf({ id, room }: { readonly id: number; readonly room: string }): string {
  return `/v1/messages/${id}${room === DEFAULT_ROOM ? "" : `?room=${encodeURIComponent(room)}`}`;
}
