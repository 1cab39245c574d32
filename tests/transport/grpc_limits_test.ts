import { assert, assertEquals, assertMatch } from "@std/assert";
import { MessageServiceClient } from "../../src/clients/mod.ts";
import type { CreateMessageRequest, Message } from "../../src/contracts/mod.ts";
import type { CallContext } from "../../src/core/context.ts";
import { ChatError } from "../../src/core/errors.ts";
import { Metrics } from "../../src/observability/metrics.ts";
import { healthDefinition } from "../../src/wire/definitions.ts";
import { credentials, makeClientConstructor, Metadata, status } from "../../src/wire/grpc_js.ts";
import { within } from "../support/deadline.ts";
import { parseMetrics } from "../support/scrape.ts";
import { MemoryMessageService } from "../support/memory_message_service.ts";
import { frames, RawConnection, settings } from "../support/raw_http2.ts";
import { answer, connect, create, failure, PATIENCE_MS, startServer, TestStream, until } from "./grpc_support.ts";

const hello = { content: "hello", username: "ann" };
/** A service whose creations wait for the test. */
function slowService(work: (request: CreateMessageRequest, context: CallContext) => Promise<void>): MemoryMessageService {
  const service = new MemoryMessageService();
  const make = service.createMessage.bind(service);
  service.createMessage = async (request, context): Promise<Message> => {
    const made = make(request, context);
    await work(request, context);
    return await made;
  };
  return service;
}

Deno.test("startGrpcServer cuts a longer deadline to its own, for the handler as for the client", async () => {
  const service = slowService((_request, { signal }) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)))
  );
  await using test = await startServer({ service, held: { maxDeadlineMs: 200 }, limits: { sweepMs: 10 } });
  using client = connect(test.address);
  const begunMs = Date.now();
  const late = await failure((done) => client.CreateMessage(hello, new Metadata(), { deadline: begunMs + 600_000 }, done));
  assertEquals([late.code, late.details], [
    status.DEADLINE_EXCEEDED,
    "The call ran for 200 ms, the longest that a call may take (GRPC_MAX_DEADLINE_MS)",
  ]);
  assert(service.contexts[0]!.deadlineAtMs! < begunMs + 100_000, "what is called on its behalf is given the shorter deadline too");
  const own = await failure((done) => client.CreateMessage(hello, new Metadata(), { deadline: Date.now() + 50 }, done));
  assertEquals(own.code, status.DEADLINE_EXCEEDED);
  assert(service.contexts[1]!.deadlineAtMs! < Date.now() + 100);
});

Deno.test("startGrpcServer refuses a caller's calls beyond its share, over however many connections, and takes them again afterwards", async () => {
  await using test = await startServer({ held: { maxCallsPerCaller: 3 } });
  const clients = Array.from({ length: 4 }, () => connect(test.address));
  const streams = clients.slice(0, 3).map((client) => new TestStream(client).ask());
  for (const stream of streams) await stream.begun();
  const refused = await failure((done) => clients[3]!.CreateMessage(hello, done));
  assertEquals([refused.code, refused.details], [
    status.RESOURCE_EXHAUSTED,
    "The caller has 3 calls open, which is the limit for one (GRPC_MAX_CALLS_PER_CALLER)",
  ]);
  assertEquals(refused.metadata.get("chat-retry-after-ms"), ["1000"]);
  assertEquals((await new TestStream(clients[3]!).ask().status()).code, status.RESOURCE_EXHAUSTED);
  streams[0]!.call.cancel();
  await until("the first stream is gone", () => test.server.load.streams === 2);
  assertEquals((await create(clients[3]!, hello)).content, "hello");
  for (const stream of streams) stream.call.cancel();
  for (const client of clients) client[Symbol.dispose]();
});

Deno.test("startGrpcServer tells each connection how many calls it may have at once", async () => {
  await using test = await startServer({ held: { maxStreamsPerConnection: 7 } });
  using raw = await RawConnection.greet(test.server.port);
  let told: number | undefined;
  const reading = raw.read((type, payload) => {
    if (type !== frames.settings) return;
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
    for (let at = 0; at < payload.length; at += 6) if (view.getUint16(at) === settings.maxConcurrentStreams) told = view.getUint32(at + 2);
    return told === undefined;
  });
  await within(PATIENCE_MS, "the server's settings", reading);
  assertEquals(told, 7);
});

