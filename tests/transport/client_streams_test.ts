import { assert, assertEquals, assertRejects } from "@std/assert";
import { ChatError, type Message, MessageServiceClient } from "../../src/clients/mod.ts";
import type { StreamMessagesRequest } from "../../src/contracts/mod.ts";
import { RemoteMessageService } from "../../src/clients/remote_message_service.ts";
import { Metadata, status } from "../../src/wire/grpc_js.ts";
import { callContext } from "../support/call_context.ts";
import { failStream, follow, startTestServer, type StreamCall, TestLog, type TestServer } from "./client_server.ts";

const QUICK = { backoffInitialMs: 5, backoffMaxMs: 20 };

/** Reads so many positions, with a limit in time as the net under a broken stream. */
async function positions(stream: AsyncIterable<Message>, count: number): Promise<number[]> {
  const seen: number[] = [];
  if (count === 0) return seen;
  for await (const message of stream) {
    seen.push(message.seq);
    if (seen.length === count) break;
  }
  return seen;
}

function oneTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

Deno.test("streamMessages begins where it is told, goes on live, and ends when its reader leaves", async () => {
  const log = new TestLog();
  log.fill(5);
  const server = await startTestServer(log);
  await using client = new MessageServiceClient({ address: server.address });
  const opened = Promise.withResolvers<number>();
  const reading = positions(client.streamMessages({ afterSeq: 3 }, { onOpen: opened.resolve }), 4);
  assertEquals(await opened.promise, 3);
  log.fill(2);
  assertEquals(await reading, [4, 5, 6, 7]);
  await server.stopGently();
});

Deno.test("streamMessages without a position begins when onOpen says so", async () => {
  const log = new TestLog();
  log.fill(5);
  const server = await startTestServer(log);
  await using client = new MessageServiceClient({ address: server.address });
  const opened = Promise.withResolvers<number>();
  const reading = positions(client.streamMessages({}, { onOpen: opened.resolve }), 1);
  assertEquals(await opened.promise, 5);
  log.fill(1);
  assertEquals(await reading, [6]);
  await server.stopGently();
});

Deno.test("streamMessages has no gap and no repeat while the server stops in every way and starts again on its port", async () => {
  const rounds = 12;
  const log = new TestLog();
  let server: TestServer = await startTestServer(log);
  await using client = new MessageServiceClient({ address: server.address, ...QUICK });
  const seen: number[] = [];
  let waiting = { count: 0, reached: () => {} };
  const reachedCount = (count: number) => new Promise<void>((reached) => waiting = { count, reached });
  const caller = new AbortController();
  const reading = (async () => {
    for await (const message of client.streamMessages({ afterSeq: 0 }, { signal: caller.signal })) {
      seen.push(message.seq);
      if (seen.length >= waiting.count) waiting.reached();
    }
  })();
  for (let round = 0; round < rounds; round++) {
    // The server is stopped while some of these are still on their way.
    const some = reachedCount(seen.length + 20);
    log.fill(200);
    await some;
    if (round % 2 === 0) server.stopHard();
    else await server.stopGently();
    log.fill(50);
    server = await startTestServer(log, { port: server.port });
  }
  const all = reachedCount(rounds * 250);
  if (seen.length < rounds * 250) await all;
  assertEquals(seen, oneTo(rounds * 250));
  caller.abort();
  await assertRejects(() => reading, ChatError);
  await server.stopGently();
});

Deno.test("streamMessages goes on from what arrived, not from the server's position, when it fell behind", async () => {
  const log = new TestLog();
  log.fill(600);
  let streams = 0;
  const StreamMessages = (call: StreamCall) =>
    call.once("data", (request: StreamMessagesRequest) => {
      streams++;
      if (streams > 3) return void follow(log, call, request);
      const from = request.afterSeq ?? 0;
      const metadata = new Metadata();
      metadata.set("chat-resume-seq", String(from));
      call.sendMetadata(metadata);
      for (const message of log.messages.slice(from, from + 150)) call.write(message);
      failStream(call, status.RESOURCE_EXHAUSTED, "The subscriber fell behind", from + 150);
    });
  const server = await startTestServer(log, { handlers: { StreamMessages } });
  await using client = new MessageServiceClient({ address: server.address, ...QUICK });
  assertEquals(await positions(client.streamMessages({ afterSeq: 0 }), 600), oneTo(600));
  assert(streams > 3, `the stream was opened only ${streams} times`);
  server.stopHard();
});

Deno.test("streamMessages survives the age limit of its connections", async () => {
  const log = new TestLog();
  const server = await startTestServer(log, { server: { "grpc.max_connection_age_ms": 100, "grpc.max_connection_age_grace_ms": 50 } });
  await using client = new MessageServiceClient({ address: server.address, ...QUICK });
  const reasons: string[] = [];
  const stream = client.streamMessages({ afterSeq: 0 }, { onRetry: (error) => reasons.push(error.code) });
  const seen: number[] = [];
  // Each message is written only when the stream has been cut once more.
  for (let cut = 0; cut < 4; cut++) {
    const next = stream.next();
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setInterval(() => reasons.length > cut && resolve(), 5);
    await promise;
    clearInterval(timer);
    log.fill(1);
    const result = await next;
    if (!result.done) seen.push(result.value.seq);
  }
  await stream.return?.();
  assertEquals(seen, [1, 2, 3, 4]);
  assertEquals(new Set(reasons), new Set(["unavailable"]));
  server.stopHard();
});

