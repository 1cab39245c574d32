import { assertGreater } from "@std/assert";
import { sql } from "kysely";
import { openDatabase } from "../../src/database/open.ts";
import { databasePlace } from "../support/database.ts";
import { testLog } from "../support/log.ts";

Deno.test("Statistics tells PGlite's planner, at the next start, of a table that has grown", async () => {
  await using place = await databasePlace("pglite");
  const filled = await openDatabase(place.config, { log: testLog() });
  await sql`
    insert into messages (room, id, username, message_type, content, created_at_ms, updated_at_ms)
    select 'busy', id, 'user', 'text', 'hello', 0, 0 from generate_series(1, 5000) id`.execute(filled.kysely);
  await filled.close();
  const opened = await openDatabase(place.config, { log: testLog() });
  try {
    const { rows: [row] } = await sql<{ reltuples: number }>`select reltuples from pg_class where relname = 'messages'`.execute(
      opened.kysely,
    );
    assertGreater(row?.reltuples ?? 0, 4_000);
  } finally {
    await opened.close();
  }
});
