import { assert, assertEquals, assertLess } from "@std/assert";
import { MessageServiceClient } from "../../src/clients/mod.ts";
import { status } from "../../src/wire/grpc_js.ts";
import { within } from "../support/deadline.ts";
import { followGrpc } from "../support/load_followers.ts";
import { residentMib } from "../support/memory_use.ts";
import { withPostgres } from "../support/postgres.ts";
import { RawStreams } from "../support/raw_streams.ts";
import { ServerProcess } from "../support/server_process.ts";
import { StoppableProxy } from "../support/stoppable_proxy.ts";

const SLOW_READERS = 10;
/** 10 MB in all, more than twice what a room keeps for those who are behind. */
const MESSAGES = 160;
const CONTENT = "x".repeat(64_000);

Deno.test({
  name:
    "main ends a subscriber that never reads with RESOURCE_EXHAUSTED and the position to resume from, in bounded memory, and others notice nothing",
  fn: () =>
    withPostgres(async (url) => {
      await using server = new ServerProcess({ env: { DATABASE_URL: url } });
      const { grpcAddress: address, pid } = await server.ready();
      await using client = new MessageServiceClient({ address });
      await using proxy = new StoppableProxy(address);
      using connections = new RawStreams(proxy.address, SLOW_READERS);
      const slow = Array.from({ length: SLOW_READERS }, () => connections.open({}));
      await within(10_000, "the slow readers' streams", Promise.all(slow.map((stream) => stream.opened)));
      proxy.stop();
      await using quick = followGrpc(address, { room: "general" });
      const before = await residentMib(pid);
      for (let sent = 0; sent < MESSAGES; sent += 20) {
        await Promise.all(Array.from({ length: 20 }, () => client.createMessage({ username: "ann", content: CONTENT })));
      }
      await within(10_000, "the quick reader", quick.position.reached(MESSAGES));
      assertEquals(quick.events.map((event) => event.seq), Array.from({ length: MESSAGES }, (_, index) => index + 1));
      assertEquals(quick.resumptions, 0);
      assertLess(await residentMib(pid) - before, 200, "MiB more than before");

      // A client learns the status after what was sent before it, so now they read.
      proxy.go();
      const ends = await within(15_000, "the slow readers' ends", Promise.all(slow.map((stream) => stream.ended)));
      for (const [index, end] of ends.entries()) {
        const seqs = slow[index]!.seqs;
        assertEquals(end.code, status.RESOURCE_EXHAUSTED, `${end.code} ${end.details}`);
        assertEquals(seqs, Array.from({ length: seqs.length }, (_, seq) => seq + 1), "no gap before the end");
        assert(seqs.length < MESSAGES, "it fell behind");
        assertEquals(end.resumeSeq, seqs.length, "the position to resume from is the last one received");
      }
      server.kill("SIGTERM");
      assertEquals((await server.outcome()).code, 0);
    }),
});
