import { assertEquals } from "@std/assert";
import { sql } from "kysely";
import { openDatabase } from "../../src/database/open.ts";
import { insertMessages } from "../../src/message/store_writes.ts";
import { validCreate } from "../../src/message/validate.ts";
import { testLog } from "../support/log.ts";
import { createTestDatabase } from "../support/postgres.ts";

Deno.test("insertMessages finds keys by index from the first message on, however its statement was planned", async () => {
  const { url, drop } = await createTestDatabase();
  // One connection, so that the plan made for a small room is the one that is kept.
  const database = await openDatabase({ kind: "postgres", url, poolSize: 1, statementTimeoutMs: 5_000 }, { log: testLog() });
  try {
    for (let round = 0; round < 30; round++) {
      const batch = Array.from(
        { length: 128 },
        () =>
          validCreate({
            content: "Hello, this is an ordinary line of chat, neither short nor long.",
            username: "user",
            clientMessageId: crypto.randomUUID(),
          }),
      );
      await insertMessages(database.kysely, "general", batch);
      if (round === 0) await sql`analyze messages`.execute(database.kysely);
    }
    await sql`select pg_stat_force_next_flush()`.execute(database.kysely);
    const { rows } = await sql<
      { read: number }
    >`select seq_tup_read + idx_tup_fetch as read from pg_stat_user_tables where relname = 'messages'`
      .execute(database.kysely);
    assertEquals(rows, [{ read: 0 }]);
  } finally {
    await database.close();
    await drop();
  }
});
