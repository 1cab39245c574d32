/**
 * The values that plugins keep in the database: the same ones on every server.
 *
 * @module
 */
import { type Kysely, sql } from "kysely";
import type { StorageEntry, StorageRequest, StorageResponse } from "../../contracts/mod.ts";
import { ChatError, invalidField } from "../../core/errors.ts";
import { integer, optionalText, text } from "../../core/fields.ts";
import type { Schema } from "../../database/schema.ts";

/** What each plugin is held to; bytes are bytes of UTF-8. */
export const STORAGE_LIMITS = {
  keyBytes: 256,
  valueBytes: 65_536,
  /** Of all keys and values of a plugin. */
  allBytes: 16_777_216,
  keys: 10_000,
  pageDefault: 100,
  pageMax: 1_000,
  /** A page ends before its values outgrow this, with one value at least: it must fit into a message. */
  pageBytes: 1_048_576,
} as const;

const OPERATIONS = ["get", "set", "delete", "list"];
const LONGEST_VERSION = Number.MAX_SAFE_INTEGER;
const utf8 = new TextEncoder();

/** Reads or changes a value of a plugin. Throws `resource_exhausted` for more than it may keep. */
export async function useStorage(db: Kysely<Schema>, plugin: string, request: Partial<StorageRequest>): Promise<StorageResponse> {
  const operation = request.operation ?? "";
  if (!OPERATIONS.includes(operation)) {
    throw invalidField("operation", `must be one of ${OPERATIONS.join(", ")}, got ${JSON.stringify(operation.slice(0, 32))}`);
  }
  if (operation === "list") return await list(db, plugin, request);
  const key = text("key", request.key ?? "", { minBytes: 1, maxBytes: STORAGE_LIMITS.keyBytes });
  if (operation === "get") {
    const found = await read(db, plugin, key);
    return { success: true, entries: found === undefined ? [] : [found], hasMore: false };
  }
  const ifVersion = request.ifVersion === undefined ? undefined : integer("if_version", request.ifVersion, { max: LONGEST_VERSION });
  const value = operation === "delete"
    ? undefined
    : text("value", request.value ?? "", { minBytes: 0, maxBytes: STORAGE_LIMITS.valueBytes });
  return await change(db, plugin, { key, value, ifVersion });
}

/** Whether a request changes nothing. */
export function isReading({ operation }: Partial<StorageRequest>): boolean {
  return operation === "get" || operation === "list";
}

/** Forgets everything that a plugin keeps, in the caller's transaction. */
export async function clearStorage(db: Kysely<Schema>, plugin: string): Promise<void> {
  // The lock first, as whoever changes a value takes it.
  await db.deleteFrom("plugin_storage_use").where("plugin", "=", plugin).execute();
  await db.deleteFrom("plugin_storage").where("plugin", "=", plugin).execute();
}

interface Change {
  readonly key: string;
  /** Undefined: the value goes. */
  readonly value: string | undefined;
  readonly ifVersion: number | undefined;
}

async function read(db: Kysely<Schema>, plugin: string, key: string): Promise<StorageEntry | undefined> {
  return await db.selectFrom("plugin_storage").select(["key", "value", "version"]).where("plugin", "=", plugin).where("key", "=", key)
    .executeTakeFirst();
}

async function change(db: Kysely<Schema>, plugin: string, { key, value, ifVersion }: Change): Promise<StorageResponse> {
  return await db.transaction().execute(async (trx) => {
    const used = await lockUse(trx, plugin);
    const before = await read(trx, plugin, key);
    const holds = ifVersion === undefined || ifVersion === (before?.version ?? 0);
    if (!holds || (value === undefined && before === undefined)) {
      return { success: false, entries: before === undefined ? [] : [before], hasMore: false };
    }
    const after = value === undefined ? undefined : { key, value, version: (before?.version ?? 0) + 1 };
    const use = { keys: used.keys + count(after) - count(before), bytes: used.bytes + size(after) - size(before) };
    if (after !== undefined) requireRoomFor(use, used);
    if (after === undefined) await trx.deleteFrom("plugin_storage").where("plugin", "=", plugin).where("key", "=", key).execute();
    else {
      await trx.insertInto("plugin_storage").values({ plugin, ...after })
        .onConflict((conflict) => conflict.columns(["plugin", "key"]).doUpdateSet({ value: after.value, version: after.version }))
        .execute();
    }
    await trx.updateTable("plugin_storage_use").set(use).where("plugin", "=", plugin).execute();
    return { success: true, entries: after === undefined ? [] : [after], hasMore: false };
  });
}

interface Use {
  readonly keys: number;
  readonly bytes: number;
}

/** What the plugin keeps; nobody else changes it before the transaction ends. */
async function lockUse(trx: Kysely<Schema>, plugin: string): Promise<Use> {
  const { rows: [found] } = await sql<Use>`select keys, bytes from plugin_storage_use where plugin = ${plugin} for update`.execute(trx);
  if (found !== undefined) return found;
  const { rows: [made] } = await sql<Use>`
    insert into plugin_storage_use (plugin, keys, bytes) values (${plugin}, 0, 0)
    on conflict (plugin) do update set keys = plugin_storage_use.keys returning keys, bytes`.execute(trx);
  return made ?? { keys: 0, bytes: 0 };
}

/** Whoever is above already may still make values smaller. */
function requireRoomFor(use: Use, used: Use): void {
  const { keys, allBytes } = STORAGE_LIMITS;
  if (use.keys > keys && use.keys > used.keys) {
    throw new ChatError("resource_exhausted", `A plugin may keep ${keys} values, and has as many`);
  }
  if (use.bytes > allBytes && use.bytes > used.bytes) {
    throw new ChatError("resource_exhausted", `A plugin may keep ${allBytes} bytes in all, and this value would make it ${use.bytes}`);
  }
}

async function list(db: Kysely<Schema>, plugin: string, request: Partial<StorageRequest>): Promise<StorageResponse> {
  const { keyBytes, pageDefault, pageMax, pageBytes } = STORAGE_LIMITS;
  const prefix = optionalText("key", request.key, keyBytes) ?? "";
  const afterKey = optionalText("after_key", request.afterKey, keyBytes) ?? "";
  const limit = integer("limit", request.limit ?? 0, { max: pageMax }) || pageDefault;
  const { rows } = await sql<StorageEntry & { readonly found: number }>`
    select key, value, version, found from (
      select key, value, version, count(*) over () as found, row_number() over keys as place,
        sum(octet_length(key) + octet_length(value)) over keys as bytes
      from plugin_storage where plugin = ${plugin} and key >= ${prefix} and key > ${afterKey} and starts_with(key, ${prefix})
      window keys as (order by key)) page
    where place <= ${limit}::int and (place = 1 or bytes <= ${pageBytes}::int) order by key`.execute(db);
  const entries = rows.map(({ key, value, version }) => ({ key, value, version }));
  return { success: true, entries, hasMore: entries.length < (rows[0]?.found ?? 0) };
}

function count(entry: StorageEntry | undefined): number {
  return entry === undefined ? 0 : 1;
}

function size(entry: StorageEntry | undefined): number {
  return entry === undefined ? 0 : utf8.encode(entry.key).length + utf8.encode(entry.value).length;
}
