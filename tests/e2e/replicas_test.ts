import { assertEquals, assertLess } from "@std/assert";
import { MessageServiceClient } from "../../src/clients/mod.ts";
import { within } from "../support/deadline.ts";
import { type Follower, followGrpc, followSse } from "../support/load_followers.ts";
import { withPostgres } from "../support/postgres.ts";
import { ServerProcess } from "../support/server_process.ts";

const MESSAGES = 200;

for (const bus of ["postgres", "memory"] as const) {
  const how = bus === "postgres" ? "by NOTIFY" : "without a bus, within the poll's 2 s";
  Deno.test({
    name: `two replicas on one Postgres deliver each other's messages in one order, ${how}`,
    fn: () =>
      withPostgres(async (url) => {
        const env = { DATABASE_URL: url, EVENT_BUS: bus };
        await using one = new ServerProcess({ env });
        await using two = new ServerProcess({ env });
        const [left, right] = await Promise.all([one.ready(), two.ready()]);
        await using toLeft = new MessageServiceClient({ address: left.grpcAddress });
        await using toRight = new MessageServiceClient({ address: right.grpcAddress });
        await toLeft.createMessage({ room: "pair", username: "ann", content: "First" });
        await using atLeft = followGrpc(left.grpcAddress, { room: "pair" });
        await using atRight = followSse(right.url, "pair");
        const both = [atLeft, atRight];
        await within(10_000, "the first message on both", Promise.all(both.map((follower) => follower.position.reached(1))));

        const sides = [toLeft, toRight];
        const created = await Promise.all(Array.from({ length: MESSAGES }, (_, index) =>
          sides[index % 2]!.createMessage({ room: "pair", username: "ann", content: `Message ${index}` })));
        const committedAt = performance.now();
        assertEquals(
          created.map((message) =>
            message.seq
          ).sort((a, b) => a - b),
          Array.from({ length: MESSAGES }, (_, index) => index + 2),
        );
        await within(10_000, "all messages on both", Promise.all(both.map((follower) => follower.position.reached(MESSAGES + 1))));
        // The poll, and room for a busy machine.
        assertLess(performance.now() - committedAt, bus === "postgres" ? 2_000 : 3_500, "time from the last commit to the last arrival");
        for (const follower of both) assertEquals(seen(follower), seen(atLeft), "one order");
        assertEquals(atLeft.events.map((event) => event.seq), Array.from({ length: MESSAGES + 1 }, (_, index) => index + 1));

        await sameKeyOnBoth(toLeft, toRight);
        for (const server of [one, two]) {
          server.kill("SIGTERM");
          assertEquals((await server.outcome()).code, 0);
        }
      }),
  });
}

function seen(follower: Follower): readonly string[] {
  return follower.events.map((event) => `${event.seq} ${event.content}`);
}

/** Both replicas are asked for the same keys at once; each key becomes one message. */
async function sameKeyOnBoth(left: MessageServiceClient, right: MessageServiceClient): Promise<void> {
  const keys = Array.from({ length: 60 }, (_, index) => `key-${index}`);
  const pairs = await Promise.all(keys.map((clientMessageId) => {
    const request = { room: "keys", username: "ann", clientMessageId };
    return Promise.all([
      left.createMessage({ ...request, content: "from the left" }),
      right.createMessage({ ...request, content: "from the right" }),
    ]);
  }));
  for (const [first, second] of pairs) assertEquals(first, second, "both are answered with the one message");
  const page = await right.getMessages({ room: "keys", limit: 500 });
  assertEquals(page.messages.map((message) => message.clientMessageId).sort(), keys.toSorted());
  assertEquals([page.totalCount, page.headSeq], [keys.length, keys.length]);
}
