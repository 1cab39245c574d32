/**
 * Soak: the server killed with -9 while the messages of a room are brought into the index, ten times on each database; see
 * `tests/support/room_crash_rounds.ts` for what must hold.
 *
 * usage: room_crash.ts [--short] [--rounds N] [--only pglite|postgres]; CRASH_SEED repeats a run
 *
 * @module
 */
import { databasePlace } from "../../tests/support/database.ts";
import { roomCrashRounds } from "../../tests/support/room_crash_rounds.ts";
import { seedOf } from "../../tests/support/seeded.ts";
import { isSet, option } from "./options.ts";

const rounds = Number(option("rounds", isSet("short") ? "2" : "10"));
const only = option("only", "");
const seed = seedOf("CRASH_SEED");
console.log(`CRASH_SEED=${seed}`);
for (const kind of (["pglite", "postgres"] as const).filter((each) => only === "" || only === each)) {
  await using place = await databasePlace(kind);
  const { acknowledged, midway } = await roomCrashRounds({
    ...{ config: place.config, rounds, seed, report: (line: string) => console.log(`${kind}, ${line}`) },
  });
  console.log(
    `${kind}: ${rounds} kills, ${midway} of them on the way, ${acknowledged} changes, exactly the room's messages found, each once`,
  );
}
// postgres.js and grpc-js may hold a timer; nothing is left to wait for.
Deno.exit(0);
