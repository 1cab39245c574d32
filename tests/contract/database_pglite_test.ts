import { assert, assertEquals, assertGreater, assertRejects, assertStringIncludes } from "@std/assert";
import { PGlite } from "@electric-sql/pglite";
import { sql } from "kysely";
import fs from "node:fs";
import { ChatError } from "../../src/core/errors.ts";
import type { Database } from "../../src/database/database.ts";
import { isConnectionLoss } from "../../src/database/errors.ts";
import { openDatabase } from "../../src/database/open.ts";
import { PGLITE_MAJOR } from "../../src/database/pglite/data_dir.ts";
import { DurableNodeFS } from "../../src/database/pglite/durable_fs.ts";
import { databasePlace } from "../support/database.ts";
import { WriterProcess } from "../support/database_writer_process.ts";
import { testLog } from "../support/log.ts";
import { tempDir } from "../support/temp_dir.ts";

/** Work for PGlite of half a second and more. */
const LONG_STATEMENT = sql`select count(*) from generate_series(1, 3000000)`;

async function open(dataDir: string): Promise<Database & AsyncDisposable> {
  const database = await openDatabase({ kind: "pglite", dataDir }, { log: testLog() });
  return Object.assign(database, { [Symbol.asyncDispose]: () => database.close() });
}

/** A folder with a database in it that nothing has open. */
async function place(): Promise<AsyncDisposable & { readonly dataDir: string }> {
  const { config, [Symbol.asyncDispose]: dispose } = await databasePlace("pglite");
  if (config.kind !== "pglite") throw new Error("Not a folder");
  return { dataDir: config.dataDir, [Symbol.asyncDispose]: dispose };
}

/** How often this thread comes to do something else while the statement runs. */
async function turnsDuring(database: Database): Promise<number> {
  let turns = 0;
  const timer = setInterval(() => turns++, 5);
  await LONG_STATEMENT.execute(database.kysely);
  clearInterval(timer);
  return turns;
}

Deno.test("openDatabase makes PGlite durable: fsync on commit, and a version that the directory check knows", async () => {
  await using folder = await place();
  await using database = await open(folder.dataDir);
  const { rows } = await sql<Record<string, string>>`
    select name, setting from pg_settings where name in ('fsync', 'wal_sync_method', 'synchronous_commit', 'full_page_writes')
    order by name collate "C"`.execute(database.kysely);
  assertEquals(rows.map(({ name, setting }) => `${name}=${setting}`), [
    "fsync=on",
    "full_page_writes=on",
    "synchronous_commit=on",
    "wal_sync_method=fsync",
  ]);
  const { rows: [version] } = await sql<{ server_version_num: string }>`show server_version_num`.execute(database.kysely);
  assertEquals(Math.floor(Number(version?.server_version_num) / 10_000), PGLITE_MAJOR);
});

Deno.test("DurableNodeFS hands the fsync of every commit to the disk", async () => {
  await using dir = await tempDir();
  const startParams = [...PGlite.defaultStartParams.filter((parameter) => parameter !== "-F"), "-c", "wal_sync_method=fsync"];
  await using pglite = await PGlite.create({ fs: new DurableNodeFS(`${dir.path}/pglite`), startParams });
  await pglite.exec("create table t (n int4)");
  const original = fs.fsyncSync;
  let calls = 0;
  fs.fsyncSync = (descriptor) => {
    calls++;
    original(descriptor);
  };
  try {
    for (let n = 0; n < 20; n++) await pglite.query("insert into t values ($1)", [n]);
  } finally {
    fs.fsyncSync = original;
  }
  assert(calls >= 20, `20 commits, ${calls} fsyncs`);
});

Deno.test("a long statement in PGlite does not hold up the main thread", async () => {
  await using folder = await place();
  await using database = await open(folder.dataDir);
  // Where it ran on this thread there would be one at most, however slow or fast the machine is.
  assertGreater(await turnsDuring(database), 10);
  assertEquals(database.health(), { ok: true });
});

