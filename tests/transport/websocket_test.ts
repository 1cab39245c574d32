import { assert, assertEquals, assertMatch } from "@std/assert";
import { ChatError } from "../../src/core/errors.ts";
import { SocketClient } from "../support/socket_client.ts";
import { withGateway } from "./rest_server.ts";

/** Numbers from `first` to `last`. */
const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

Deno.test("GET /v1/ws follows rooms, several on one socket", async (t) => {
  await withGateway(async (server) => {
    const client = await SocketClient.open(server.origin, ["chat.v1"]);

    await t.step("it speaks chat.v1 to who offers it", () => assertEquals(client.protocol, "chat.v1"));

    await t.step("tells where a subscription begins, then each message as REST has it", async () => {
      await server.say("live", "before");
      const { type, room, seq } = await client.subscribe("live");
      assertEquals([type, room, seq], ["ready", "live", 1]);
      await server.say("live", "after");
      const event = await client.next();
      assertEquals([event.type, event.room, event.seq, event.event], ["event", "live", 2, "created"]);
      assertEquals(event.message, await (await fetch(`${server.origin}/v1/messages/2?room=live`)).json());
    });

    await t.step("replays after after_seq, and picks an author and changes as asked", async () => {
      for (const username of ["ann", "bob", "ann"]) await server.say("replay", "x", username);
      await client.subscribe("replay", { after_seq: 0, username: "ann", include_changes: true });
      assertEquals((await client.take("event", 2)).map(({ seq }) => seq), [1, 3]);
      const edited = await client.ask({ type: "edit", room: "replay", id: 1, content: "y" });
      assertEquals([edited.result.version, edited.result.content], [2, "y"]);
      const deleted = await client.ask({ type: "delete", room: "replay", id: 3 });
      assertEquals(deleted.result.success, true);
      assertEquals((await client.take("event", 2)).map(({ event, seq }) => [event, seq]), [["edited", 4], ["deleted", 5]]);
      assertEquals((await client.ask({ type: "ping" })).positions, { live: 2, replay: 5 });
    });

    await t.step("a second subscribe to a room goes on where the first stood; after unsubscribe nothing comes", async () => {
      assertEquals((await client.subscribe("live")).seq, 2);
      assertEquals((await client.ask({ type: "unsubscribe", room: "live" })).result, { room: "live", seq: 2 });
      await server.say("live", "unheard");
      await client.ask({ type: "ping" });
      assertEquals(client.left, []);
    });

    await t.step("a position that does not exist is refused with REST's words", async () => {
      const { type, problem } = await client.subscribe("live", { after_seq: 99 });
      assertEquals([type, problem.code, problem.status, problem.field], ["error", "out_of_range", 400, "after_seq"]);
    });
    await client.close();
  });
});

Deno.test("A WebSocket sends messages in the order in which they were given, once for each client_message_id", async () => {
  await withGateway(async (server) => {
    const client = await SocketClient.open(server.origin);
    for (const i of range(1, 50)) client.tell({ type: "send", ref: String(i), room: "order", username: "ann", content: `message ${i}` });
    const acks = await client.take("ack", 50);
    assertEquals(acks.map(({ ref, result }) => [ref, result.id, result.content]), range(1, 50).map((i) => [String(i), i, `message ${i}`]));
    const again = { type: "send", room: "order", username: "ann", content: "once", client_message_id: "one" };
    const [first, second] = [await client.ask(again), await client.ask(again)];
    assertEquals(first.result, second.result);
    await client.close();
  });
});

