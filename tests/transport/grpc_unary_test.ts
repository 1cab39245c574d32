import { assert, assertEquals, assertMatch } from "@std/assert";
import type { CallContext } from "../../src/core/context.ts";
import { ChatError, invalidField } from "../../src/core/errors.ts";
import type { Message } from "../../src/contracts/mod.ts";
import type { DeleteMessageResponse__Output } from "../../src/wire/generated/chat/DeleteMessageResponse.ts";
import type { GetMessagesResponse__Output } from "../../src/wire/generated/chat/GetMessagesResponse.ts";
import type { ListRevisionsResponse__Output } from "../../src/wire/generated/chat/ListRevisionsResponse.ts";
import type { MessageResponse__Output } from "../../src/wire/generated/chat/MessageResponse.ts";
import { Metadata, status } from "../../src/wire/grpc_js.ts";
import { MemoryMessageService } from "../support/memory_message_service.ts";
import { answer, connect, create, failure, startServer, until } from "./grpc_support.ts";

/** A service whose `createMessage` is given. */
function creating(createMessage: (context: CallContext) => Promise<Message>): MemoryMessageService {
  const service = new MemoryMessageService();
  service.createMessage = (_request, context) => createMessage(context);
  return service;
}

/** A creation that ends when its signal aborts, with the signal's reason. */
function waiting(): { readonly service: MemoryMessageService; readonly contexts: CallContext[] } {
  const contexts: CallContext[] = [];
  const service = creating((context) => {
    contexts.push(context);
    return new Promise((_, reject) => context.signal.addEventListener("abort", () => reject(context.signal.reason)));
  });
  return { service, contexts };
}

const hello = { content: "hello", username: "ann" };

Deno.test("startGrpcServer serves every unary method of the contract", async () => {
  await using test = await startServer();
  using client = connect(test.address);
  const created = await create(client, { ...hello, metadata: { a: "b" } });
  assertEquals([created.id, created.content, created.metadata, created.eventType], [1, "hello", { a: "b" }, "created"]);
  assertEquals((await answer<MessageResponse__Output>((done) => client.GetMessage({ id: 1 }, done))).username, "ann");
  const page = await answer<GetMessagesResponse__Output>((done) => client.GetMessages({}, done));
  assertEquals([page.messages.length, page.totalCount], [1, 1]);
  assertEquals((await answer<MessageResponse__Output>((done) => client.UpdateMessage({ id: 1, content: "x" }, done))).id, 1);
  assertEquals((await answer<DeleteMessageResponse__Output>((done) => client.DeleteMessage({ id: 9 }, done))).success, false);
  assertEquals((await answer<ListRevisionsResponse__Output>((done) => client.ListRevisions({ id: 1 }, done))).revisions, []);
});

Deno.test("startGrpcServer leaves an optional field absent when the client did not set it, and keeps a set 0", async () => {
  const requests: unknown[] = [];
  const service = new MemoryMessageService();
  service.getMessages = (request) => {
    requests.push(request.afterSeq);
    return Promise.resolve({ messages: [], totalCount: 0, hasMore: false, nextSeq: 0, headSeq: 0 });
  };
  await using test = await startServer({ service });
  using client = connect(test.address);
  await answer((done) => client.GetMessages({}, done));
  await answer((done) => client.GetMessages({ afterSeq: 0 }, done));
  assertEquals(requests, [undefined, 0]);
});

Deno.test("startGrpcServer tells a ChatError's sentence, status, field and retry time", async () => {
  const errors = [
    invalidField("client_message_id", "must be short, got é"),
    new ChatError("unavailable", "The database is away", { retryAfterMs: 1500 }),
  ];
  await using test = await startServer({ service: creating(() => Promise.reject(errors.shift())) });
  using client = connect(test.address);
  const metadata = new Metadata();
  metadata.set("x-request-id", "abc-1");
  const refused = await failure((done) => client.CreateMessage(hello, metadata, done));
  assertEquals(refused.code, status.INVALID_ARGUMENT);
  assertEquals(refused.details, "Field `client_message_id` must be short, got é");
  assertEquals(refused.metadata.get("chat-error-field"), ["client_message_id"]);
  assertEquals(refused.metadata.get("chat-request-id"), ["abc-1"]);
  assertEquals(refused.metadata.get("chat-retry-after-ms"), []);
  const away = await failure((done) => client.CreateMessage(hello, done));
  assertEquals([away.code, away.metadata.get("chat-retry-after-ms")], [status.UNAVAILABLE, ["1500"]]);
});

Deno.test("startGrpcServer says nothing of an unknown error but its request id, and logs the whole chain", async () => {
  const secret = new Error("outer secret", { cause: new Error("inner secret") });
  await using test = await startServer({ service: creating(() => Promise.reject(secret)) });
  using client = connect(test.address);
  const failed = await failure((done) => client.CreateMessage(hello, done));
  const requestId = failed.metadata.get("chat-request-id")[0];
  assertEquals([failed.code, failed.details], [status.INTERNAL, `Internal error, request id ${requestId}`]);
  const logged = test.log.join("\n");
  assertMatch(logged, /outer secret/);
  assertMatch(logged, /inner secret/);
  assert(logged.includes(String(requestId)));
});

