import { assert, assertEquals } from "@std/assert";
import { SocketClient } from "../support/socket_client.ts";
import { StoppableProxy } from "../support/stoppable_proxy.ts";
import { EventReader, type TestGateway, withGateway } from "./rest_server.ts";

/** Numbers from `first` to `last`. */
const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);
const TOTAL = 60;

/** Says so many messages, one after the other. */
async function sayAll(server: TestGateway, room: string): Promise<void> {
  for (let i = 1; i <= TOTAL; i++) await server.say(room, `message ${i}`);
}

Deno.test("A browser whose network comes and goes misses nothing and sees nothing twice, by server-sent events", async () => {
  await withGateway(async (server) => {
    const sender = sayAll(server, "tunnel");
    const seen: number[] = [];
    let lastId = "0";
    for (let round = 1; seen.length < TOTAL; round++) {
      await using network = new StoppableProxy(`127.0.0.1:${server.gateway.port}`);
      const url = `http://${network.address}/v1/messages/stream?room=tunnel&after_seq=0`;
      const reader = await EventReader.open(url, { "last-event-id": lastId });
      for (const event of await reader.take(1 + Math.min(round * 4, TOTAL - seen.length))) {
        if (event.event !== "ready") seen.push(event.data.seq);
        lastId = event.id;
      }
      // What the server sends from here on is lost with the connection.
      network.stop();
      reader.close();
    }
    await sender;
    assertEquals(seen, range(1, TOTAL));
  });
});

Deno.test("A browser whose network comes and goes misses nothing and sees nothing twice, by WebSocket", async () => {
  await withGateway(async (server) => {
    const sender = sayAll(server, "tunnel");
    const seen: number[] = [];
    for (let round = 1; seen.length < TOTAL; round++) {
      await using network = new StoppableProxy(`127.0.0.1:${server.gateway.port}`);
      const client = await SocketClient.open(`http://${network.address}`);
      await client.subscribe("tunnel", { after_seq: seen.at(-1) ?? 0 });
      seen.push(...(await client.take("event", Math.min(round * 4, TOTAL - seen.length))).map(({ seq }) => seq));
      network.stop();
      client.abandon();
    }
    await sender;
    assertEquals(seen, range(1, TOTAL));
  });
});

Deno.test("A WebSocket whose peer does not read is cut, costs the others nothing, and goes on where it stood", async () => {
  // More than one burst, which may be stored and told at once.
  const feedLimits = { events: 64, bytes: 4 * 1024 * 1024 };
  await withGateway(async (server) => {
    await using network = new StoppableProxy(`127.0.0.1:${server.gateway.port}`);
    const [slow, quick] = await Promise.all([SocketClient.open(`http://${network.address}`), SocketClient.open(server.origin)]);
    await Promise.all([slow.subscribe("busy"), quick.subscribe("busy")]);
    network.stop();
    // More than the sockets' buffers can take.
    const [total, content] = [400, "x".repeat(65_000)];
    for (let sent = 0; sent < total; sent += 20) {
      await Promise.all(range(1, 20).map(() => server.say("busy", content)));
      // As fast as the quick one reads: what is written beyond that is no slow reader's fault.
      assertEquals((await quick.take("event", 20)).map(({ seq }) => seq), range(sent + 1, sent + 20));
    }
    network.go();
    const end = await slow.next(({ type }) => type === "end");
    const received = slow.left.filter(({ type }) => type === "event").map(({ seq }) => seq);
    assert(received.length < total, "it was cut before it had everything");
    assertEquals(received, range(1, received.length));
    assertEquals([end.seq, end.problem.code, end.problem.resume_seq], [received.length, "resource_exhausted", received.length]);
    assertEquals((await slow.closed).code, 1013);
    const again = await SocketClient.open(server.origin);
    await again.subscribe("busy", { after_seq: end.seq });
    const rest = total - received.length;
    assertEquals((await again.take("event", rest)).map(({ seq }) => seq), range(received.length + 1, total));
    await Promise.all([quick.close(), again.close()]);
  }, { message: { feedLimits } });
});
