import postgres from "postgres";
import { startPostgresServer } from "./postgres_server.ts";

export { type PostgresServer, startPostgresServer } from "./postgres_server.ts";

/** An empty database in the server that the tests share. */
export interface TestDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/**
 * The shared server: `TEST_DATABASE_URL`, which `deno task test` sets, or one started here, when a file of tests is run by itself; that one ends
 * with the process. Started while the module loads, so that it belongs to no single test.
 */
const serverUrl = Deno.env.get("TEST_DATABASE_URL") || (await startPostgresServer({ fsync: false })).url;

/** Makes a fresh database; `drop` also ends its connections. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `test_${crypto.randomUUID().replaceAll("-", "")}`;
  await administer(`create database ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => administer(`drop database if exists ${name} with (force)`) };
}

/** Runs `use` with a fresh database and drops it afterwards. */
export async function withPostgres<T>(use: (url: string) => Promise<T>): Promise<T> {
  const database = await createTestDatabase();
  try {
    return await use(database.url);
  } finally {
    await database.drop();
  }
}

async function administer(statement: string): Promise<void> {
  const sql = postgres(serverUrl, { max: 1, onnotice: () => {} });
  try {
    await sql.unsafe(statement);
  } finally {
    await sql.end();
  }
}