Deno.test({
  name:
    "startGrpcServer ends a connection at its age: streams with UNAVAILABLE and their position, calls answered, clients go on elsewhere",
  fn: async () => {
    const finish = Promise.withResolvers<void>();
    const service = slowService((request) => request.content === "slow" ? finish.promise : Promise.resolve());
    await using test = await startServer({ service, held: { maxConnectionAgeMs: 300, maxConnectionAgeGraceMs: PATIENCE_MS } });
    using client = connect(test.address);
    const stream = new TestStream(client).ask({ afterSeq: 0 });
    await create(client, hello);
    await stream.received(1);
    const slow = create(client, { ...hello, content: "slow" });
    slow.catch(() => {}); // looked at below
    const ended = await stream.status();
    assertEquals([ended.code, ended.metadata.get("chat-resume-seq")], [status.UNAVAILABLE, [`${stream.messages.length}`]]);
    assertMatch(ended.details, /^The connection has reached its age/);
    finish.resolve();
    assertEquals((await slow).content, "slow");
    assertEquals((await create(client, { ...hello, content: "next" })).content, "next");
  },
});

Deno.test({
  name: "a client that follows a room sees neither gap nor repeat while its connections end at their age",
  fn: async () => {
    await using test = await startServer({ held: { maxConnectionAgeMs: 100, maxConnectionAgeGraceMs: 100 } });
    await using client = new MessageServiceClient({ address: test.address, backoffInitialMs: 10 });
    const seqs: number[] = [];
    let resumed = 0;
    const stream = client.streamMessages({ afterSeq: 0 }, { onRetry: () => resumed++ });
    const following = (async () => {
      for await (const { seq, content } of stream) if (seqs.push(seq) && content === "the end") return;
    })();
    const writing = (async () => {
      while (resumed < 3) await client.createMessage(hello);
      await client.createMessage({ ...hello, content: "the end" });
    })();
    await within(PATIENCE_MS, () => `three connections to end, ${resumed} did`, Promise.all([following, writing]));
    assertEquals(seqs, seqs.map((_, index) => index + 1));
  },
});

Deno.test("startGrpcServer ends a connection without calls after a while, and keeps one with a stream", async () => {
  await using test = await startServer({ held: { maxConnectionIdleMs: 100 } });
  using client = connect(test.address);
  const stream = new TestStream(client).ask();
  await stream.begun();
  using raw = await RawConnection.greet(test.server.port);
  await within(PATIENCE_MS, "the end of an idle connection", raw.closed());
  test.service.append(hello);
  assertEquals(await stream.received(1), ["hello"]);
  stream.call.cancel();
  await stream.status();
});

Deno.test("startGrpcServer refuses calls beyond worker and queue before it decodes them, counts them, and answers health meanwhile", async () => {
  const finish = Promise.withResolvers<void>();
  const service = slowService(() => finish.promise);
  const metrics = new Metrics();
  await using test = await startServer({ service, maxWorkers: 1, maxQueuedCalls: 1, telemetry: { metrics } });
  using client = connect(test.address);
  const taken = [create(client, hello), create(client, hello)];
  await until("one runs and one waits", () => test.server.load.running === 1 && test.server.load.waiting === 1);
  const refused = await Promise.all(Array.from({ length: 50 }, () => failure((done) => client.CreateMessage(hello, done))));
  for (const { code, details, metadata } of refused) {
    assertEquals([code, metadata.get("chat-retry-after-ms"), metadata.get("grpc-retry-pushback-ms")], [status.RESOURCE_EXHAUSTED, ["250"], [
      "250",
    ]]);
    assertEquals(details, "The server is full: 1 calls run and 1 wait; try again later, or raise GRPC_MAX_WORKERS on the server");
  }
  const counted = parseMetrics(await metrics.text()).get(
    'grpc_calls_total{method="chat.MessageService/CreateMessage",status="RESOURCE_EXHAUSTED"}',
  );
  assertEquals(counted, 50);
  assertEquals(await healthOf(test.address), 1);
  finish.resolve();
  assertEquals((await Promise.all(taken)).length, 2);
});

/** What the whole server says of itself. */
async function healthOf(address: string): Promise<number> {
  const Health = makeClientConstructor(healthDefinition, "Health");
  const health = new Health(address, credentials.createInsecure());
  try {
    type Check = { Check: (request: object, done: unknown) => void };
    return (await answer<{ status: number }>((done) => (health as unknown as Check).Check({}, done))).status;
  } finally {
    health.close();
  }
}

Deno.test("startGrpcServer refuses new calls while memory is short, and still tells of its health; what runs goes on", async () => {
  let short = false;
  const shortage = new ChatError("resource_exhausted", "The server is short of memory; try again later", { retryAfterMs: 1_000 });
  await using test = await startServer({ overload: () => short ? shortage : undefined });
  using client = connect(test.address);
  const stream = new TestStream(client).ask();
  await stream.begun();
  short = true;
  assertEquals((await failure((done) => client.CreateMessage(hello, done))).code, status.RESOURCE_EXHAUSTED);
  assertEquals((await new TestStream(client).ask().status()).code, status.RESOURCE_EXHAUSTED);
  assertEquals(await healthOf(test.address), 1);
  test.service.append(hello);
  assertEquals(await stream.received(1), ["hello"]);
  short = false;
  assertEquals((await create(client, hello)).content, "hello");
  stream.call.cancel();
  await stream.status();
});
