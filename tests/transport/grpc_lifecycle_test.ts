import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { ChatError } from "../../src/core/errors.ts";
import { status } from "../../src/wire/grpc_js.ts";
import { within } from "../support/deadline.ts";
import { MemoryMessageService } from "../support/memory_message_service.ts";
import { connect, create, failure, PATIENCE_MS, startServer, TestStream, until } from "./grpc_support.ts";

const hello = { content: "hello", username: "ann" };

Deno.test({
  name: "GrpcServer.stop answers accepted calls, ends streams with UNAVAILABLE and the position to resume after, and refuses new calls",
  fn: async () => {
    const service = new MemoryMessageService();
    const finish = Promise.withResolvers<void>();
    service.createMessage = async (request) => {
      await finish.promise;
      return service.append({ ...request, room: "other" });
    };
    await using test = await startServer({ service });
    using client = connect(test.address);
    using late = connect(test.address);
    for (let i = 0; i < 3; i++) service.append(hello);
    const streams = Array.from({ length: 100 }, (_, index) => new TestStream(client).ask({ afterSeq: index % 4 }));
    await Promise.all(streams.map((stream, index) => stream.received(3 - index % 4)));
    const calls = Array.from({ length: 50 }, () => create(client, hello));
    await until("all calls run", () => test.server.load.running === 50);
    const stopped = test.server.stop({ deadlineMs: PATIENCE_MS });
    for (const stream of streams) {
      const ended = await stream.status();
      assertEquals([ended.code, ended.metadata.get("chat-resume-seq")], [status.UNAVAILABLE, ["3"]]);
      assertMatch(ended.details, /^The server is shutting down/);
    }
    assertEquals((await failure((done) => late.CreateMessage(hello, done))).code, status.UNAVAILABLE);
    finish.resolve();
    assertEquals((await Promise.all(calls)).length, 50);
    await within(PATIENCE_MS, "the stop", stopped);
    await test.server.stop({ deadlineMs: 0 });
  },
});

Deno.test("GrpcServer.stop cuts off what is still open after its deadline", async () => {
  const service = new MemoryMessageService();
  const contexts: AbortSignal[] = [];
  service.createMessage = (_request, context) => {
    contexts.push(context.signal);
    return new Promise((_, reject) => context.signal.addEventListener("abort", () => reject(context.signal.reason)));
  };
  await using test = await startServer({ service });
  using client = connect(test.address);
  const stuck = failure((done) => client.CreateMessage(hello, done));
  const reader = new TestStream(client).ask();
  await reader.begun();
  reader.call.pause();
  for (let i = 0; i < 2_000; i++) service.append({ ...hello, content: "x".repeat(16_384) });
  await until("the call runs", () => contexts.length === 1);
  const startedAtMs = Date.now();
  await within(PATIENCE_MS, "the stop", test.server.stop({ deadlineMs: 200 }));
  const tookMs = Date.now() - startedAtMs;
  assert(tookMs >= 190, "the stop did not wait for its deadline");
  assert(tookMs < 1_000, `the stop took ${tookMs} ms, though its deadline was 200 ms`);
  assertEquals((await stuck).code, status.UNAVAILABLE);
  assertEquals(contexts[0]?.reason.message, "The server is shutting down");
  reader.call.resume();
  assert([status.CANCELLED, status.UNAVAILABLE, status.INTERNAL].includes((await reader.status()).code));
  assertEquals(service.following, 0);
});

Deno.test("startGrpcServer names address and settings when the port is in use, and leaves nothing running", async () => {
  await using test = await startServer();
  const error = await assertRejects(() => startServer({ port: test.server.port }), ChatError);
  const place = `127.0.0.1:${test.server.port}`;
  assertEquals(error.message, `Cannot listen for gRPC on ${place} (GRPC_SERVER_HOST, GRPC_SERVER_PORT): the port is in use`);
});

