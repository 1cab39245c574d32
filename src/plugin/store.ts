/**
 * Plugins in the database. Every change is made under the lock of one row, whose number grows with it: so of two installations at once one comes after
 * the other, and servers see that there is something new by reading one number.
 *
 * @module
 */
import { type Kysely, sql, type Transaction } from "kysely";
import type { PluginManifest, PluginPermissions, PluginSignature, PluginVersion } from "../contracts/mod.ts";
import { ChatError } from "../core/errors.ts";
import type { Schema } from "../database/schema.ts";
import { forgetEvents } from "./hooks/after/positions.ts";
import { clearStorage } from "./host/storage.ts";

/** Versions of a plugin that can be gone back to, the one in force among them. */
export const KEPT_VERSIONS = 10;
/** Each may be a process and a few megabytes. */
const MAX_PLUGINS = 200;
const ALL = "all";

/** A version, without its archive. */
export interface StoredVersion {
  readonly name: string;
  readonly digest: string;
  readonly version: string;
  readonly manifest: PluginManifest;
  readonly remote: boolean;
  readonly signatures: readonly PluginSignature[];
  readonly granted: PluginPermissions;
}

/** A plugin with its version in force. */
export interface StoredPlugin extends StoredVersion {
  readonly enabled: boolean;
  readonly problem: string;
  /** It is disabled because it failed too often. */
  readonly failed: boolean;
  readonly builtIn: boolean;
  readonly installedAtMs: number;
  readonly updatedAtMs: number;
  /** Names its data: another one stands for other data. */
  readonly dataId: number;
}

/** What is to be put in force: a new version with its archive, or one that is there. */
export interface Installation {
  readonly version: StoredVersion;
  /** Absent: the version is there. */
  readonly archive?: Uint8Array;
  readonly builtIn: boolean;
  readonly disabled: boolean;
  readonly installedBy: string;
  /** Looked at under the lock, with the plugin as it stands then; throws what is in the way, and nothing is changed. */
  readonly check: (current: StoredPlugin | undefined) => void;
}

/** The number that grows with each change. */
export async function readChange(db: Kysely<Schema>): Promise<number> {
  const row = await db.selectFrom("plugin_changes").select("version").where("scope", "=", ALL).executeTakeFirst();
  return row?.version ?? 0;
}

function selectPlugins(db: Kysely<Schema>) {
  return db.selectFrom("plugins as p")
    .innerJoin("plugin_versions as v", (join) => join.onRef("v.name", "=", "p.name").onRef("v.digest", "=", "p.digest"))
    .leftJoin("plugin_data as d", "d.name", "p.name")
    .select(["p.name", "p.digest", "p.enabled", "p.problem", "p.failed", "p.built_in", "p.installed_at_ms", "p.updated_at_ms", "d.data_id"])
    .select(["v.version", "v.manifest", "v.remote", "v.signatures", "v.granted"])
    .orderBy("p.name");
}

type PluginRow = Awaited<ReturnType<ReturnType<typeof selectPlugins>["execute"]>>[number];

/** Every plugin, in the order of their names. */
export async function readPlugins(db: Kysely<Schema>): Promise<readonly StoredPlugin[]> {
  return (await selectPlugins(db).execute()).map(toPlugin);
}

/** A page of plugins; of those with a hook of an event, if one is given. */
export async function listPlugins(
  db: Kysely<Schema>,
  { limit, afterName, event }: { readonly limit: number; readonly afterName: string; readonly event: string },
): Promise<readonly StoredPlugin[]> {
  const query = selectPlugins(db).where("p.name", ">", afterName).limit(limit);
  return (await (event === "" ? query : query.where(sql<boolean>`${event} = any(v.events)`)).execute()).map(toPlugin);
}

/** One plugin. */
export async function readPlugin(db: Kysely<Schema>, name: string): Promise<StoredPlugin | undefined> {
  const row = await selectPlugins(db).where("p.name", "=", name).executeTakeFirst();
  return row === undefined ? undefined : toPlugin(row);
}

