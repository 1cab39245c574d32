import { assert, assertEquals, assertGreater, assertMatch } from "@std/assert";
import { ChatError } from "../../src/core/errors.ts";
import { Metadata, status } from "../../src/wire/grpc_js.ts";
import { MemoryMessageService } from "../support/memory_message_service.ts";
import { answer, connect, startServer, TestStream, until } from "./grpc_support.ts";

const say = (content: string, room = "general") => ({ content, username: "ann", room });

Deno.test("StreamMessages sends nothing before the first request, then everything from then on, in order", async () => {
  await using test = await startServer();
  using client = connect(test.address);
  const stream = new TestStream(client);
  await until("the stream is open", () => test.server.load.streams === 1);
  test.service.append(say("before"));
  stream.ask();
  assertEquals(await stream.begun(), 1);
  for (const content of ["one", "two", "three"]) test.service.append(say(content));
  assertEquals(await stream.received(3), ["one", "two", "three"]);
  assertEquals(stream.messages.map((message) => message.seq), [2, 3, 4]);
});

Deno.test("StreamMessages tells in its initial metadata where it begins, at once", async () => {
  await using test = await startServer();
  using client = connect(test.address);
  for (let i = 0; i < 3; i++) test.service.append(say(`${i}`));
  assertEquals(await new TestStream(client).ask({ afterSeq: 2 }).begun(), 2);
  assertEquals(await new TestStream(client).ask({ afterSeq: 0 }).begun(), 0);
  assertEquals(await new TestStream(client).ask().begun(), 3);
});

Deno.test("StreamMessages names the call by the client's x-request-id", async () => {
  await using test = await startServer();
  using client = connect(test.address);
  const metadata = new Metadata();
  metadata.set("x-request-id", "stream-7");
  await new TestStream(client, { metadata }).ask().begun();
  assertEquals(test.service.contexts.map((context) => context.requestId), ["stream-7"]);
});

Deno.test("StreamMessages ends with a ChatError's status, and with the position to resume after", async () => {
  const service = new MemoryMessageService();
  await using test = await startServer({ service });
  using client = connect(test.address);
  const refused = await new TestStream(client).ask({ afterSeq: 9 }).status();
  assertEquals([refused.code, refused.details], [status.OUT_OF_RANGE, "Room ends at position 0, got after_seq 9"]);
  service.streamMessages = () => Promise.reject(new Error("secret"));
  await using broken = await startServer({ service });
  using other = connect(broken.address);
  const failed = await new TestStream(other).ask().status();
  assertEquals(failed.code, status.INTERNAL);
  assertMatch(failed.details, /^Internal error, request id /);
});

Deno.test("StreamMessages refuses a stream that the client ends without a request", async () => {
  await using test = await startServer();
  using client = connect(test.address);
  const stream = new TestStream(client);
  stream.call.end();
  const ended = await stream.status();
  assertEquals([ended.code, ended.details], [status.INVALID_ARGUMENT, "The stream ended before its first request"]);
});

Deno.test("StreamMessages keeps the last subscription going when the client closes its side", async () => {
  await using test = await startServer();
  using client = connect(test.address);
  const stream = new TestStream(client).ask();
  await stream.begun();
  stream.call.end();
  test.service.append(say("after the half-close"));
  assertEquals(await stream.received(1), ["after the half-close"]);
});

Deno.test("StreamMessages lets go of its subscription when the client cancels", async () => {
  await using test = await startServer();
  using client = connect(test.address);
  const stream = new TestStream(client).ask();
  await stream.begun();
  await until("the service is followed", () => test.service.following === 1);
  stream.call.cancel();
  assertEquals((await stream.status()).code, status.CANCELLED);
  await until("the service is let go", () => test.service.following === 0 && test.server.load.streams === 0);
  assertEquals(test.service.contexts[0]?.signal.reason.code, "cancelled");
});

Deno.test("StreamMessages ends at the client's deadline", async () => {
  await using test = await startServer();
  using client = connect(test.address);
  const stream = new TestStream(client, { deadlineMs: 1_000 }).ask();
  assertEquals((await stream.status()).code, status.DEADLINE_EXCEEDED);
  await until("the service is let go", () => test.service.following === 0 && test.server.load.streams === 0);
  // On a busy machine the client's giving up may be heard before the server's own clock says the same.
  assertMatch(test.service.contexts[0]?.signal.reason.code, /^(deadline_exceeded|cancelled)$/);
});

Deno.test("StreamMessages replaces the subscription with each request, and goes on in the same room without gap or repeat", async () => {
  await using test = await startServer();
  using client = connect(test.address);
  const stream = new TestStream(client).ask({ afterSeq: 0 });
  test.service.append(say("1"));
  await stream.received(1);
  stream.ask({ subscribeTo: "all" });
  await until("it is replaced", () => test.service.subscriptions.length === 2);
  test.service.append(say("2"));
  assertEquals(await stream.received(2), ["1", "2"]);
  assertEquals(test.service.subscriptions[1]?.afterSeq, 1);
  stream.ask({ room: "other" });
  await until("it has moved", () => test.service.subscriptions.length === 3);
  assertEquals(test.service.subscriptions[2]?.afterSeq, undefined);
  await until("one is followed", () => test.service.following === 1);
  test.service.append(say("not seen"));
  test.service.append(say("3", "other"));
  assertEquals(await stream.received(3), ["1", "2", "3"]);
  stream.ask({ room: "other", afterSeq: 0 });
  assertEquals(await stream.received(4), ["1", "2", "3", "3"]);
});

