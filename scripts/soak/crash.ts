/**
 * Soak: the server killed with -9 under load, twenty times on each database; see `tests/support/crash_rounds.ts` for what must hold.
 *
 * usage: crash.ts [--short] [--rounds N] [--only pglite|postgres]; CRASH_SEED repeats a run
 *
 * @module
 */
import { crashRounds } from "../../tests/support/crash_rounds.ts";
import { databasePlace } from "../../tests/support/database.ts";
import { seedOf } from "../../tests/support/seeded.ts";
import { isSet, option } from "./options.ts";

const rounds = Number(option("rounds", isSet("short") ? "2" : "20"));
const only = option("only", "");
const seed = seedOf("CRASH_SEED");
console.log(`CRASH_SEED=${seed}`);
for (const kind of (["pglite", "postgres"] as const).filter((each) => only === "" || only === each)) {
  await using place = await databasePlace(kind);
  const { config } = place;
  const env: Record<string, string> = config.kind === "pglite" ? { DATA_DIR: config.dataDir } : { DATABASE_URL: config.url };
  const { messages, unanswered, resumptions, restartMs } = await crashRounds({
    env,
    rounds,
    seed,
    messagesPerRound: 1_500,
    report: (line) => console.log(`${kind}, ${line}`),
  });
  const [slowest, median] = [Math.max(...restartMs), restartMs.toSorted((a, b) => a - b)[Math.floor(rounds / 2)]];
  console.log(
    `${kind}: ${rounds} kills, ${messages} messages acknowledged, none lost or doubled, ${unanswered} calls repeated, ` +
      `${resumptions} streams resumed without gap, back in ${median} ms (slowest ${slowest})`,
  );
}
// postgres.js and grpc-js may hold a timer; nothing is left to wait for.
Deno.exit(0);