/** The versions that can be gone back to, newest first. */
export async function readVersions(db: Kysely<Schema>, name: string): Promise<readonly PluginVersion[]> {
  const rows = await db.selectFrom("plugin_versions").select(["version", "digest", "installed_at_ms", "installed_by"])
    .where("name", "=", name).orderBy("installed_at_ms", "desc").orderBy("digest").execute();
  return rows.map((row) => ({
    version: row.version,
    digest: row.digest,
    installedAtMs: row.installed_at_ms,
    installedBy: row.installed_by,
  }));
}

/** A version that was installed before. */
export async function findVersion(db: Kysely<Schema>, digest: string): Promise<StoredVersion | undefined> {
  const row = await db.selectFrom("plugin_versions").select(["name", "digest", "version", "manifest", "remote", "signatures", "granted"])
    .where("digest", "=", digest).executeTakeFirst();
  return row === undefined ? undefined : toVersion(row);
}

/** A version's archive. */
export async function readStoredArchive(
  db: Kysely<Schema>,
  { name, digest }: Pick<StoredVersion, "name" | "digest">,
): Promise<Uint8Array | undefined> {
  const row = await db.selectFrom("plugin_versions").select("archive").where("name", "=", name).where("digest", "=", digest)
    .executeTakeFirst();
  return row?.archive;
}

/** Puts a version in force. */
export async function install(db: Kysely<Schema>, installation: Installation): Promise<void> {
  const { version, builtIn, disabled, check } = installation;
  await change(db, async (trx) => {
    const current = await readPlugin(trx, version.name);
    check(current);
    if (current?.digest === version.digest) return false;
    if (current === undefined) await requirePlace(trx);
    const atMs = Date.now();
    await storeVersion(trx, installation, atMs);
    const row = { digest: version.digest, enabled: !disabled, problem: "", failed: false, built_in: builtIn, updated_at_ms: atMs };
    await trx.insertInto("plugins").values({ ...row, name: version.name, installed_at_ms: atMs })
      .onConflict((conflict) => conflict.column("name").doUpdateSet(row)).execute();
    await dropOldVersions(trx, version);
    return true;
  });
}

async function requirePlace(trx: Transaction<Schema>): Promise<void> {
  const { count } = await trx.selectFrom("plugins").select(({ fn }) => fn.countAll<number>().as("count")).executeTakeFirstOrThrow();
  if (Number(count) >= MAX_PLUGINS) throw new ChatError("resource_exhausted", `${count} plugins are installed, as many as may`);
}

async function storeVersion(trx: Transaction<Schema>, { version, archive, installedBy }: Installation, atMs: number): Promise<void> {
  const { name, digest } = version;
  if (archive === undefined) {
    const { numUpdatedRows } = await trx.updateTable("plugin_versions").set({ granted: JSON.stringify(version.granted) })
      .where("name", "=", name).where("digest", "=", digest).executeTakeFirst();
    if (numUpdatedRows === 0n) {
      throw new ChatError("not_found", `There is no version ${digest} of plugin "${name}" any more`, { field: "digest" });
    }
  } else {
    const row = {
      installed_at_ms: atMs,
      installed_by: installedBy,
      signatures: signaturesJson(version),
      granted: JSON.stringify(version.granted),
    };
    await trx.insertInto("plugin_versions").values({
      ...{ ...row, name, digest, version: version.version, manifest: JSON.stringify(version.manifest), remote: version.remote, archive },
      events: [...new Set(version.manifest.hooks.map(({ event }) => event))],
    }).onConflict((conflict) => conflict.columns(["name", "digest"]).doUpdateSet(row)).execute();
  }
  await sql`insert into plugin_data (name, data_id) select ${name}, coalesce((select version from plugin_changes), 0) + 1
    on conflict (name) do nothing`.execute(trx);
}

/** Adds signatures to a version that is there; of two by one key the later counts. */
export async function sign(
  db: Kysely<Schema>,
  { name, digest }: Pick<StoredVersion, "name" | "digest">,
  signatures: readonly PluginSignature[],
): Promise<void> {
  await change(db, async (trx) => {
    const before = (await findVersion(trx, digest))?.signatures;
    if (before === undefined) return false;
    const all = [...new Map([...before, ...signatures].map((signature) => [signature.keyId, signature])).values()];
    const [was, is] = [signaturesJson({ signatures: before }), signaturesJson({ signatures: all })];
    if (was === is) return false;
    await trx.updateTable("plugin_versions").set({ signatures: is }).where("name", "=", name).where("digest", "=", digest).execute();
    return true;
  });
}

