/**
 * What a WebSocket says, each message one JSON object in one text frame. Clients ask, with a `ref` of their own that comes back in the answer;
 * the names and limits of fields are those of REST.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { Message } from "../contracts/mod.ts";
import { ChatError, invalidField } from "../core/errors.ts";
import { DEFAULT_ROOM } from "../core/limits.ts";
import { type Camel, contractNames } from "./names.ts";
import type { Problem } from "./problem.ts";
import { messageJson } from "./schemas/message.ts";
import { flag, int32, int64, listOf, metadata, shaped, text } from "./shape.ts";

/** The longest `ref`, in characters. */
const MAX_REF = 128;

const ref = text.refine((value) => value.length <= MAX_REF, { error: `must be at most ${MAX_REF} characters` });
const room = text.default(DEFAULT_ROOM);
const STATUSES = ["online", "away", "offline"] as const;

const shapes = {
  subscribe: z.strictObject({
    type: z.literal("subscribe"),
    ref: ref.optional(),
    room,
    username: text.optional(),
    after_seq: int64.optional(),
    include_changes: flag.optional(),
  }),
  unsubscribe: z.strictObject({ type: z.literal("unsubscribe"), ref: ref.optional(), room }),
  send: z.strictObject({
    type: z.literal("send"),
    ref,
    room,
    content: text.default(""),
    username: text.default(""),
    message_type: text.optional(),
    metadata: metadata.optional(),
    client_message_id: text.optional(),
    via: listOf(text).optional(),
  }),
  edit: z.strictObject({
    type: z.literal("edit"),
    ref,
    room,
    id: int32,
    content: text.default(""),
    metadata: metadata.optional(),
    replace_metadata: flag.optional(),
    if_version: int32.optional(),
  }),
  delete: z.strictObject({ type: z.literal("delete"), ref, room, id: int32 }),
  typing: z.strictObject({ type: z.literal("typing"), ref: ref.optional(), room, username: text.default(""), typing: flag.default(true) }),
  presence: z.strictObject({
    type: z.literal("presence"),
    ref: ref.optional(),
    room,
    username: text.default(""),
    status: z.enum(STATUSES, { error: `must be ${STATUSES.join(", ")}` }).optional(),
  }),
  ping: z.strictObject({ type: z.literal("ping"), ref: ref.optional() }),
} as const;

type Shapes = typeof shapes;

// deno-lint-ignore no-explicit-any -- what a command is, its schema says
const toContract = Object.fromEntries(Object.entries(shapes).map(([type, shape]) => [type, contractNames(shape)])) as any as Readonly<
  Record<keyof Shapes, (value: unknown) => Command>
>;

/** How somebody is in a room, as it says itself. */
export type PresenceStatus = (typeof STATUSES)[number];

/** A message of one kind from a client. */
export type Command<T extends keyof Shapes = keyof Shapes> = { [K in T]: Camel<z.output<Shapes[K]>> }[T];

/** What the server says. `seq` is always the position to resume after. */
export type ServerMessage =
  | { readonly type: "ready"; readonly ref?: string | undefined; readonly room: string; readonly seq: number }
  | { readonly type: "ack"; readonly ref?: string | undefined; readonly result: unknown }
  | { readonly type: "error"; readonly ref?: string | undefined; readonly problem: Problem }
  | { readonly type: "typing"; readonly room: string; readonly username: string; readonly typing: boolean }
  | { readonly type: "presence"; readonly room: string; readonly username: string; readonly status: PresenceStatus }
  | { readonly type: "pong"; readonly ref?: string | undefined; readonly positions: Readonly<Record<string, number>> }
  | { readonly type: "end"; readonly room: string; readonly seq: number; readonly problem: Problem };

/** A frame as a JSON object with a known type, not yet looked at further. Throws `invalid_argument`. */
export function parseFrame(frame: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(frame);
  } catch (cause) {
    throw new ChatError("invalid_argument", `The message must be JSON, got ${frame.length} characters that are not`, { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ChatError("invalid_argument", "The message must be a JSON object");
  }
  return value as Readonly<Record<string, unknown>>;
}

/** The command that an object is. Throws an `invalid_argument` that names the first field at fault; unknown fields are refused. */
export function commandOf(value: Readonly<Record<string, unknown>>): Command {
  const { type } = value;
  if (typeof type !== "string" || !Object.hasOwn(shapes, type)) {
    throw invalidField("type", `must be one of ${Object.keys(shapes).join(", ")}`);
  }
  const kind = type as keyof Shapes;
  return toContract[kind](shaped(shapes[kind] as z.ZodType, value));
}

/** The `ref` to answer with, also where the rest of the message is refused. */
export function refOf({ ref: given }: Readonly<Record<string, unknown>>): string | undefined {
  return typeof given === "string" && given.length <= MAX_REF ? given : undefined;
}

/** Whoever follows a room is sent the same text, encoded once. */
const eventFrames = new WeakMap<Message, string>();

/** The frame that tells of a change to a room's log. */
export function eventFrame(message: Message): string {
  const known = eventFrames.get(message);
  if (known !== undefined) return known;
  const { room, seq, eventType } = message;
  const frame = JSON.stringify({ type: "event", room, seq, event: eventType, message: messageJson(message) });
  eventFrames.set(message, frame);
  return frame;
}
