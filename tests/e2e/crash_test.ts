import { assertEquals } from "@std/assert";
import { crashRounds } from "../support/crash_rounds.ts";
import { databasePlace } from "../support/database.ts";
import { seedOf } from "../support/seeded.ts";

for (const kind of ["pglite", "postgres"] as const) {
  Deno.test({
    name: `main that is killed with -9 under load loses nothing acknowledged, doubles no key, and its streams resume without gap (${kind})`,
    fn: async () => {
      await using place = await databasePlace(kind);
      const seed = seedOf("CRASH_SEED");
      const lines = [`CRASH_SEED=${seed}`];
      try {
        const { restartMs } = await crashRounds({ env: place.env, rounds: 2, seed, report: (line) => lines.push(line) });
        assertEquals(restartMs.length, 2);
      } catch (error) {
        throw new Error(lines.join("\n"), { cause: error });
      }
    },
  });
}
