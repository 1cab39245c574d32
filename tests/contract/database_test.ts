import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { AbortedTransactionError, sql } from "kysely";
import { ChatError } from "../../src/core/errors.ts";
import type { Database } from "../../src/database/database.ts";
import { isConnectionLoss, isIntegerOverflow, isUniqueViolation, toChatError } from "../../src/database/errors.ts";
import { openDatabase } from "../../src/database/open.ts";
import { databasePlace, eachDatabase } from "../support/database.ts";
import { testLog } from "../support/log.ts";

/** Texts that quoting gets wrong first. */
const NASTY = ["", " ", "a,b", "{x}", 'quote " and \\ backslash', "NULL", "null", "line\nbreak", "é 𝄞 \u2028", "'; drop table messages --"];

function message(room: string, id: number, clientMessageId: string | null = null) {
  return {
    ...{ room, id, username: "ann", message_type: "text", content: "hello", metadata: JSON.stringify({ id: String(id) }) },
    ...{ client_message_id: clientMessageId, created_at_ms: 1_764_000_000_000, updated_at_ms: 1_764_000_000_001 },
  };
}

function insert({ kysely }: Database, row: ReturnType<typeof message>) {
  return kysely.insertInto("messages").values(row).execute();
}

async function idsOf({ kysely }: Database, room: string): Promise<number[]> {
  const rows = await kysely.selectFrom("messages").select("id").where("room", "=", room).orderBy("id").execute();
  return rows.map(({ id }) => id);
}

eachDatabase("Database values", async (t, { database }) => {
  const { kysely } = database;

  await t.step("a row comes back as it went in: int8 as number, jsonb as value, null and defaults", async () => {
    await insert(database, message("values", 1));
    const row = await kysely.selectFrom("messages").selectAll().where("room", "=", "values").executeTakeFirstOrThrow();
    assertEquals(row, { ...message("values", 1), metadata: { id: "1" }, version: 1, deleted: false, plugins: null });
  });

  await t.step("the largest position is exact", async () => {
    await kysely.insertInto("rooms").values({ room: "large", head_seq: Number.MAX_SAFE_INTEGER }).execute();
    const row = await kysely.selectFrom("rooms").selectAll().where("room", "=", "large").executeTakeFirstOrThrow();
    assertEquals(row, { room: "large", head_seq: Number.MAX_SAFE_INTEGER, kept_after_seq: 0, last_event_at_ms: 0 });
  });

  await t.step("text arrays go in as parameters, whatever is in them", async () => {
    const values = [...NASTY, null];
    const { rows } = await sql<{ value: string | null }>`select unnest(${values}::text[]) as value`.execute(kysely);
    assertEquals(rows.map(({ value }) => value), values);
  });

  await t.step("number arrays go in as parameters", async () => {
    const { rows } = await sql<{ id: number; seq: number }>`
      select * from unnest(${[1, -2]}::int4[], ${[2 ** 40, 3]}::int8[]) as given(id, seq)`.execute(kysely);
    assertEquals(rows, [{ id: 1, seq: 2 ** 40 }, { id: -2, seq: 3 }]);
  });

  await t.step("arrays come out as arrays", async () => {
    const { rows } = await sql<Record<string, unknown>>`
      select ${NASTY}::text[] as texts, array[1, null]::int4[] as ids, array[]::int8[] as none`.execute(kysely);
    assertEquals(rows, [{ texts: NASTY, ids: [1, null], none: [] }]);
  });

  await t.step("JSON text is a value, not a quoted string", async () => {
    const metadata = Object.fromEntries(NASTY.map((text, index) => [`${index}${text}`, text]));
    const { rows } = await sql<Record<string, unknown>>`
      select ${JSON.stringify(metadata)}::jsonb as value, jsonb_typeof(${JSON.stringify([1])}::jsonb) as type`.execute(kysely);
    assertEquals(rows, [{ value: metadata, type: "array" }]);
  });

  await t.step("many rows go in with one statement", async () => {
    const ids = Array.from({ length: 500 }, (_, index) => index + 1);
    await sql`
      insert into messages (room, id, username, message_type, content, metadata, created_at_ms, updated_at_ms)
      select 'many', id, username, 'text', '', metadata::jsonb, 1, 1
      from unnest(${ids}::int4[], ${ids.map(String)}::text[], ${
      ids.map((id) => JSON.stringify({ id: `${id}` }))
    }::text[]) as given(id, username, metadata)
    `.execute(kysely);
    assertEquals(await idsOf(database, "many"), ids);
  });

  await t.step("affected rows are counted", async () => {
    const { numUpdatedRows } = await kysely.updateTable("messages").set({ deleted: true }).where("room", "=", "many").executeTakeFirst();
    assertEquals(numUpdatedRows, 500n);
  });

  await t.step("text sorts by code point", async () => {
    const { rows } = await sql<{ room: string }>`
      insert into rooms (room) values ('sort-b'), ('sort-a'), ('sort-B'), ('sort-ä') returning room`.execute(kysely);
    assertEquals(rows.length, 4);
    const sorted = await kysely.selectFrom("rooms").select("room").where("room", "like", "sort-%").orderBy("room").execute();
    assertEquals(sorted.map(({ room }) => room), ["sort-B", "sort-a", "sort-b", "sort-ä"]);
  });
});

