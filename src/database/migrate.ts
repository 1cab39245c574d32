import { ChatError } from "../core/errors.ts";
import type { Log } from "../observability/log.ts";
import { type Migration, migrations } from "./migrations/mod.ts";
import type { Session } from "./session.ts";

/** Any fixed number: whoever migrates this schema takes this advisory lock first. */
const LOCK_KEY = 7_236_401_582;

/**
 * Brings the database up to this program's schema, in one transaction under an advisory lock: of several that start at once, one migrates
 * and the others find it done. Throws `failed_precondition` for a database that a newer program has migrated.
 */
export async function migrate(session: Session, log: Log): Promise<void> {
  await session.query("begin", []);
  try {
    const applied = await applyMissing(session);
    await session.query("commit", []);
    for (const { name } of applied) log.info("Migrated the database", { migration: name });
  } catch (error) {
    await session.query("rollback", []).catch(() => {}); // the first error is the one to tell
    throw error;
  }
}

async function applyMissing(session: Session): Promise<readonly Migration[]> {
  await session.query("select pg_advisory_xact_lock($1::int8)", [LOCK_KEY]);
  // Asked, not "if not exists", which would send a notice to every log at every start.
  const { rows: [found] } = await session.query("select to_regclass('schema_migrations') is not null as present", []);
  if (found?.["present"] !== true) {
    await session.query(
      "create table schema_migrations (version int4 primary key, name text not null, applied_at timestamptz not null default now())",
      [],
    );
  }
  const { rows: [row] } = await session.query("select coalesce(max(version), 0) as version from schema_migrations", []);
  const version = Number(row?.["version"]);
  if (version > migrations.length) throw newerError(version);
  const missing = migrations.slice(version);
  for (const [index, { name, sql }] of missing.entries()) {
    await session.query(sql, []);
    await session.query("insert into schema_migrations (version, name) values ($1, $2)", [version + index + 1, name]);
  }
  return missing;
}

function newerError(version: number): ChatError {
  return new ChatError(
    "failed_precondition",
    `The database has schema version ${version}, this program knows up to ${migrations.length}: run a newer program`,
  );
}
