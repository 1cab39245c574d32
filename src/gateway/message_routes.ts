import { type Context, Hono } from "hono";
import type { MessageService } from "../contracts/mod.ts";
import { DEFAULT_ROOM } from "../core/limits.ts";
import type { Log } from "../observability/log.ts";
import { requireAcceptable } from "./accept.ts";
import { readJson } from "./body.ts";
import { allow } from "./authenticate.ts";
import type { GatewayEnv } from "./context.ts";
import { deletionJson, messageJson, pageJson, revisionsJson } from "./json.ts";
import { createRequest, keyRequest, pageRequest, streamRequest, updateRequest } from "./message_requests.ts";
import { logStreamEnd } from "./problem.ts";
import { eventBody } from "./sse.ts";

const JSON_TYPE = "application/json";
const EVENTS_TYPE = "text/event-stream";

/** What the message routes work with. */
export interface MessageRoutesOptions {
  readonly service: MessageService;
  readonly log: Log;
  /** How often a quiet event stream says that it lives. */
  readonly heartbeatMs: number;
}

const may = (method: string) => allow(`chat.MessageService/${method}`);

/** The message service under `/v1/messages`. */
export function messageRoutes(options: MessageRoutesOptions): Hono<GatewayEnv> {
  const { service } = options;
  const app = new Hono<GatewayEnv>({ strict: false });

  app.post("/", may("CreateMessage"), async (c) => {
    requireAcceptable(c, JSON_TYPE);
    const request = createRequest(c.req.url, await readJson(c), c.req.header("idempotency-key"));
    const message = await c.var.call.run(service.createMessage(request, c.var.call));
    c.header("Location", locationOf(message));
    return c.json(messageJson(message), 201);
  });

  app.get("/", may("GetMessages"), async (c) => {
    requireAcceptable(c, JSON_TYPE);
    return c.json(pageJson(await c.var.call.run(service.getMessages(pageRequest(c.req.url), c.var.call))));
  });

  // Before `/:id`, which would take it for a message.
  app.get("/stream", may("StreamMessages"), (c) => openStream(c, options));

  app.get("/:id", may("GetMessage"), async (c) => {
    requireAcceptable(c, JSON_TYPE);
    return c.json(messageJson(await c.var.call.run(service.getMessage(keyRequest(c.req.url, c.req.param("id")), c.var.call))));
  });

  app.patch("/:id", may("UpdateMessage"), async (c) => {
    requireAcceptable(c, JSON_TYPE);
    const request = updateRequest(c.req.url, c.req.param("id"), await readJson(c));
    return c.json(messageJson(await c.var.call.run(service.updateMessage(request, c.var.call))));
  });

  app.delete("/:id", may("DeleteMessage"), async (c) => {
    requireAcceptable(c, JSON_TYPE);
    return c.json(deletionJson(await c.var.call.run(service.deleteMessage(keyRequest(c.req.url, c.req.param("id")), c.var.call))));
  });

  app.get("/:id/revisions", may("ListRevisions"), async (c) => {
    requireAcceptable(c, JSON_TYPE);
    return c.json(revisionsJson(await c.var.call.run(service.listRevisions(keyRequest(c.req.url, c.req.param("id")), c.var.call))));
  });

  return app;
}

async function openStream(c: Context<GatewayEnv>, { service, log, heartbeatMs }: MessageRoutesOptions): Promise<Response> {
  requireAcceptable(c, EVENTS_TYPE);
  const { call } = c.var;
  const request = streamRequest(c.req.url, c.req.header("last-event-id"));
  if (c.req.method === "HEAD") return eventResponse(c, null); // a watch that nobody reads would never end
  const watch = await call.run(service.streamMessages(request, call));
  call.becomeStream();
  const onFailure = (error: unknown) => logStreamEnd(log, error, { requestId: call.requestId });
  return eventResponse(c, eventBody(watch, { call, heartbeatMs, onFailure }));
}

function eventResponse(c: Context<GatewayEnv>, body: ReadableStream<Uint8Array> | null): Response {
  c.header("Content-Type", EVENTS_TYPE);
  // Neither compressed nor collected on the way: a frame is worth something only while it is new.
  c.header("Cache-Control", "no-store, no-transform");
  c.header("X-Accel-Buffering", "no");
  return c.newResponse(body);
}

function locationOf({ id, room }: { readonly id: number; readonly room: string }): string {
  return `/v1/messages/${id}${room === DEFAULT_ROOM ? "" : `?room=${encodeURIComponent(room)}`}`;
}
