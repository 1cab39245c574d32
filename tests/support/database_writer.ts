/**
 * A program that opens the PGlite database in the folder of its first argument and inserts messages one after the other until it is killed.
 * Prints `open`, then the id of each message once its commit is acknowledged; a refusal to open goes to the standard error output.
 *
 * @module
 */
import { createLog } from "../../src/observability/log.ts";
import { openDatabase } from "../../src/database/open.ts";

const ROOM = "general";

async function main(dataDir: string): Promise<void> {
  const database = await openDatabase({ kind: "pglite", dataDir }, { log: createLog("error", console.error) });
  console.log("open");
  for (let id = 1;; id++) {
    await database.kysely.insertInto("messages").values({
      ...{ room: ROOM, id, username: "ann", message_type: "text", content: `message ${id}`, metadata: "{}" },
      ...{ client_message_id: null, created_at_ms: 1, updated_at_ms: 1 },
    }).execute();
    console.log(id);
  }
}

await main(Deno.args[0]!).catch((error: Error) => {
  console.error(error.message);
  Deno.exit(1);
});