eachDatabase("Database errors", async (t, { database }) => {
  const { kysely } = database;

  await t.step("isUniqueViolation names the index of the repeated key", async () => {
    await insert(database, message("errors", 1, "key"));
    const error = await assertRejects(() => insert(database, message("errors", 2, "key")));
    assert(isUniqueViolation(error) && isUniqueViolation(error, "messages_client_message_id"));
    assert(!isUniqueViolation(error, "messages_pkey") && !isConnectionLoss(error));
  });

  await t.step("isIntegerOverflow knows a number that does not fit", async () => {
    assert(isIntegerOverflow(await assertRejects(() => insert(database, message("errors", 2 ** 31)))));
  });

  await t.step("toChatError leaves the program's own mistakes as they are, and the database usable", async () => {
    const error = await assertRejects(() => sql`select * from no_such_table`.execute(kysely));
    assertEquals(toChatError(error), error);
    const mistaken = await assertRejects(() => sql`select ${"x"}::int4`.execute(kysely));
    assertEquals(toChatError(mistaken), mistaken);
    assertEquals(await idsOf(database, "errors"), [1]);
    assertEquals(database.health(), { ok: true });
  });
});

eachDatabase("Database transactions", async (t, { database }) => {
  const { kysely } = database;

  await t.step("roll back when their function throws", async () => {
    const failed = kysely.transaction().execute(async (trx) => {
      await trx.insertInto("messages").values(message("rollback", 1)).execute();
      throw new Error("Changed my mind");
    });
    await assertRejects(() => failed, Error, "Changed my mind");
    assertEquals(await idsOf(database, "rollback"), []);
  });

  await t.step("never say committed after a statement has failed, even when the failure was swallowed", async () => {
    const swallowed = kysely.transaction().execute(async (trx) => {
      await trx.insertInto("messages").values(message("swallow", 1)).execute();
      await trx.insertInto("messages").values(message("swallow", 1)).execute().catch(() => {});
    });
    await assertRejects(() => swallowed, AbortedTransactionError);
    assertEquals(await idsOf(database, "swallow"), []);
  });

  await t.step("go on after a rollback to a savepoint", async () => {
    const trx = await kysely.startTransaction().execute();
    await trx.insertInto("messages").values(message("savepoint", 1)).execute();
    const inner = await trx.savepoint("before_repeat").execute();
    await assertRejects(() => inner.insertInto("messages").values(message("savepoint", 1)).execute());
    await inner.rollbackToSavepoint("before_repeat").execute();
    await trx.insertInto("messages").values(message("savepoint", 2)).execute();
    await trx.commit().execute();
    assertEquals(await idsOf(database, "savepoint"), [1, 2]);
  });

  await t.step("at once take a room's lock one after the other, and statements outside are not part of them", async () => {
    await kysely.insertInto("rooms").values({ room: "lock" }).execute();
    const take = () =>
      kysely.transaction().execute(async (trx) => {
        const { head_seq } = await trx.selectFrom("rooms").select("head_seq").where("room", "=", "lock").forUpdate()
          .executeTakeFirstOrThrow();
        await trx.insertInto("messages").values(message("lock", head_seq + 1)).execute();
        await trx.updateTable("rooms").set({ head_seq: head_seq + 1 }).where("room", "=", "lock").execute();
      });
    const outside = Array.from({ length: 20 }, (_, index) => insert(database, message("outside", index + 1)));
    await Promise.all([...Array.from({ length: 50 }, take), ...outside]);
    assertEquals(await idsOf(database, "lock"), Array.from({ length: 50 }, (_, index) => index + 1));
    assertEquals((await idsOf(database, "outside")).length, 20);
  });
});

for (const kind of ["pglite", "postgres"] as const) {
  Deno.test(`Database.close waits for a running transaction, then every call is unavailable (${kind})`, async () => {
    await using place = await databasePlace(kind);
    const database = await openDatabase(place.config, { log: testLog() });
    const running = await database.kysely.startTransaction().execute();
    const closing = Promise.all([database.close(), database.close()]);
    await running.insertInto("messages").values(message("close", 1)).execute();
    await running.commit().execute();
    await closing;
    const error = toChatError(await assertRejects(() => idsOf(database, "close")));
    assertInstanceOf(error as Error, ChatError);
    assertEquals((error as ChatError).code, "unavailable");
    const again = await openDatabase(place.config, { log: testLog() });
    assertEquals(await idsOf(again, "close"), [1]);
    await again.close();
  });

  Deno.test(`openDatabase refuses a database that a newer program has migrated (${kind})`, async () => {
    await using place = await databasePlace(kind);
    const database = await openDatabase(place.config, { log: testLog() });
    await sql`insert into schema_migrations (version, name) values (999, 'from the future')`.execute(database.kysely);
    await database.close();
    const error = await assertRejects(() => openDatabase(place.config, { log: testLog() }), ChatError, "schema version 999");
    assertEquals(error.code, "failed_precondition");
  });
}
