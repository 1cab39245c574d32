import { assertEquals, assertLess } from "@std/assert";
import { MessageServiceClient } from "../../src/clients/mod.ts";
import { rpcNames } from "../support/fuzz/fields.ts";
import { fuzzRest } from "../support/fuzz/rest.ts";
import { fuzzRpc, shown } from "../support/fuzz/rounds.ts";
import { fuzzWellFormed, methodNames } from "../support/fuzz/well_formed.ts";
import { residentMib } from "../support/memory_use.ts";
import { createTestDatabase } from "../support/postgres.ts";
import { seedOf } from "../support/seeded.ts";
import { ServerProcess } from "../support/server_process.ts";

/** For each RPC, and for HTTP; `deno task soak` sends 100,000. */
const REQUESTS = 1_000;
/** Well above the plateau of some 300 MiB, well below what one leaked kilobyte a request would not explain either. */
const MAX_MIB = 700;

Deno.test({
  name: "main answers every broken request within 5 s, is never itself to blame, and works on afterwards",
  // Connections on which the server has answered before the request's end never report that they have closed.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async (t) => {
    const seed = seedOf("FUZZ_SEED");
    const database = await createTestDatabase();
    await using server = new ServerProcess({ env: { DATABASE_URL: database.url } });
    const { grpcAddress, url, pid } = await server.ready();
    for (const rpc of rpcNames) {
      await t.step(`${rpc}, raw bytes, FUZZ_SEED=${seed}`, async () => {
        const tally = await fuzzRpc({ address: grpcAddress, rpc, requests: REQUESTS, seed });
        assertEquals(tally.wrong, [], shown(tally.ends));
      });
    }
    await t.step(`every method of the client, extreme values, FUZZ_SEED=${seed}`, async () => {
      await using client = new MessageServiceClient({ address: grpcAddress, maxAttempts: 1 });
      for (const method of methodNames) await fuzzWellFormed(client, method, { runs: 50, seed });
    });
    await t.step(`HTTP, raw bytes, FUZZ_SEED=${seed}`, async () => {
      const tally = await fuzzRest({ url, requests: REQUESTS, seed });
      assertEquals(tally.wrong, [], shown(tally.ends));
    });
    await t.step("the server afterwards", async () => {
      await using client = new MessageServiceClient({ address: grpcAddress });
      assertEquals((await client.createMessage({ username: "after", content: "Still here", room: "after" })).id, 1);
      assertLess(await residentMib(pid), MAX_MIB);
      server.kill("SIGTERM");
      const { code, stderr } = await server.outcome();
      assertEquals(stderr.split("\n").filter((line) => line.includes('"level":"error"')), []);
      assertEquals(code, 0);
    });
    await database.drop();
  },
});
