import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ChatError, MessageServiceClient, type ServiceClientOptions } from "../../src/clients/mod.ts";
import type { CreateMessageRequest, Message, UpdateMessageRequest } from "../../src/contracts/mod.ts";
import { status } from "../../src/wire/grpc_js.ts";
import { startTestServer, TestLog, type TestServerOptions } from "./client_server.ts";

type Callback = (error: { code: number; details: string } | null, answer?: Message) => void;

/** Runs `body` with a client of a fresh server, and stops both. */
async function withClient(
  server: TestServerOptions,
  client: ServiceClientOptions,
  body: (client: MessageServiceClient, log: TestLog) => Promise<void>,
): Promise<void> {
  const log = new TestLog();
  const running = await startTestServer(log, server);
  try {
    await using chat = new MessageServiceClient({ backoffInitialMs: 5, ...client, address: running.address });
    await body(chat, log);
  } finally {
    running.stopHard();
  }
}

const AWAY = { code: status.UNAVAILABLE, details: "The service is restarting" };

Deno.test("createMessage makes one key and repeats with it until the server is there, so that one message is stored", async () => {
  const keys: string[] = [];
  const log = new TestLog();
  const CreateMessage = ({ request }: { request: CreateMessageRequest }, callback: Callback) => {
    keys.push(request.clientMessageId ?? "");
    const stored = log.append(request);
    if (keys.length < 3) callback(AWAY);
    else callback(null, stored);
  };
  await withClient({ handlers: { CreateMessage } }, {}, async (client) => {
    const message = await client.createMessage({ username: "alice", content: "once" });
    assertEquals(message.id, 1);
  });
  assertEquals(keys.length, 3);
  assertEquals(new Set(keys).size, 1);
  assert((keys[0] ?? "").length >= 32, `the key is too short to be unique: ${keys[0]}`);
  assertEquals(log.messages.length, 1);
});

Deno.test("createMessage sends the caller's key unchanged", async () => {
  await withClient({}, {}, async (client) => {
    const request = { username: "alice", content: "mine", clientMessageId: "order-17" };
    const [first, second] = [await client.createMessage(request), await client.createMessage(request)];
    assertEquals(first.clientMessageId, "order-17");
    assertEquals(second, first);
  });
});

Deno.test("updateMessage is repeated only when ifVersion makes that safe", async () => {
  let calls = 0;
  const UpdateMessage = (_call: { request: UpdateMessageRequest }, callback: Callback) => {
    calls++;
    callback(AWAY);
  };
  await withClient({ handlers: { UpdateMessage } }, { maxAttempts: 3 }, async (client) => {
    const refused = await assertRejects(() => client.updateMessage({ id: 1, content: "new" }), ChatError, "The service is restarting");
    assertEquals(refused.code, "unavailable");
    assertEquals(calls, 1);
    await assertRejects(() => client.updateMessage({ id: 1, content: "new", ifVersion: 1 }), ChatError);
    assertEquals(calls, 4);
  });
});

Deno.test("MessageServiceClient repeats nothing but UNAVAILABLE, and its errors carry code and field", async () => {
  let calls = 0;
  const GetMessages = (_call: unknown, callback: Callback) => {
    calls++;
    callback({ code: status.RESOURCE_EXHAUSTED, details: "Too many calls wait" });
  };
  await withClient({ handlers: { GetMessages } }, {}, async (client) => {
    const error = await assertRejects(() => client.getMessages(), ChatError, "Too many calls wait");
    assertEquals(error.code, "resource_exhausted");
    assertEquals(calls, 1);
  });
});

Deno.test("the deadline covers all attempts and their pauses", async () => {
  let calls = 0;
  const GetMessages = (_call: unknown, callback: Callback) => {
    calls++;
    callback(AWAY);
  };
  await withClient({ handlers: { GetMessages } }, { maxAttempts: 1_000, backoffInitialMs: 40, backoffMaxMs: 40 }, async (client) => {
    const startedMs = performance.now();
    const error = await assertRejects(() => client.getMessages({}, { deadlineMs: 1_000 }), ChatError);
    // It passes in a pause as a rule, and now and then in an attempt.
    assert(["unavailable", "deadline_exceeded"].includes(error.code), error.message);
    const tookMs = performance.now() - startedMs;
    assert(tookMs < 5_000, `a call of 1 s took ${tookMs} ms`);
    assert(calls > 3, `only ${calls} attempts were made`);
  });
});

Deno.test("the deadline ends a call that the server does not answer", async () => {
  await withClient({ handlers: { GetMessages: () => {} } }, { deadlineMs: 150 }, async (client) => {
    const error = await assertRejects(() => client.getMessages(), ChatError, "The call was not over by its deadline");
    assertEquals(error.code, "deadline_exceeded");
  });
});

