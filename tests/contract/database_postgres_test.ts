import { assert, assertEquals, assertLess, assertRejects, assertStringIncludes } from "@std/assert";
import { sql } from "kysely";
import { ChatError } from "../../src/core/errors.ts";
import type { Database } from "../../src/database/database.ts";
import { isConnectionLoss, toChatError } from "../../src/database/errors.ts";
import { migrations } from "../../src/database/migrations/mod.ts";
import { openDatabase } from "../../src/database/open.ts";
import { isKnownPostgresJsRestartError } from "../../src/database/postgres/known_errors.ts";
import { eventually } from "../support/database_eventually.ts";
import { SilentProxy } from "../support/database_proxy.ts";
import { testLog } from "../support/log.ts";
import { freePort } from "../support/ports.ts";
import { startPostgresServer, withPostgres } from "../support/postgres.ts";

async function open(url: string, options: { readonly poolSize?: number; readonly statementTimeoutMs?: number } = {}) {
  const { poolSize = 4, statementTimeoutMs = 5_000 } = options;
  const database = await openDatabase({ kind: "postgres", url, poolSize, statementTimeoutMs }, { log: testLog() });
  return Object.assign(database, { [Symbol.asyncDispose]: () => database.close() });
}

/** Inserts with one connection after the other, and keeps the rooms whose insert was acknowledged. */
class Writer {
  readonly acknowledged: string[] = [];
  readonly errors: unknown[] = [];
  #stopped = false;
  readonly #done: Promise<unknown>;

