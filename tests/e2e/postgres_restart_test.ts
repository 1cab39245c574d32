import { assertGreater, assertLess } from "@std/assert";
import { checkAccounts, crashRooms, Followers } from "../support/crash_rounds.ts";
import { within } from "../support/deadline.ts";
import { WriterCrew } from "../support/load_writers.ts";
import { startPostgresServer } from "../support/postgres.ts";
import { seedOf } from "../support/seeded.ts";
import { ServerProcess } from "../support/server_process.ts";

/** From the start of Postgres to the first write acknowledged after it. */
const BACK_WITHIN_MS = 3_000;

Deno.test({
  name: "main lives through immediate stops of Postgres under load: writes are back within 3 s, nothing is lost, streams go on without gap",
  fn: async () => {
    const postgres = await startPostgresServer();
    try {
      await using server = new ServerProcess({ env: { DATABASE_URL: postgres.url } });
      const { grpcAddress: address, url } = await server.ready();
      await using crew = new WriterCrew({ address, rooms: crashRooms, writers: 8, seed: seedOf("CRASH_SEED") });
      await using followers = new Followers(address, url);
      const trouble = Promise.race([crew.failed(), followers.failed]);
      trouble.catch(() => {});
      for (let round = 1; round <= 3; round++) {
        await within(30_000, "200 messages", Promise.race([trouble, crew.acknowledged.reached(crew.acknowledged.value + 200)]));
        await postgres.stopImmediate();
        const before = crew.acknowledged.value;
        await postgres.start();
        const startedAt = performance.now();
        await within(30_000, "a write after the restart", Promise.race([trouble, crew.acknowledged.reached(before + 1)]));
        assertLess(performance.now() - startedAt, BACK_WITHIN_MS, `writes were back in round ${round}`);
      }
      await within(30_000, "the writers' last messages", Promise.race([trouble, crew.stop()]));
      await checkAccounts(crew, followers, { address, url, trouble });
      assertGreater(crew.written.size, 600);
      server.kill("SIGTERM");
      const { code, stderr } = await server.outcome();
      if (code !== 0) throw new Error(`The server ended with ${code}:\n${stderr}`);
    } finally {
      await postgres.close();
    }
  },
});
