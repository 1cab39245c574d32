/**
 * What a plugin may ask for, in a form that can be compared: hosts in small letters, each thing once, sorted.
 *
 * @module
 */
import type { PluginPermissions } from "../../contracts/mod.ts";
import { invalidField } from "../../core/errors.ts";
import { text } from "../../core/fields.ts";
import { isPublic } from "../../core/hosts.ts";
import { ipBytes } from "../../core/ip.ts";
import { limits } from "../../core/limits.ts";
import { JsonObject, shown } from "./json_fields.ts";

/** Everything that a plugin can ask of the system. */
export const CAPABILITIES = ["messages.read", "messages.post", "documents.search", "ai.generate", "storage"] as const;

/** What nobody is granted. */
export const NO_PERMISSIONS: PluginPermissions = { net: [], env: [], data: false, capabilities: [], rooms: [] };

const KEYS = ["net", "env", "data", "capabilities", "rooms"];
const MAX_HOSTS = 32;
const MAX_VARIABLES = 32;
const MAX_ROOMS = 100;
/** They would change how the plugin's process itself behaves. */
const STEERING = /^(DENO_|NODE_|LD_|DYLD_|V8_|GLIBC_|MALLOC_)|^(PATH|HOME|TMPDIR|NO_COLOR|FORCE_COLOR|SSLKEYLOGFILE)$/i;

/** Reads permissions; `reservedEnv` are the names that no plugin may read. */
export function readPermissions(path: string, value: unknown, reservedEnv: ReadonlySet<string>): PluginPermissions {
  const object = new JsonObject(path, value, KEYS);
  const capability = (at: string, item: unknown): string => {
    const found = CAPABILITIES.find((known) => known === item);
    if (found === undefined) throw invalidField(at, `must be one of ${CAPABILITIES.join(", ")}, got ${shown(item)}`);
    return found;
  };
  return {
    net: sorted(object.list("net", MAX_HOSTS, readHost)),
    env: sorted(object.list("env", MAX_VARIABLES, (at, item) => readVariable(at, item, reservedEnv))),
    data: object.flag("data"),
    capabilities: sorted(object.list("capabilities", CAPABILITIES.length, capability)),
    rooms: sorted(object.list("rooms", MAX_ROOMS, (at, item) => text(at, item, { minBytes: 1, maxBytes: limits.nameBytes }))),
  };
}

function sorted(items: readonly string[]): readonly string[] {
  return [...new Set(items)].sort();
}

/** A host or a host with its port. There are no wildcards: who reads what is granted shall see every host. */
function readHost(path: string, value: unknown): string {
  const item = text(path, value, { minBytes: 1, maxBytes: 263 }).toLowerCase();
  const [, host = "", port] = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/.exec(item) ?? [];
  const bare = host.replace(/^\[|\]$/g, "");
  const isNumber = ipBytes(bare) !== undefined && (host.startsWith("[") === bare.includes(":"));
  const isName = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/.test(host) &&
    !/(^|\.)[0-9.]+$/.test(host);
  if (!(isNumber || isName) || (port !== undefined && !(Number(port) >= 1 && Number(port) <= 65_535))) {
    throw invalidField(path, `must be a host or host:port without wildcards, got ${shown(value)}`);
  }
  const isHere = !isPublic(bare) || bare === "0.0.0.0" || bare === "::" || host.endsWith(".localhost");
  if (isHere && (port === undefined || !isNumber)) {
    throw invalidField(path, `must name this machine by number and port, such as 127.0.0.1:8080, got ${shown(value)}`);
  }
  return item;
}

function readVariable(path: string, value: unknown, reserved: ReadonlySet<string>): string {
  const name = text(path, value, { minBytes: 1, maxBytes: 128 });
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw invalidField(path, `must be the name of an environment variable, got ${shown(name)}`);
  if (reserved.has(name)) throw invalidField(path, `must not be a setting of the server, got ${shown(name)}`);
  if (STEERING.test(name)) throw invalidField(path, `must not be a variable that steers the plugin's own process, got ${shown(name)}`);
  return name;
}

/** What is asked for and not granted; undefined: nothing is missing. */
export function missingPermissions(asked: PluginPermissions, granted: PluginPermissions): PluginPermissions | undefined {
  const lacks = (of: readonly string[], among: readonly string[]) => of.filter((item) => !among.includes(item));
  const missing = {
    net: lacks(asked.net, granted.net),
    env: lacks(asked.env, granted.env),
    data: asked.data && !granted.data,
    capabilities: lacks(asked.capabilities, granted.capabilities),
    rooms: granted.rooms.includes("*") ? [] : lacks(asked.rooms, granted.rooms),
  };
  return isNothing(missing) ? undefined : missing;
}

function isNothing({ net, env, data, capabilities, rooms }: PluginPermissions): boolean {
  return net.length + env.length + capabilities.length + rooms.length === 0 && !data;
}

/** Both together. */
export function joinPermissions(one: PluginPermissions, other: PluginPermissions): PluginPermissions {
  const join = (a: readonly string[], b: readonly string[]) => sorted([...a, ...b]);
  return {
    ...{ net: join(one.net, other.net), env: join(one.env, other.env), data: one.data || other.data },
    ...{ capabilities: join(one.capabilities, other.capabilities), rooms: join(one.rooms, other.rooms) },
  };
}

/** What somebody agrees to, who may leave fields out (over gRPC all of it is null then); a host matches in whatever letters it is written. */
export function grantedPermissions(given: Partial<PluginPermissions> | null | undefined): PluginPermissions {
  const { net = [], env = [], data = false, capabilities = [], rooms = [] } = given ?? {};
  return {
    net: sorted(net.map((host) => host.toLowerCase())),
    env: sorted(env),
    data,
    capabilities: sorted(capabilities),
    rooms: sorted(rooms),
  };
}

/** Permissions in words, for a sentence: `net api.example:443, data, capabilities storage`. */
export function permissionsInWords(permissions: PluginPermissions): string {
  const { data, ...lists } = permissions;
  const words = Object.entries(lists).filter(([, items]) => items.length > 0).map(([kind, items]) => `${kind} ${items.join(" and ")}`);
  return [...words, ...(data ? ["data"] : [])].join(", ") || "nothing";
}