Deno.test("an aborted signal ends a call, its pauses, and a call that has not begun", async () => {
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  await withClient({ handlers: { GetMessages: () => ask() } }, {}, async (client) => {
    const caller = new AbortController();
    const call = client.getMessages({}, { signal: caller.signal });
    await asked;
    caller.abort();
    assertEquals((await assertRejects(() => call, ChatError)).code, "cancelled");
    assertEquals((await assertRejects(() => client.getMessages({}, { signal: caller.signal }), ChatError)).code, "cancelled");
  });
  const { promise: failed, resolve: fail } = Promise.withResolvers<void>();
  const GetMessages = (_call: unknown, callback: Callback) => {
    callback(AWAY);
    fail();
  };
  await withClient(
    { handlers: { GetMessages } },
    { backoffInitialMs: 60_000, backoffMaxMs: 60_000, deadlineMs: 600_000 },
    async (client) => {
      const caller = new AbortController();
      const call = client.getMessages({}, { signal: caller.signal });
      await failed;
      caller.abort(new ChatError("deadline_exceeded", "The gateway's time is up"));
      await assertRejects(() => call, ChatError, "The gateway's time is up");
    },
  );
});

Deno.test(
  "a dead address gives UNAVAILABLE soon, in a sentence that names it",
  async () => {
    const server = await startTestServer(new TestLog());
    server.stopHard();
    await using client = new MessageServiceClient({ address: server.address });
    const startedMs = performance.now();
    const error = await assertRejects(
      () => client.getMessages(),
      ChatError,
      `No connection to ${server.address} (connect ECONNREFUSED`,
    );
    assertEquals(error.code, "unavailable");
    assert(performance.now() - startedMs < 3_000, "it took more than three seconds");
    const stream = client.streamMessages();
    assertEquals((await assertRejects(async () => await stream.next(), ChatError)).code, "unavailable");
  },
);

Deno.test("close ends what runs with cancelled, refuses what comes, and may be called twice", async () => {
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  await withClient({ handlers: { GetMessages: () => ask() } }, {}, async (client) => {
    const opened = Promise.withResolvers<number>();
    const call = client.getMessages();
    const next = client.streamMessages({ afterSeq: 0 }, { onOpen: opened.resolve }).next();
    await Promise.all([asked, opened.promise]);
    const failures = Promise.all([assertRejects(() => call, ChatError), assertRejects(async () => await next, ChatError)]);
    await client.close();
    await client.close();
    assertEquals((await failures).map((error) => error.code), ["cancelled", "cancelled"]);
    assertEquals((await assertRejects(() => client.getMessages(), ChatError)).code, "failed_precondition");
  });
});

Deno.test("connections spreads calls over so many connections to one address", async () => {
  const peers: string[] = [];
  const waiting: Callback[] = [];
  const { promise: allAsked, resolve } = Promise.withResolvers<void>();
  const GetMessage = (call: { getPeer(): string }, callback: Callback) => {
    peers.push(call.getPeer());
    waiting.push(callback);
    if (waiting.length === 8) resolve();
  };
  await withClient({ handlers: { GetMessage } }, { connections: 4 }, async (client, log) => {
    const calls = Array.from({ length: 8 }, () => client.getMessage({ id: 1 }));
    await allAsked;
    const counts = Object.values(Object.groupBy(peers, (peer) => peer)).map((calls) => calls?.length);
    assertEquals(counts, [2, 2, 2, 2]);
    for (const answer of waiting) answer(null, log.append({ username: "alice", content: "hello" }));
    await Promise.all(calls);
  });
});

Deno.test("MessageServiceClient refuses options that make no sense and names them", () => {
  const refused: [ServiceClientOptions, string][] = [
    [{ address: "localhost" }, "Option `address` must be HOST:PORT"],
    [{ address: "localhost:70000" }, "Option `address` must be HOST:PORT"],
    [{ connections: 0 }, "Option `connections` must be a whole number of 1 to 64, got 0"],
    [{ deadlineMs: Infinity }, "Option `deadlineMs`"],
    [{ keepaliveTimeMs: 1_000 }, "Option `keepaliveTimeMs`"],
    [{ tls: { cert: "PEM" } }, "Options `tls.cert` and `tls.key` belong together"],
  ];
  for (const [options, text] of refused) assertThrows(() => new MessageServiceClient(options), ChatError, text);
});

Deno.test("a call after the server has said goodbye to an idle connection goes to the server that came after it", async () => {
  const log = new TestLog();
  let server = await startTestServer(log);
  await using client = new MessageServiceClient({ address: server.address });
  for (let restart = 1; restart <= 5; restart++) {
    await client.createMessage({ username: "alice", content: `${restart}` });
    await server.stopGently();
    server = await startTestServer(log, { port: server.port });
  }
  assertEquals((await client.getMessages()).totalCount, 5);
  server.stopHard();
});

Deno.test("an HTTP server at the address is not taken for a message that is too large", async () => {
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, () => Response.json({ type: "about:blank" }));
  await using client = new MessageServiceClient({ address: `127.0.0.1:${server.addr.port}` });
  await assertRejects(() => client.getMessages(), ChatError, `no gRPC is spoken by 127.0.0.1:${server.addr.port}`);
});
