import { assertEquals, assertGreater, assertLess } from "@std/assert";
import postgres from "postgres";
import { checkAccounts, crashRooms, Followers } from "../support/crash_rounds.ts";
import { within } from "../support/deadline.ts";
import { WriterCrew } from "../support/load_writers.ts";
import { startPostgresServer } from "../support/postgres.ts";
import { seedOf } from "../support/seeded.ts";
import { ServerProcess } from "../support/server_process.ts";

/** From the promotion to the first write acknowledged after it. */
const BACK_WITHIN_MS = 10_000;

/** Runs one statement on a server, as its administrator. */
async function administer(url: string, statement: string): Promise<readonly Record<string, unknown>[]> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return [...await sql.unsafe(statement)];
  } finally {
    await sql.end();
  }
}

Deno.test({
  name:
    "main goes over from a primary to its synchronous standby under load: writes are back within 10 s of the promotion, nothing is lost",
  fn: async () => {
    // Its first commit waits for the standby, as every one does.
    const primary = await startPostgresServer({ settings: { synchronous_standby_names: "*" } });
    const standby = await startPostgresServer({ standbyOf: primary });
    try {
      const [first, second] = [primary, standby].map(({ port }) => `127.0.0.1:${port}`);
      const env = { DATABASE_URL: `postgres://postgres:secret@${first},${second}/postgres` };
      await using server = new ServerProcess({ env });
      const { grpcAddress: address, url } = await server.ready();
      await using crew = new WriterCrew({ address, rooms: crashRooms, writers: 8, seed: seedOf("CRASH_SEED") });
      await using followers = new Followers(address, url);
      const trouble = Promise.race([crew.failed(), followers.failed]);
      trouble.catch(() => {});
      const acknowledged = (count: number) => Promise.race([trouble, crew.acknowledged.reached(count)]);
      await within(30_000, "300 messages", acknowledged(300));
      const replication = await administer(primary.url, "select sync_state, state from pg_stat_replication");
      assertEquals(replication, [{ sync_state: "sync", state: "streaming" }]);

      await primary.stopImmediate();
      const before = crew.acknowledged.value;
      assertEquals(await administer(standby.url, "select pg_is_in_recovery() as waiting"), [{ waiting: true }]);
      await administer(standby.url, "select pg_promote()");
      const promotedAt = performance.now();
      await within(30_000, "a write after the promotion", acknowledged(before + 1));
      assertLess(performance.now() - promotedAt, BACK_WITHIN_MS, "writes were back");
      await within(30_000, "300 messages more", acknowledged(before + 300));
      await within(30_000, "the writers' last messages", Promise.race([trouble, crew.stop()]));
      await checkAccounts(crew, followers, { address, url, trouble });
      assertGreater(crew.written.size, 600);
      server.kill("SIGTERM");
      const { code, stderr } = await server.outcome();
      if (code !== 0) throw new Error(`The server ended with ${code}:\n${stderr}`);
    } finally {
      await Promise.all([primary.close(), standby.close()]);
    }
  },
});