function signaturesJson({ signatures }: Pick<StoredVersion, "signatures">): string {
  return JSON.stringify(signatures.map(({ keyId, signature }) => ({ key_id: keyId, signature: signature.toBase64() })));
}

async function dropOldVersions(trx: Transaction<Schema>, { name, digest }: StoredVersion): Promise<void> {
  await sql`delete from plugin_versions where name = ${name} and digest <> ${digest} and digest not in (
    select digest from plugin_versions where name = ${name} and digest <> ${digest}
    order by installed_at_ms desc, digest limit ${KEPT_VERSIONS - 1})`.execute(trx);
}

/** Lets a plugin run or not; only while it has this digest, if one is given. False: there is none such. */
export async function setEnabled(
  db: Kysely<Schema>,
  name: string,
  { enabled, problem, failed = false, ifDigest }: {
    readonly enabled: boolean;
    readonly problem: string;
    readonly failed?: boolean;
    readonly ifDigest?: string;
  },
): Promise<boolean> {
  let found = false;
  await change(db, async (trx) => {
    const current = await readPlugin(trx, name);
    found = current !== undefined && (ifDigest === undefined || current.digest === ifDigest);
    if (!found || (current?.enabled === enabled && current.problem === problem && current.failed === failed)) return false;
    await trx.updateTable("plugins").set({ enabled, problem, failed, updated_at_ms: Date.now() }).where("name", "=", name).execute();
    return true;
  });
  return found;
}

/** Removes a plugin with its versions, and with what is its own unless that is kept; undefined: there is none. */
export async function remove(
  db: Kysely<Schema>,
  name: string,
  { keepData, check }: { readonly keepData: boolean; readonly check: (current: StoredPlugin) => void },
): Promise<StoredPlugin | undefined> {
  let found: StoredPlugin | undefined;
  await change(db, async (trx) => {
    found = await readPlugin(trx, name);
    if (found === undefined) return false;
    check(found);
    await trx.deleteFrom("plugins").where("name", "=", name).execute();
    await trx.deleteFrom("plugin_versions").where("name", "=", name).execute();
    await forgetEvents(trx, name);
    if (!keepData) {
      await trx.deleteFrom("plugin_data").where("name", "=", name).execute();
      await clearStorage(trx, name);
    }
    return true;
  });
  return found;
}

/** Which data belong to somebody, plugins that are gone but have left theirs among them. */
export async function readDataIds(db: Kysely<Schema>): Promise<ReadonlyMap<string, number>> {
  return new Map((await db.selectFrom("plugin_data").selectAll().execute()).map(({ name, data_id }) => [name, data_id]));
}

/** Works under the lock; the number grows if it says that it has changed anything. */
async function change(db: Kysely<Schema>, work: (trx: Transaction<Schema>) => Promise<boolean>): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await sql`insert into plugin_changes (scope, version) values (${ALL}, 0)
      on conflict (scope) do update set version = plugin_changes.version`.execute(trx);
    if (await work(trx)) await sql`update plugin_changes set version = version + 1 where scope = ${ALL}`.execute(trx);
  });
}

function toVersion(row: Pick<PluginRow, "name" | "digest" | "version" | "manifest" | "remote" | "signatures" | "granted">): StoredVersion {
  return {
    ...{ name: row.name, digest: row.digest, version: row.version, remote: row.remote },
    manifest: row.manifest as unknown as PluginManifest,
    granted: row.granted as unknown as PluginPermissions,
    signatures: row.signatures.map(({ key_id, signature }) => ({ keyId: key_id, signature: Uint8Array.fromBase64(signature) })),
  };
}

function toPlugin(row: PluginRow): StoredPlugin {
  return {
    ...toVersion(row),
    ...{ enabled: row.enabled, problem: row.problem, failed: row.failed, builtIn: row.built_in, dataId: row.data_id ?? 0 },
    ...{ installedAtMs: row.installed_at_ms, updatedAtMs: row.updated_at_ms },
  };
}