Deno.test("startGrpcServer outlives handlers that throw at once, throw no error, or reject after their call was cancelled", async () => {
  const late = Promise.withResolvers<Message>();
  const behaviours = [
    () => {
      throw new Error("at once");
    },
    () => Promise.reject("not an error"),
    () => late.promise,
    () => Promise.resolve({} as Message),
  ];
  await using test = await startServer({ service: creating(() => behaviours.shift()!()) });
  using client = connect(test.address);
  assertEquals((await failure((done) => client.CreateMessage(hello, done))).code, status.INTERNAL);
  assertEquals((await failure((done) => client.CreateMessage(hello, done))).code, status.INTERNAL);
  const cancelled = await failure((done) => {
    const call = client.CreateMessage(hello, done);
    void until("the handler runs", () => behaviours.length === 1).then(() => call.cancel());
  });
  assertEquals(cancelled.code, status.CANCELLED);
  late.reject(new Error("too late"));
  await until("the log has what nobody was told", () => test.log.join("\n").includes("too late"));
  assertEquals((await create(client, hello)).id, 0);
});

Deno.test("startGrpcServer aborts the signal when the client cancels, saying so", async () => {
  const { service, contexts } = waiting();
  await using test = await startServer({ service });
  using client = connect(test.address);
  const failed = await failure((done) => {
    const call = client.CreateMessage(hello, done);
    void until("the handler runs", () => contexts.length === 1).then(() => call.cancel());
  });
  assertEquals(failed.code, status.CANCELLED);
  const { signal } = contexts[0]!;
  await until("the signal aborts", () => signal.aborted);
  assertEquals(signal.reason.code, "cancelled");
  await until("the worker is free", () => test.server.load.running === 0);
});

Deno.test("startGrpcServer aborts the signal when the deadline passes, saying so", async () => {
  const { service, contexts } = waiting();
  await using test = await startServer({ service });
  using client = connect(test.address);
  const failed = await failure((done) => client.CreateMessage(hello, { deadline: Date.now() + 1_000 }, done));
  assertEquals(failed.code, status.DEADLINE_EXCEEDED);
  await until("the signal aborts", () => contexts[0]?.signal.aborted === true);
  // On a busy machine the client's giving up may be heard before the server's own clock says the same.
  assertMatch(contexts[0]?.signal.reason.code, /^(deadline_exceeded|cancelled)$/);
});

Deno.test("startGrpcServer ends a call without a deadline at its own ceiling, even if the handler does not listen", async () => {
  const never = Promise.withResolvers<Message>();
  await using test = await startServer({ service: creating(() => never.promise), limits: { unaryCeilingMs: 50, sweepMs: 10 } });
  using client = connect(test.address);
  const failed = await failure((done) => client.CreateMessage(hello, done));
  assertEquals(failed.code, status.DEADLINE_EXCEEDED);
  assertMatch(failed.details, /50 ms/);
  never.resolve({} as Message);
});

Deno.test("startGrpcServer does not abort the signal of a call that was answered", async () => {
  await using test = await startServer();
  using client = connect(test.address);
  await create(client, hello);
  await create(client, hello);
  assertEquals(test.service.contexts.map((context) => context.signal.aborted), [false, false]);
});

Deno.test("startGrpcServer runs at most maxWorkers calls, queues the next ones in order, and refuses the rest at once", async () => {
  const started: (() => void)[] = [];
  const service = creating(() => new Promise((resolve) => started.push(() => resolve({} as Message))));
  await using test = await startServer({ service, maxWorkers: 2, maxQueuedCalls: 1 });
  using client = connect(test.address);
  const first = [1, 2].map(() => answer((done) => client.CreateMessage(hello, done)));
  await until("two run", () => started.length === 2);
  const third = answer((done) => client.CreateMessage(hello, done));
  await until("one waits", () => test.server.load.waiting === 1);
  const refused = await failure((done) => client.CreateMessage(hello, done));
  assertEquals(refused.code, status.RESOURCE_EXHAUSTED);
  assertMatch(refused.details, /2 calls run and 1 wait.*GRPC_MAX_WORKERS/);
  assertEquals(started.length, 2);
  started[0]!();
  await until("the third runs", () => started.length === 3);
  for (const finish of started) finish();
  await Promise.all([...first, third]);
  assertEquals([test.server.load.running, test.server.load.waiting], [0, 0]);
});

Deno.test("startGrpcServer takes a queued call out of the queue when its deadline passes", async () => {
  const finish = Promise.withResolvers<Message>();
  await using test = await startServer({ service: creating(() => finish.promise), maxWorkers: 1, maxQueuedCalls: 1 });
  using client = connect(test.address);
  const first = answer((done) => client.CreateMessage(hello, done));
  await until("one runs", () => test.server.load.running === 1);
  const late = await failure((done) => client.CreateMessage(hello, { deadline: Date.now() + 1_000 }, done));
  assertEquals(late.code, status.DEADLINE_EXCEEDED);
  await until("nothing waits", () => test.server.load.waiting === 0);
  finish.resolve({} as Message);
  await first;
});

Deno.test("startGrpcServer answers UNIMPLEMENTED for services that have no implementation", async () => {
  await using test = await startServer();
  using client = connect(test.address);
  const failed = await failure((done) =>
    client.makeUnaryRequest("/chat.AIService/GenerateResponse", () => Buffer.alloc(0), (bytes) => bytes, {}, done)
  );
  assertEquals(failed.code, status.UNIMPLEMENTED);
});
