/**
 * What a plugin says of itself, in the JSON of its proto (`actions[].input_schema_json` and so on).
 *
 * @module
 */
import type { PluginAction, PluginHook, PluginLimits, PluginManifest, PluginPermissions } from "../../contracts/mod.ts";
import { isScope, SCOPES } from "../../core/caller.ts";
import { invalidField } from "../../core/errors.ts";
import { text } from "../../core/fields.ts";
import { limits } from "../../core/limits.ts";
import { readCron } from "./cron.ts";
import { checkUnique, JsonObject, shown } from "./json_fields.ts";
import { readPermissions } from "./permissions.ts";
import { readSchema } from "./schema.ts";

/** The events that a plugin can be asked or told about, or called at. */
export const EVENTS = ["message.before_create", "message.after_create", "message.after_delete", "command", "ai.tool", "schedule"] as const;

/** The most that a plugin may ask to use up; what it does not ask for is the server's default. */
export const LIMIT_CEILINGS: PluginLimits = {
  // What one plugin may take of a small machine.
  memoryBytes: 1_073_741_824,
  // The longest deadline of a unary call, by default.
  ...{ callMs: 60_000, cpuMs: 60_000 },
  // What a gRPC message holds.
  outputBytes: 4_194_304,
  // Of a server of its own; in the sandbox each is a process, so it is less there.
  concurrency: 256,
};
const MIN_MEMORY_BYTES = 16_777_216;