  constructor({ kysely }: Database, workers: number) {
    const work = async (worker: number) => {
      for (let count = 0; !this.#stopped; count++) {
        const room = `${worker}-${count}`;
        await kysely.insertInto("rooms").values({ room }).execute().then(
          () => this.acknowledged.push(room),
          (error) => this.errors.push(error),
        );
      }
    };
    this.#done = Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }
}

function codeOf(error: unknown): string {
  const mapped = toChatError(error);
  return mapped instanceof ChatError ? mapped.code : String(mapped);
}

Deno.test("openDatabase three times at once on an empty Postgres migrates it once", () =>
  withPostgres(async (url) => {
    const databases = await Promise.all([open(url), open(url), open(url)]);
    const { rows } = await sql`select version, name from schema_migrations order by version`.execute(databases[0]!.kysely);
    assertEquals(rows, migrations.map(({ name }, index) => ({ version: index + 1, name })));
    await Promise.all(databases.map((database) => database.close()));
  }));

Deno.test("openDatabase says in one sentence why a Postgres cannot be used, without the password", async () => {
  const port = freePort();
  const refused = await assertRejects(() => open(`postgres://ann:pass-word@127.0.0.1:${port}/chat`), ChatError);
  assertEquals(refused.code, "unavailable");
  assertStringIncludes(refused.message, `The database chat on 127.0.0.1:${port} cannot be used: `);
  assert(!refused.message.includes("pass-word"));
  await withPostgres(async (url) => {
    const missing = new URL(url);
    missing.pathname = "/nothing_here";
    const error = await assertRejects(() => open(missing.href), ChatError, 'database "nothing_here" does not exist');
    assertEquals(error.code, "failed_precondition");
  });
});

Deno.test("openDatabase names what is wrong with a DATABASE_URL, and does not show it", async () => {
  const cases = [
    ["not a url", "is not a URL"],
    ["mysql://ann:pass-word@db/chat", "begins with mysql:"],
    ["postgres://db/chat", "names no user"],
    ["postgres://ann:pass-word@db/chat?sslmode=maybe", "has sslmode=maybe"],
    ["postgres://ann:%zz@db/chat", "holds a %"],
  ] as const;
  for (const [url, problem] of cases) {
    const error = await assertRejects(() => open(url), ChatError, problem);
    assertEquals(error.code, "invalid_argument");
    assert(!error.message.includes("pass-word"));
  }
});

Deno.test("a statement that takes too long is ended by the server, and is deadline_exceeded", () =>
  withPostgres(async (url) => {
    await using database = await open(url, { poolSize: 1, statementTimeoutMs: 200 });
    const slow = () => sql`select pg_sleep(20)`.execute(database.kysely);
    assertEquals(codeOf(await assertRejects(slow)), "deadline_exceeded");
    await sql`select 1`.execute(database.kysely);
    // The only connection is taken: the next statement waits no longer than one may run.
    const [first, second] = await Promise.allSettled([slow(), slow()]);
    assertEquals([first, second].map((outcome) => codeOf((outcome as PromiseRejectedResult).reason)), [
      "deadline_exceeded",
      "deadline_exceeded",
    ]);
  }));

Deno.test("a server that goes silent is a deadline, not a hang, and the pool makes new connections afterwards", () =>
  withPostgres(async (url) => {
    const target = new URL(url);
    await using proxy = new SilentProxy(Number(target.port));
    target.port = String(proxy.port);
    await using database = await open(target.href, { poolSize: 1, statementTimeoutMs: 200 });
    await sql`select 1`.execute(database.kysely);
    proxy.silent = true;
    const began = performance.now();
    assertEquals(codeOf(await assertRejects(() => sql`select 1`.execute(database.kysely))), "deadline_exceeded");
    assertLess(performance.now() - began, 4_000);
    proxy.silent = false;
    await sql`select 1`.execute(database.kysely);
  }));

Deno.test("a transaction that loses its connection fails: nothing of it is committed, not even what comes after the reconnect", () =>
  withPostgres(async (url) => {
    await using database = await open(url, { poolSize: 1 });
    await using other = await open(url, { poolSize: 1 });
    const trx = await database.kysely.startTransaction().execute();
    await trx.insertInto("rooms").values({ room: "before" }).execute();
    const { rows: [row] } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(trx);
    await sql`select pg_terminate_backend(${row!.pid}, 5000)`.execute(other.kysely);
    try {
      const insert = (room: string) => trx.insertInto("rooms").values({ room }).execute();
      assert(isConnectionLoss(await assertRejects(() => insert("after"))));
      assert(isConnectionLoss(await assertRejects(() => insert("after the loss was told"))));
      assert(isConnectionLoss(await assertRejects(() => trx.commit().execute())));
    } finally {
      await trx.rollback().execute(); // else closing would wait for it
    }
    assertEquals(await database.kysely.selectFrom("rooms").select("room").execute(), []);
  }));

Deno.test("an immediate restart of Postgres: health tells, writes are back within 3 s, nothing acknowledged is lost", async () => {
  const server = await startPostgresServer();
  try {
    await using database = await open(server.url);
    const writer = new Writer(database, 4);
    await eventually("the first writes", 10_000, () => writer.acknowledged.length > 100);
    await server.stopImmediate();
    await eventually("health to be false", 3_000, () => !database.health().ok);
    assertStringIncludes(database.health().problem ?? "", `No answer from the database postgres on 127.0.0.1:${server.port}`);
    const before = writer.acknowledged.length;
    await server.start();
    await eventually("writes to be back", 3_000, () => writer.acknowledged.length > before);
    await eventually("health to be true", 3_000, () => database.health().ok);
    await writer.stop();
    assertEquals(writer.errors.map(codeOf).filter((code) => code !== "unavailable"), []);
    const rooms = new Set((await database.kysely.selectFrom("rooms").select("room").execute()).map(({ room }) => room));
    assertEquals(writer.acknowledged.filter((room) => !rooms.has(room)), []);
  } finally {
    await server.close();
  }
});

Deno.test("isKnownPostgresJsRestartError knows a TypeError from inside postgres.js, and no other error", () => {
  const inside = new TypeError("Cannot read properties of null (reading 'write')");
  inside.stack = `${inside}\n    at nextWrite (file:///cache/npm/registry/postgres/3.4.9/src/connection.js:258:22)`;
  assert(isKnownPostgresJsRestartError(inside));
  assert(!isKnownPostgresJsRestartError(new TypeError("Cannot read properties of null (reading 'write')")));
  assert(!isKnownPostgresJsRestartError(Object.assign(new RangeError("x"), { stack: inside.stack })));
});
