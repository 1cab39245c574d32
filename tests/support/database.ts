import type { DatabaseConfig } from "../../src/config/config.ts";
import type { Database } from "../../src/database/database.ts";
import { openDatabase } from "../../src/database/open.ts";
import { testLog } from "./log.ts";
import { createTestDatabase } from "./postgres.ts";
import { copyTree } from "./postgres_binaries.ts";
import { type TempDir, tempDir } from "./temp_dir.ts";

/** What a database test is handed: a database with the schema and no rows. */
export interface OpenedDatabase {
  readonly kind: Database["kind"];
  readonly database: Database;
  /** Opens the same database once more, when `database` is closed or is Postgres. */
  readonly config: DatabaseConfig;
}

/** The settings of a database that goes with its scope. */
export interface DatabasePlace extends AsyncDisposable {
  readonly config: DatabaseConfig;
  /** The same for a process. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Registers the same test for PGlite and for Postgres, each with a database of its own; make steps with `t.step`, in rooms of their own, because
 * opening a database costs up to a second.
 */
export function eachDatabase(name: string, run: (t: Deno.TestContext, opened: OpenedDatabase) => Promise<void>): void {
  for (const [kind, label] of [["pglite", "PGlite"], ["postgres", "Postgres"]] as const) {
    Deno.test(`${name} (${label})`, async (t) => {
      await using place = await databasePlace(kind);
      const database = await openDatabase(place.config, { log: testLog() });
      try {
        await run(t, { kind, database, config: place.config });
      } finally {
        await database.close();
      }
    });
  }
}

/** A place for a database of this kind; nothing is open yet. */
export async function databasePlace(kind: Database["kind"]): Promise<DatabasePlace> {
  if (kind === "postgres") {
    const { url, drop } = await createTestDatabase();
    return { config: { kind, url, poolSize: 10, statementTimeoutMs: 5_000 }, env: { DATABASE_URL: url }, [Symbol.asyncDispose]: drop };
  }
  const directory = await dataDir();
  const { path } = directory;
  return { config: { kind, dataDir: path }, env: { DATA_DIR: path }, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
}

/** A data folder as a server's first start leaves it, for a process or for `DATA_DIR`. */
export async function dataDir(): Promise<TempDir> {
  const directory = await tempDir();
  fillDataDir(directory.path);
  return directory;
}

/** Makes a folder such a one. */
export function fillDataDir(path: string): void {
  const template = Deno.env.get("TEST_PGLITE_TEMPLATE");
  // Making a PGlite database takes seconds, so `deno task test` makes one to copy.
  if (template) copyTree(template, path);
}