/** The form of a plugin's name, an action's and a command's. */
export const NAME = /^[a-z][a-z0-9-]{0,63}$/;
const NAME_WANTED = '1 to 64 of a-z, 0-9 and "-", beginning with a letter';
/** A plugin writes under its name. */
const TAKEN_NAMES: readonly string[] = ["assistant"];
const SEMVER =
  /^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})(-((0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(\.(0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*))?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/;
const MAX_VERSION_BYTES = 128;
const MAX_DESCRIPTION_BYTES = 4_096;
const MAX_ACTIONS = 64;
const MAX_HOOKS = 64;
const MAX_SCHEMA_BYTES = 65_536;
/** Every server keeps the manifests of all plugins in memory. */
const MAX_MANIFEST_UNITS = 262_144;
const MAX_ORDER = 1_000_000;

const CALLING: readonly string[] = ["command", "ai.tool", "schedule"];

/** Reads a manifest. Throws `invalid_argument` that names the place and the value; `reservedEnv` are the names that no plugin may read. */
export function readManifest(path: string, value: unknown, reservedEnv: ReadonlySet<string>): PluginManifest {
  const object = new JsonObject(path, value, ["name", "version", "description", "actions", "hooks", "permissions", "limits"]);
  const actions = object.list("actions", MAX_ACTIONS, readAction);
  checkUnique(object.at("actions"), actions, ({ name }) => name);
  const hooks = object.list("hooks", MAX_HOOKS, (at, item) => readHook(at, item, actions));
  checkUnique(object.at("hooks"), hooks, hookKey);
  if (isTooLong(value)) throw invalidField(path, `must be at most ${MAX_MANIFEST_UNITS} characters as JSON, got more`);
  if (actions.length + hooks.length === 0) throw invalidField(path, "must have an action or a hook, got neither");
  return {
    name: readName(object),
    version: readVersion(object),
    description: object.text("description", { maxBytes: MAX_DESCRIPTION_BYTES }),
    ...{ actions, hooks },
    permissions: readPermissions(object.at("permissions"), object.raw("permissions") ?? {}, reservedEnv),
    limits: readLimits(object.at("limits"), object.raw("limits") ?? {}),
  };
}

function readName(object: JsonObject): string {
  const name = object.matching("name", NAME, NAME_WANTED);
  if (TAKEN_NAMES.includes(name)) {
    throw invalidField(object.at("name"), `must not be a name that this system writes under, got ${shown(name)}`);
  }
  return name;
}

function isTooLong(value: unknown): boolean {
  return JSON.stringify(value).length > MAX_MANIFEST_UNITS;
}

function readVersion(object: JsonObject): string {
  const version = object.matching("version", SEMVER, "a version as semver.org has it, such as 1.0.0");
  return text(object.at("version"), version, { minBytes: 1, maxBytes: MAX_VERSION_BYTES });
}

function readAction(path: string, value: unknown): PluginAction {
  const object = new JsonObject(path, value, [
    "name",
    "description",
    "input_schema_json",
    "output_schema_json",
    "streams",
    "read_only",
    "scope",
  ]);
  return {
    name: object.matching("name", NAME, NAME_WANTED),
    description: object.text("description", { maxBytes: MAX_DESCRIPTION_BYTES }),
    ...{ inputSchemaJson: schemaText(object, "input_schema_json"), outputSchemaJson: schemaText(object, "output_schema_json") },
    ...{ streams: object.flag("streams"), readOnly: object.flag("read_only"), scope: readScope(object) },
  };
}

function readScope(object: JsonObject): string {
  const scope = object.raw("scope");
  if (scope === undefined || scope === "") return "";
  if (typeof scope === "string" && isScope(scope)) return scope;
  throw invalidField(object.at("scope"), `must be empty or one of ${SCOPES.join(", ")}, got ${shown(scope)}`);
}

function schemaText(object: JsonObject, key: string): string {
  const json = object.text(key, { maxBytes: MAX_SCHEMA_BYTES });
  readSchema(object.at(key), json);
  return json;
}

function readHook(path: string, value: unknown, actions: readonly PluginAction[]): PluginHook {
  const keys = ["event", "order", "on_failure", "action", "command", "cron", "rooms", "timeout_ms"];
  const object = new JsonObject(path, value, keys);
  const event = EVENTS.find((known) => known === object.raw("event"));
  if (event === undefined) throw invalidField(object.at("event"), `must be one of ${EVENTS.join(", ")}, got ${shown(object.raw("event"))}`);
  const only = (key: string, events: readonly string[]) => {
    const found = object.raw(key);
    const isEmpty = found === undefined || found === "" || (Array.isArray(found) && found.length === 0);
    if (!isEmpty && !events.includes(event)) {
      throw invalidField(object.at(key), `must be empty with the event ${event}, got ${shown(found)}`);
    }
    return events.includes(event);
  };
  const readRoom = (at: string, item: unknown) => text(at, item, { minBytes: 1, maxBytes: limits.nameBytes });
  const asks = only("on_failure", ["message.before_create"]);
  only("rooms", EVENTS.filter((name) => name.startsWith("message.") || name === "command"));
  return {
    event,
    order: object.integer("order", { min: -MAX_ORDER, max: MAX_ORDER }),
    onFailure: asks ? object.raw("on_failure") === "" ? "open" : object.word("on_failure", ["open", "closed"]) : "",
    action: only("action", CALLING) ? readTarget(object, actions) : "",
    command: only("command", ["command"]) ? object.matching("command", NAME, NAME_WANTED) : "",
    cron: only("cron", ["schedule"]) ? readSchedule(object) : "",
    rooms: object.list("rooms", 100, readRoom),
    timeoutMs: object.integer("timeout_ms", { max: LIMIT_CEILINGS.callMs }),
  };
}

function readTarget(object: JsonObject, actions: readonly PluginAction[]): string {
  const name = object.raw("action");
  const found = actions.find((action) => action.name === name);
  if (found === undefined) throw invalidField(object.at("action"), `must be one of the manifest's actions, got ${shown(name)}`);
  if (found.streams) throw invalidField(object.at("action"), `must be an action that does not stream, got ${shown(name)}`);
  return found.name;
}

function readSchedule(object: JsonObject): string {
  const cron = object.text("cron", { maxBytes: 256 });
  readCron(object.at("cron"), cron);
  return cron;
}

/** Two hooks of one key would be the same question twice. */
function hookKey({ event, action, command, cron }: PluginHook): string {
  if (event === "command") return `command ${command}`;
  if (event === "ai.tool") return `ai.tool ${action}`;
  return event === "schedule" ? `schedule ${action} ${cron}` : event;
}

function readLimits(path: string, value: unknown): PluginLimits {
  const object = new JsonObject(path, value, ["memory_bytes", "call_ms", "cpu_ms", "output_bytes", "concurrency"]);
  const found = {
    memoryBytes: object.integer("memory_bytes", { max: LIMIT_CEILINGS.memoryBytes }),
    callMs: object.integer("call_ms", { max: LIMIT_CEILINGS.callMs }),
    cpuMs: object.integer("cpu_ms", { max: LIMIT_CEILINGS.cpuMs }),
    outputBytes: object.integer("output_bytes", { max: LIMIT_CEILINGS.outputBytes }),
    concurrency: object.integer("concurrency", { max: LIMIT_CEILINGS.concurrency }),
  };
  if (found.memoryBytes > 0 && found.memoryBytes < MIN_MEMORY_BYTES) {
    throw invalidField(
      object.at("memory_bytes"),
      `must be 0 or at least ${MIN_MEMORY_BYTES}, which a program takes to start, got ${found.memoryBytes}`,
    );
  }
  return found;
}

/** A manifest as the JSON of its proto, without what is empty. */
export function manifestJson({ permissions, limits, actions, hooks, ...rest }: PluginManifest): Readonly<Record<string, unknown>> {
  return withoutEmpty({
    ...rest,
    actions: actions.map((action) => withoutEmpty({ ...action })),
    hooks: hooks.map((hook) => withoutEmpty({ ...hook })),
    permissions: permissionsJson(permissions),
    limits: withoutEmpty({ ...limits }),
  });
}

function permissionsJson(permissions: PluginPermissions | undefined): Readonly<Record<string, unknown>> {
  return withoutEmpty({ ...permissions });
}

function withoutEmpty(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const kept = Object.entries(fields).filter(([, value]) => !isEmpty(value));
  return Object.fromEntries(kept.map(([name, value]) => [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value]));
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === "object" && value !== null ? Object.keys(value).length === 0 : !value;
}
