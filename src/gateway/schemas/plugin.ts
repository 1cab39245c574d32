/**
 * Plugins as JSON, by the protos' field names. What goes into an action and comes out of it is JSON text in a field, as in the protos.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { flag, int32, int64, listOf, metadata, objectOf, real, text } from "../shape.ts";

const hook = z.strictObject({
  event: text,
  order: int32,
  on_failure: text,
  action: text,
  command: text,
  cron: text,
  rooms: z.array(text),
  timeout_ms: int32,
});

const permissions = z.strictObject({
  net: z.array(text),
  env: z.array(text),
  data: flag,
  capabilities: z.array(text),
  rooms: z.array(text),
});

const manifest = z.strictObject({
  name: text,
  version: text,
  description: text,
  actions: z.array(z.strictObject({
    name: text,
    description: text,
    input_schema_json: text,
    output_schema_json: text,
    streams: flag,
    read_only: flag,
    scope: text.optional(),
  })),
  hooks: z.array(hook),
  permissions: permissions.optional(),
  limits: z.strictObject({ memory_bytes: int64, call_ms: int32, cpu_ms: int32, output_bytes: int64, concurrency: int32 }).optional(),
});

/** `chat.Plugin`. */
export const pluginSchema = z.strictObject({
  name: text,
  version: text,
  digest: text,
  manifest: manifest.optional(),
  state: text,
  problem: text,
  granted: permissions.optional(),
  signed_by: z.array(text),
  remote: flag,
  built_in: flag,
  installed_at_ms: int64,
  updated_at_ms: int64,
  versions: z.array(z.strictObject({ version: text, digest: text, installed_at_ms: int64, installed_by: text })),
  description: text,
}).openapi("Plugin");

/** `chat.InstallPluginResponse`. */
export const installedSchema = z.strictObject({ plugin: pluginSchema.optional(), unchanged: flag, missing: permissions.optional() })
  .openapi("InstalledPlugin");

/** `chat.ListPluginsResponse`. */
export const pluginPageSchema = z.strictObject({ plugins: z.array(pluginSchema), has_more: flag }).openapi("PluginPage");

/** `chat.ExecutePluginResponse`. */
export const executedSchema = z.strictObject({ output_json: text, version: text, duration_ms: real }).openapi("ActionOutput");

/** `chat.PluginOutput`. */
export const outputSchema = z.strictObject({ output_json: text, seq: int32 }).openapi("ActionPart");

/** `chat.MessageRequest`, as hooks see it before it is a message. */
const draftSchema = objectOf({
  content: text.default(""),
  username: text.default(""),
  message_type: text.optional(),
  metadata: metadata.optional(),
  room: text.optional(),
  client_message_id: text.optional(),
});

/** A message as hooks are told of it. */
const toldMessageSchema = objectOf({
  id: int32.default(0),
  content: text.default(""),
  username: text.default(""),
  message_type: text.default("text"),
  timestamp: int64.default(0),
  metadata: metadata.default({}),
  room: text.default("general"),
  seq: int64.default(0),
  event_type: z.enum(["created", "edited", "deleted"]).default("created"),
  version: int32.default(1),
  created_at_ms: int64.default(0),
  updated_at_ms: int64.default(0),
  client_message_id: text.default(""),
  deleted: flag.default(false),
  decisions: listOf(objectOf({
    plugin: text.default(""),
    version: text.default(""),
    decision: text.default(""),
    reason: text.default(""),
    failure: text.default(""),
  })).optional(),
  via: listOf(text).optional(),
});

/** `chat.RunHooksRequest`. */
export const eventBody = z.strictObject({
  event: text.default(""),
  draft: draftSchema.optional(),
  message: toldMessageSchema.optional(),
  via: listOf(text).optional(),
}).openapi("HookEvent", { example: { event: "message.before_create", draft: { content: "Hello", username: "ann", room: "kitchen" } } });

const decidedDraft = z.strictObject({
  content: text,
  username: text,
  message_type: text.optional(),
  metadata: metadata.optional(),
  room: text.optional(),
  client_message_id: text.optional(),
});

/** `chat.RunHooksResponse`. */
export const decisionsSchema = z.strictObject({
  outcome: text,
  draft: decidedDraft.optional(),
  decisions: z.array(z.strictObject({
    plugin: text,
    version: text,
    decision: text,
    reason: text,
    draft: decidedDraft.optional(),
    response: text,
    failure: text,
    duration_ms: real,
  })),
}).openapi("HookDecisions");

/** `chat.PluginLogLine`. */
export const logLineSchema = z.strictObject({ at_ms: int64, level: text, text, call_id: text }).openapi("LogLine");