Deno.test("startGrpcServer listens on IPv6 loopback", async () => {
  await using test = await startServer({ host: "::1" });
  using client = connect(`[::1]:${test.server.port}`);
  assertEquals((await create(client, hello)).id, 1);
});

Deno.test("startGrpcServer refuses a message above the limit, and the connection survives", async () => {
  await using test = await startServer({ maxMessageBytes: 10_000 });
  using client = connect(test.address);
  const refused = await failure((done) => client.CreateMessage({ ...hello, content: "x".repeat(20_000) }, done));
  assertEquals(refused.code, status.RESOURCE_EXHAUSTED);
  assertEquals((await create(client, hello)).content, "hello");
});

Deno.test({
  name: "startGrpcServer finds clients that vanished, by its keepalive",
  fn: async () => {
    await using test = await startServer({ keepaliveTimeMs: 100, keepaliveTimeoutMs: 100 });
    await using line = cuttableLine(test.server.port);
    using client = connect(`127.0.0.1:${line.port}`);
    const stream = new TestStream(client).ask();
    await stream.begun();
    line.cut();
    await until("the stream is gone", () => test.server.load.streams === 0 && test.service.following === 0);
    stream.call.cancel();
  },
});

Deno.test({
  name: "GrpcServer.stop does not wait longer than its deadline for a client that vanished",
  fn: async () => {
    await using test = await startServer();
    await using line = cuttableLine(test.server.port);
    using client = connect(`127.0.0.1:${line.port}`);
    const stream = new TestStream(client).ask();
    await stream.begun();
    line.cut();
    for (let i = 0; i < 2_000; i++) test.service.append({ ...hello, content: "x".repeat(16_384) });
    const startedAtMs = Date.now();
    await within(PATIENCE_MS, "the stop", test.server.stop({ deadlineMs: 200 }));
    assert(Date.now() - startedAtMs < 1_000, `the stop took ${Date.now() - startedAtMs} ms, though its deadline was 200 ms`);
    stream.call.cancel();
  },
});

interface CuttableLine extends AsyncDisposable {
  readonly port: number;
  /** From now on nothing passes in either direction, and nobody is told. */
  cut(): void;
}

/** A TCP relay that can go silent, as a network does. */
function cuttableLine(targetPort: number): CuttableLine {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections: Deno.Conn[] = [];
  const relays: Promise<void>[] = [];
  let silent = false;
  const relay = async (from: Deno.Conn, to: Deno.Conn) => {
    const buffer = new Uint8Array(65_536);
    for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
      for (let sent = 0; !silent && sent < count;) sent += await to.write(buffer.subarray(sent, count));
    }
  };
  const accept = async () => {
    for await (const client of listener) {
      const server = await Deno.connect({ hostname: "127.0.0.1", port: targetPort });
      connections.push(client, server);
      relays.push(relay(client, server).catch(() => {}), relay(server, client).catch(() => {}));
    }
  };
  const accepting = accept();
  const close = async () => {
    listener.close();
    await accepting;
    for (const connection of connections) connection.close();
    await Promise.all(relays);
  };
  return { port: listener.addr.port, cut: () => void (silent = true), [Symbol.asyncDispose]: close };
}

// A grpc-js server that found no such host keeps the timer before it would look again, and has no end for it: so this test is the last.
Deno.test({
  name: "startGrpcServer names address and settings when the host is not this machine's, or no host at all",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const elsewhere = await assertRejects(() => startServer({ host: "203.0.113.7" }), ChatError);
    assertMatch(
      elsewhere.message,
      /^Cannot listen for gRPC on 203\.0\.113\.7:0 \(GRPC_SERVER_HOST, GRPC_SERVER_PORT\): this machine has no/,
    );
    const nowhere = await assertRejects(() => startServer({ host: "no.such.host.invalid" }), ChatError);
    assertMatch(
      nowhere.message,
      /^Cannot listen for gRPC on no\.such\.host\.invalid:0 \(GRPC_SERVER_HOST, GRPC_SERVER_PORT\): the host is unknown/,
    );
  },
});
