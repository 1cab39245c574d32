import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { ChatError, MessageServiceClient } from "../../src/clients/mod.ts";
import { within } from "../support/deadline.ts";
import { withPostgres } from "../support/postgres.ts";
import { RoomLock } from "../support/room_lock.ts";
import { ServerProcess } from "../support/server_process.ts";

Deno.test({
  name: "main refuses a call beyond a full queue with one sentence that names the setting, and answers those before it",
  fn: () =>
    withPostgres(async (url) => {
      await using server = new ServerProcess({ env: { DATABASE_URL: url, GRPC_MAX_WORKERS: "1", GRPC_MAX_QUEUED_CALLS: "1" } });
      const { grpcAddress: address } = await server.ready();
      await using client = new MessageServiceClient({ address, maxAttempts: 1 });
      await client.createMessage({ username: "ann", content: "Makes the room" });
      await using lock = await RoomLock.take(url);
      // One connection, so they arrive in this order: one runs against the lock, one waits, one is too many.
      const accepted = [1, 2].map((number) => client.createMessage({ username: "ann", content: `Call ${number}` }));
      const third = client.createMessage({ username: "ann", content: "Call 3" });
      const refused = await assertRejects(() => within(5_000, "the refusal", third), ChatError);
      assertEquals(refused.code, "resource_exhausted");
      assertMatch(refused.message, /^The server is full: 1 calls? run.* and 1 waits?.*GRPC_MAX_WORKERS/);
      assertEquals(typeof refused.retryAfterMs, "number");
      await lock.release();
      const messages = await within(10_000, "the accepted calls", Promise.all(accepted));
      assertEquals(messages.map((message) => message.seq), [2, 3]);
      server.kill("SIGTERM");
      assertEquals((await server.outcome()).code, 0);
    }),
});
