import { databasePlace } from "../support/database.ts";
import { documentCrashRounds } from "../support/document_crash_rounds.ts";
import { seedOf } from "../support/seeded.ts";

for (const kind of ["pglite", "postgres"] as const) {
  Deno.test({
    name: `main that is killed with -9 while documents are replaced leaves each old or new, never half, with exact counts (${kind})`,
    fn: async () => {
      await using place = await databasePlace(kind);
      const seed = seedOf("CRASH_SEED");
      const lines = [`CRASH_SEED=${seed}`];
      try {
        await documentCrashRounds({ config: place.config, rounds: 2, seed, report: (line) => lines.push(line) });
      } catch (error) {
        throw new Error(lines.join("\n"), { cause: error });
      }
    },
  });
}