Deno.test("A WebSocket refuses what it does not know with a sentence that names it, and goes on", async (t) => {
  await withGateway(async (server) => {
    const client = await SocketClient.open(server.origin);
    const cases: readonly [frame: string, detail: RegExp][] = [
      ["hello", /must be JSON/],
      ["[]", /must be a JSON object/],
      ["null", /must be a JSON object/],
      ["{}", /`type` must be one of subscribe, /],
      ['{"type":"constructor"}', /`type` must be one of/],
      ['{"type":"send","room":"a","content":"x"}', /`ref`/],
      ['{"type":"ping","extra":1}', /`extra` is not known here/],
      ['{"type":"subscribe","__proto__":1}', /`__proto__` is not known here/],
      ['{"type":"subscribe","room":7}', /`room` must be text, got 7/],
      ['{"type":"subscribe","after_seq":1.5}', /`after_seq` must be a whole number/],
      ['{"type":"send","ref":"r","username":"ann","content":""}', /`content`/],
      ['{"type":"typing","room":"unfollowed"}', /does not follow room "unfollowed"/],
      ['{"type":"delete","ref":"r","id":"1"}', /`id` must be a whole number/],
    ];
    for (const [frame, detail] of cases) {
      await t.step(frame, async () => {
        client.raw(frame);
        const { type, problem } = await client.next();
        assertEquals(type, "error");
        assertMatch(problem.detail, detail);
      });
    }
    await t.step("an error carries the ref of what it answers", async () => {
      client.tell({ type: "ping", ref: "mine", extra: 1 });
      assertEquals((await client.next()).ref, "mine");
    });
    await t.step("the socket still works", async () => assertEquals((await client.ask({ type: "ping" })).type, "pong"));
    await client.close();
    assertEquals(server.logLines.filter((line) => /"level":"(warn|error)"/.test(line)), []);
  });
});

Deno.test("A WebSocket is closed with a code that says why", async (t) => {
  await withGateway(async (server) => {
    await t.step("1003 for binary frames", async () => {
      const client = await SocketClient.open(server.origin);
      client.raw(new Uint8Array(3));
      assertEquals((await client.closed).code, 1003);
    });
    await t.step("1009 for a frame that is too large", async () => {
      const client = await SocketClient.open(server.origin);
      client.raw("x".repeat(524_289));
      assertEquals((await client.closed).code, 1009);
    });
    await t.step("without waiting for a client that goes on after it was told that it is too fast", async () => {
      const client = await SocketClient.open(server.origin);
      for (let i = 0; i < 250; i++) client.tell({ type: "ping" });
      const { problem } = await client.next(({ type }) => type === "error");
      assertEquals(problem.code, "resource_exhausted");
      assert(problem.retry_after_ms > 0, "it is told when to go on");
      for (let i = 0; i < 1_000; i++) client.tell({ type: "ping" });
      // 1008, where what it still sends does not reset the connection first.
      assert((await client.closed).code !== 1000, "it was cut");
    });
    await t.step("a plain request is told to upgrade", async () => {
      const response = await fetch(`${server.origin}/v1/ws`);
      assertEquals([response.status, response.headers.get("upgrade"), (await response.json()).status], [426, "websocket", 426]);
    });
  });
});

Deno.test("A stop tells each room's position by WebSocket, closes with 1001, and leaves nothing open", async () => {
  await withGateway(async (server) => {
    const client = await SocketClient.open(server.origin);
    for (const room of ["one", "two"]) {
      await server.say(room, "x");
      await client.subscribe(room);
    }
    await server.gateway.stop({ deadlineMs: 5_000 });
    const ends = await client.take("end", 2);
    assertEquals(ends.map(({ room, seq, problem }) => [room, seq, problem.code, problem.resume_seq]), [
      ["one", 1, "unavailable", 1],
      ["two", 1, "unavailable", 1],
    ]);
    assertEquals((await client.closed).code, 1001);
  });
});

Deno.test("A subscription that fails ends alone, with its position; the socket's other rooms go on", async () => {
  const failure = new ChatError("permission_denied", "The caller is no member any more");
  await withGateway(async (server) => {
    const client = await SocketClient.open(server.origin);
    await client.subscribe("good");
    await client.subscribe("bad");
    const end = await client.next(({ type }) => type === "end");
    assertEquals([end.room, end.problem.code, end.problem.status], ["bad", "permission_denied", 403]);
    await server.say("good", "x");
    assertEquals((await client.next()).room, "good");
    await client.close();
  }, {
    override: (service) => ({
      streamMessages: async (request, context) => {
        const stream = await service.streamMessages(request, context);
        const failing = { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(failure) }), failed: stream.failed };
        return request.room === "bad" ? { ...failing, startSeq: 0, position: 0 } : stream;
      },
    }),
  });
});