Deno.test("openDatabase refuses a directory that this process or another one holds, and says who", async () => {
  await using folder = await place();
  {
    await using _database = await open(folder.dataDir);
    const error = await assertRejects(() => open(folder.dataDir), ChatError, `held by process ${Deno.pid} since 2`);
    assertEquals(error.code, "failed_precondition");
    await using second = new WriterProcess(folder.dataDir);
    const { code, stderr } = await second.outcome();
    assertEquals(code, 1);
    assertStringIncludes(stderr, `The data directory ${folder.dataDir} is held by process ${Deno.pid} since 2`);
  }
  await using _again = await open(folder.dataDir);
});

Deno.test("kill -9 frees the directory and loses no acknowledged row", async () => {
  await using folder = await place();
  for (let round = 1; round <= 2; round++) {
    await using writer = new WriterProcess(folder.dataDir);
    assertEquals(await writer.nextLine(), "open");
    const held = await assertRejects(() => open(folder.dataDir), ChatError);
    assertStringIncludes(held.message, `held by process ${writer.pid}`);
    for (let id = 1; id <= 100; id++) assertEquals(await writer.nextLine(), String(id));
    await writer.kill();
    let acknowledged = 100;
    for (let line = await writer.nextLine(); line !== undefined; line = await writer.nextLine()) acknowledged = Number(line);
    await using database = await open(folder.dataDir);
    const rows = await database.kysely.selectFrom("messages").select("id").orderBy("id").execute();
    assert(rows.length >= acknowledged, `${acknowledged} acknowledged, ${rows.length} found`);
    assertEquals(rows.map(({ id }) => id), Array.from(rows, (_, index) => index + 1));
    await database.kysely.deleteFrom("messages").execute();
  }
});

Deno.test("a first start that was killed half way leaves nothing that the next one trips over", async () => {
  await using dir = await tempDir();
  await Deno.mkdir(`${dir.path}/pglite.new/base`, { recursive: true });
  await Deno.writeTextFile(`${dir.path}/pglite.new/PG_VERSION`, "18\n");
  await using database = await open(dir.path);
  assertEquals(await database.kysely.selectFrom("rooms").selectAll().execute(), []);
});

Deno.test("openDatabase refuses a directory of another version, or one that it cannot write, in one sentence", async () => {
  await using dir = await tempDir();
  await Deno.mkdir(`${dir.path}/old/pglite`, { recursive: true });
  await Deno.writeTextFile(`${dir.path}/old/pglite/PG_VERSION`, "16\n");
  await assertRejects(
    () => open(`${dir.path}/old`),
    ChatError,
    `The database in ${dir.path}/old/pglite was made by PostgreSQL 16, this program has PostgreSQL 18`,
  );
  await Deno.writeTextFile(`${dir.path}/file`, "");
  const error = await assertRejects(() => open(`${dir.path}/file`), ChatError, `The data directory ${dir.path}/file is not writable: `);
  assertEquals(error.code, "failed_precondition");
});

Deno.test("PGlite that cannot write its log stops: running and later calls fail as a lost connection, health says why, the folder is let go", async () => {
  await using folder = await place();
  {
    await using database = await open(folder.dataDir);
    await sql`create table filler (n int4)`.execute(database.kysely);
    await Deno.rename(`${folder.dataDir}/pglite/pg_wal`, `${folder.dataDir}/pglite/pg_wal.away`);
    const fill = () => sql`insert into filler select generate_series(1, 100000)`.execute(database.kysely);
    const error = await assertRejects(async () => {
      for (let round = 0; round < 20; round++) await Promise.all([fill(), fill()]);
    });
    assert(isConnectionLoss(error), String(error));
    assert(isConnectionLoss(await assertRejects(fill)));
    assertEquals(database.health().ok, false);
    assertStringIncludes(database.health().problem ?? "", "PGlite has stopped: could not ");
  }
  await Deno.rename(`${folder.dataDir}/pglite/pg_wal.away`, `${folder.dataDir}/pglite/pg_wal`);
  await using _again = await open(folder.dataDir);
});
