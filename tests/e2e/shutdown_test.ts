import { assert, assertEquals, assertLess } from "@std/assert";
import { ChatError, MessageServiceClient } from "../../src/clients/mod.ts";
import { status } from "../../src/wire/grpc_js.ts";
import { databasePlace } from "../support/database.ts";
import { within } from "../support/deadline.ts";
import { RawStreams } from "../support/raw_streams.ts";
import { RoomLock } from "../support/room_lock.ts";
import { type ServerEnv, ServerProcess } from "../support/server_process.ts";

const STREAMS = 500;
const CALLS = 50;
/** Each room's calls are one transaction: few enough for a slow disk, too many to be over at the first answer. */
const ROOMS = 10;
const greeting = { username: "ann", content: "First" };

for (const kind of ["pglite", "postgres"] as const) {
  Deno.test({
    name: `main at SIGTERM answers 50 accepted calls, tells 500 streams where to resume, and ends with 0 within 10 s (${kind})`,
    fn: async () => {
      await using place = await databasePlace(kind);
      const { config, env } = place;
      await using server = new ServerProcess({ env });
      const { grpcAddress: address } = await server.ready();
      using connections = new RawStreams(address, 5);
      await using client = new MessageServiceClient({ address, maxAttempts: 1, deadlineMs: 30_000 });
      const { seq } = await client.createMessage(greeting);
      const streams = Array.from({ length: STREAMS }, () => connections.open({ afterSeq: 0 }));
      await within(30_000, "500 streams", Promise.all(streams.map((stream) => stream.opened)));

      // Rooms that exist can be held; PGlite takes no second connection, but its commits come one after the other.
      await Promise.all(Array.from({ length: ROOMS }, (_, room) => client.createMessage({ ...greeting, room: `room-${room}` })));
      const lock = config.kind === "postgres" ? await RoomLock.take(config.url) : undefined;
      let answered = 0;
      const calls = Array.from({ length: CALLS }, async (_, index) => {
        const message = await client.createMessage({
          username: "ann",
          content: `Call ${index}`,
          room: `room-${index % ROOMS}`,
          clientMessageId: `key-${index}`,
        });
        answered++;
        return message;
      });
      await within<unknown>(10_000, "calls under way", lock?.blocked(ROOMS / 2) ?? Promise.any(calls));
      const underWay = CALLS - answered;
      server.kill("SIGTERM");
      const killedAt = performance.now();
      await server.seen(/"Stopping"/);
      await lock?.[Symbol.asyncDispose]();

      const results = await within(10_000, "the calls' answers", Promise.allSettled(calls));
      const ends = await within(10_000, "the streams' ends", Promise.all(streams.map((stream) => stream.ended)));
      const { code } = await server.outcome();
      assertLess(performance.now() - killedAt, 10_000, "time from SIGTERM to the end");
      assertEquals(code, 0);
      assert(underWay > 0, "every call was answered before the signal, so this run proves nothing");
      const refused = results.filter((result) => result.status === "rejected").map((result) => result.reason);
      assertEquals(refused.map((error) => error instanceof ChatError ? error.message : error), [], "calls without an answer");
      for (const [index, end] of ends.entries()) {
        assertEquals([end.code, end.resumeSeq], [status.UNAVAILABLE, seq], `stream ${index}: ${end.details}`);
        assertEquals(streams[index]?.seqs, [1]);
      }
      await assertStored(env);
    },
  });
}

/** What was answered is there after the next start. */
async function assertStored(env: ServerEnv): Promise<void> {
  await using server = new ServerProcess({ env });
  const { grpcAddress: address } = await server.ready();
  await using client = new MessageServiceClient({ address });
  const stored: string[] = [];
  for (let room = 0; room < ROOMS; room++) {
    const { messages } = await client.getMessages({ room: `room-${room}` });
    stored.push(...messages.slice(1).map((message) => message.content));
  }
  assertEquals(stored.toSorted(), Array.from({ length: CALLS }, (_, index) => `Call ${index}`).toSorted());
  server.kill("SIGTERM");
  assertEquals((await server.outcome()).code, 0);
}