Deno.test("StreamMessages loses and repeats nothing while requests and messages cross", async () => {
  await using test = await startServer();
  using client = connect(test.address);
  const stream = new TestStream(client).ask({ afterSeq: 0 });
  await stream.begun();
  for (let i = 1; i <= 300; i++) {
    test.service.append(say(`${i}`));
    if (i % 3 === 0) stream.ask({ subscribeTo: i % 2 === 0 ? "all" : "" });
    if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await stream.received(300);
  assertEquals(stream.messages.map((message) => message.seq), Array.from({ length: 300 }, (_, index) => index + 1));
});

Deno.test("StreamMessages does not pile up the requests of a client that sends without end", async () => {
  const service = new MemoryMessageService();
  const open = service.streamMessages.bind(service);
  const slow = Promise.withResolvers<void>();
  service.streamMessages = async (request, context) => {
    await slow.promise;
    return open(request, context);
  };
  await using test = await startServer({ service });
  using client = connect(test.address);
  const stream = new TestStream(client);
  for (let i = 0; i < 500; i++) stream.ask({ afterSeq: 0, subscribeTo: `user ${i}` });
  stream.ask({ afterSeq: 0, subscribeTo: "the last" });
  const written = new Promise<void>((resolve) => stream.call.once("finish", resolve));
  stream.call.end();
  await written;
  // Calls on the same connection come after the requests above, so these have been read once a few calls are answered.
  for (let i = 0; i < 5; i++) await answer((done) => client.GetMessages({}, done));
  slow.resolve();
  await until("the last is followed", () => service.subscriptions.at(-1)?.subscribeTo === "the last");
  assert(service.subscriptions.length < 50, `${service.subscriptions.length} subscriptions were made`);
});

Deno.test("StreamMessages encodes each message once, however many subscribers", async () => {
  await using test = await startServer();
  using client = connect(test.address);
  const streams = Array.from({ length: 50 }, () => new TestStream(client).ask());
  await Promise.all(streams.map((stream) => stream.begun()));
  for (let i = 0; i < 20; i++) test.service.append(say(`${i}`));
  for (const stream of streams) assertEquals((await stream.received(20)).length, 20);
  assertEquals(test.server.load.encodings, 20);
});

Deno.test("StreamMessages waits for a slow reader, and ends it with the position to resume after when it has fallen behind", async () => {
  await using test = await startServer();
  test.service.maxBehind = 1_000;
  using client = connect(test.address);
  const stream = new TestStream(client).ask();
  await stream.begun();
  stream.call.pause();
  const content = "x".repeat(16_384);
  let appended = 0;
  while (test.service.following > 0 && appended < 5_000) {
    test.service.append(say(content));
    if (++appended % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assertGreater(appended, 1_000);
  assert(appended < 5_000, "the server took everything in");
  stream.call.resume();
  const ended = await stream.status();
  assertEquals(ended.code, status.RESOURCE_EXHAUSTED);
  const resumeSeq = Number(ended.metadata.get("chat-resume-seq")[0]);
  assert(resumeSeq > 0 && resumeSeq < appended - 1_000 + 1, `resume after ${resumeSeq} of ${appended}`);
  assertEquals(stream.messages.map((message) => message.seq), stream.messages.map((_, index) => index + 1));
  assert(stream.messages.length <= resumeSeq);
});

Deno.test("StreamMessages holds at most so many streams in all", async () => {
  await using test = await startServer({ limits: { maxStreams: 2 } });
  using client = connect(test.address);
  const streams = [new TestStream(client).ask(), new TestStream(client).ask()];
  await Promise.all(streams.map((stream) => stream.begun()));
  const refused = await new TestStream(client).ask().status();
  assertEquals([refused.code, refused.details], [status.RESOURCE_EXHAUSTED, "The server holds 2 streams, which is its limit"]);
  streams[0]!.call.cancel();
  await until("one has left", () => test.server.load.streams === 1);
  await new TestStream(client).ask().begun();
});

Deno.test("StreamMessages goes on when a service ends a subscription without an error, by telling the client to resume", async () => {
  const service = new MemoryMessageService();
  service.streamMessages = () => {
    const none = { startSeq: 4, position: 6, failed: new AbortController().signal };
    return Promise.resolve({ ...none, [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }) });
  };
  await using test = await startServer({ service });
  using client = connect(test.address);
  const ended = await new TestStream(client).ask().status();
  assertEquals([ended.code, ended.metadata.get("chat-resume-seq")], [status.UNAVAILABLE, ["6"]]);
});

Deno.test("StreamMessages passes a position on that the service names in its error", async () => {
  const service = new MemoryMessageService();
  service.streamMessages = () => Promise.reject(new ChatError("resource_exhausted", "Too slow", { resumeSeq: 0, retryAfterMs: 0 }));
  await using test = await startServer({ service });
  using client = connect(test.address);
  const { metadata } = await new TestStream(client).ask().status();
  assertEquals([metadata.get("chat-resume-seq"), metadata.get("chat-retry-after-ms")], [["0"], ["0"]]);
});