for (
  const [code, expected] of [
    [status.OUT_OF_RANGE, "out_of_range"],
    [status.INVALID_ARGUMENT, "invalid_argument"],
    [status.PERMISSION_DENIED, "permission_denied"],
    [status.UNAUTHENTICATED, "unauthenticated"],
    [status.UNIMPLEMENTED, "unimplemented"],
    [status.INTERNAL, "internal"],
  ] as const
) {
  Deno.test(`streamMessages does not try again after ${expected}`, async () => {
    let streams = 0;
    const StreamMessages = (call: StreamCall) =>
      call.once("data", () => {
        streams++;
        failStream(call, code, "Not this one");
      });
    const server = await startTestServer(new TestLog(), { handlers: { StreamMessages } });
    await using client = new MessageServiceClient({ address: server.address, ...QUICK });
    const error = await assertRejects(() => positions(client.streamMessages(), 1), ChatError, "Not this one");
    assertEquals([error.code, streams], [expected, 1]);
    server.stopHard();
  });
}

Deno.test("streamMessages ends at once when its caller aborts, while it waits and while it pauses", async () => {
  const server = await startTestServer(new TestLog());
  await using client = new MessageServiceClient({ address: server.address, backoffInitialMs: 60_000, backoffMaxMs: 60_000 });
  const waits = new AbortController();
  await assertRejects(() => positions(client.streamMessages({}, { signal: waits.signal, onOpen: () => waits.abort() }), 1), ChatError);
  const pauses = new AbortController();
  const options = { signal: pauses.signal, onOpen: () => server.stopHard(), onRetry: () => queueMicrotask(() => pauses.abort()) };
  const error = await assertRejects(() => positions(client.streamMessages({}, options), 1), ChatError);
  assertEquals(error.code, "cancelled");
});

Deno.test("a slow reader holds the server's stream back instead of filling the memory", async () => {
  const log = new TestLog();
  const content = "x".repeat(60_000);
  for (let i = 0; i < 800; i++) log.append({ content, username: "alice" });
  let written = 0;
  const blocked = Promise.withResolvers<void>();
  const StreamMessages = (call: StreamCall) =>
    call.once("data", async () => {
      const metadata = new Metadata();
      metadata.set("chat-resume-seq", "0");
      call.sendMetadata(metadata);
      for (const message of log.messages) {
        written++;
        if (!call.write(message)) {
          const timer = setTimeout(blocked.resolve, 200);
          await new Promise((resolve) => call.once("drain", resolve));
          clearTimeout(timer);
        }
      }
    });
  const server = await startTestServer(log, { handlers: { StreamMessages } });
  await using client = new MessageServiceClient({ address: server.address });
  const stream = client.streamMessages({ afterSeq: 0 });
  assertEquals((await stream.next()).done, false);
  await blocked.promise;
  assert(written < 400, `${written} messages were taken from the server for a reader of one`);
  assertEquals((await positions(stream, 799)).at(-1), 800);
  server.stopHard();
});

Deno.test("RemoteMessageService streams in batches and ends with the position to resume after", async () => {
  const log = new TestLog();
  log.fill(10);
  const server = await startTestServer(log);
  await using service = new RemoteMessageService({ address: server.address });
  const caller = new AbortController();
  const stream = await service.streamMessages({ afterSeq: 4 }, callContext({ signal: caller.signal }));
  assertEquals(stream.startSeq, 4);
  const seen: number[] = [];
  const error = await assertRejects(async () => {
    for await (const batch of stream) {
      seen.push(...batch.map((message) => message.seq));
      if (seen.length === 6) await server.stopGently();
    }
  }, ChatError);
  assertEquals(seen, [5, 6, 7, 8, 9, 10]);
  assertEquals([error.code, error.resumeSeq, stream.position], ["unavailable", 10, 10]);
  assertEquals(stream.failed.reason, error);
});

Deno.test(
  "RemoteMessageService does not tell strangers where the service runs",
  async () => {
    const server = await startTestServer(new TestLog());
    server.stopHard();
    await using service = new RemoteMessageService({ address: server.address, maxAttempts: 1 });
    const error = await assertRejects(() => service.getMessages({}, callContext()), ChatError);
    assertEquals([error.code, error.message, error.retryAfterMs], ["unavailable", "No connection to the service", 100]);
  },
);

Deno.test("RemoteMessageService resumes after what it handed out, whatever the server's trailers say", async () => {
  const StreamMessages = (call: StreamCall) =>
    call.once("data", () => {
      const metadata = new Metadata();
      metadata.set("chat-resume-seq", "7");
      call.sendMetadata(metadata);
      failStream(call, status.RESOURCE_EXHAUSTED, "The subscriber fell behind", 900);
    });
  const server = await startTestServer(new TestLog(), { handlers: { StreamMessages } });
  await using service = new RemoteMessageService({ address: server.address });
  const stream = await service.streamMessages({}, callContext());
  const error = await assertRejects(async () => await Array.fromAsync(stream), ChatError);
  assertEquals([error.code, error.resumeSeq], ["resource_exhausted", 7]);
  server.stopHard();
});
