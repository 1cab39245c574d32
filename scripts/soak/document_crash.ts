/**
 * Soak: the server killed with -9 while documents are replaced and loaded, thirty times on each database; see
 * `tests/support/document_crash_rounds.ts` for what must hold.
 *
 * usage: document_crash.ts [--short] [--rounds N] [--only pglite|postgres]; CRASH_SEED repeats a run
 *
 * @module
 */
import { databasePlace } from "../../tests/support/database.ts";
import { documentCrashRounds } from "../../tests/support/document_crash_rounds.ts";
import { seedOf } from "../../tests/support/seeded.ts";
import { isSet, option } from "./options.ts";

const rounds = Number(option("rounds", isSet("short") ? "2" : "30"));
const only = option("only", "");
const seed = seedOf("CRASH_SEED");
console.log(`CRASH_SEED=${seed}`);
for (const kind of (["pglite", "postgres"] as const).filter((each) => only === "" || only === each)) {
  await using place = await databasePlace(kind);
  const { acknowledged, cutOff } = await documentCrashRounds({
    ...{ config: place.config, rounds, seed, report: (line: string) => console.log(`${kind}, ${line}`) },
  });
  console.log(`${kind}: ${rounds} kills, ${acknowledged} replacements acknowledged, ${cutOff} cut off, each document whole, counts exact`);
}
// postgres.js and grpc-js may hold a timer; nothing is left to wait for.
Deno.exit(0);
