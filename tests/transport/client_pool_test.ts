import { assert, assertEquals, assertLessOrEqual, assertMatch, assertRejects } from "@std/assert";
import { Circuit } from "../../src/clients/circuit.ts";
import { messageMethods } from "../../src/clients/methods.ts";
import { ChatError, MessageServiceClient, type ServiceClientOptions } from "../../src/clients/mod.ts";
import { RetryBudget } from "../../src/clients/retry_budget.ts";
import { status, type UntypedServiceImplementation } from "../../src/wire/grpc_js.ts";
import { within } from "../support/deadline.ts";
import { freePort } from "../support/ports.ts";
import { startTestServer, TestLog } from "./client_server.ts";

/** A server that counts its calls; `answer` may keep them waiting or fail them. */
async function counting(options: { readonly port?: number; readonly answer?: (call: number, respond: Respond) => void } = {}) {
  let calls = 0;
  const { answer = (_call, respond) => respond() } = options;
  const handlers = {
    GetMessages: (_call: unknown, callback: (error: unknown, page?: unknown) => void) => {
      answer(++calls, (code) => code === undefined ? callback(null, {}) : callback({ code, details: "Not now" }));
    },
  } as unknown as Partial<UntypedServiceImplementation>;
  const port = options.port === undefined ? {} : { port: options.port };
  const server = await startTestServer(new TestLog(), { ...port, handlers });
  return { address: server.address, calls: () => calls, [Symbol.dispose]: () => server.stopHard() };
}

type Respond = (code?: status) => void;

function fail(client: MessageServiceClient): Promise<ChatError> {
  return assertRejects(() => client.getMessages(), ChatError);
}

Deno.test("MessageServiceClient with several addresses takes them in turn", async () => {
  using one = await counting();
  using two = await counting();
  await using client = new MessageServiceClient({ address: [one.address, two.address] });
  for (let i = 0; i < 10; i++) await client.getMessages();
  assertEquals([one.calls(), two.calls()], [5, 5]);
});

Deno.test("MessageServiceClient leaves a dead address out, and takes it in again when it lives", async () => {
  using one = await counting();
  const port = freePort();
  const timing = { circuitFailures: 1, circuitOpenMs: 50, backoffInitialMs: 10, backoffMaxMs: 50 };
  await using client = new MessageServiceClient({ address: [`127.0.0.1:${port}`, one.address], ...timing });
  for (let i = 0; i < 20; i++) await client.getMessages();
  assertEquals(one.calls(), 20);
  using two = await counting({ port });
  const found = (async () => {
    while (two.calls() === 0) await client.getMessages();
  })();
  await within(10_000, "a call at the address that lives again", found);
});

// What goes on after its test is found by the runner's sanitizers.
Deno.test("MessageServiceClient.close ends the attempts to reach an address where nobody is, or nobody speaks", async () => {
  const mute = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  for (const port of [freePort(), mute.addr.port]) {
    for (const whileWaitingMs of [0, 50]) {
      const client = new MessageServiceClient({ address: `127.0.0.1:${port}`, deadlineMs: whileWaitingMs + 1, maxAttempts: 1 });
      const failed = fail(client);
      if (whileWaitingMs > 0) await failed;
      await client.close();
      await failed;
    }
  }
  mute.close();
});

Deno.test("MessageServiceClient asks nobody at a dead address for a while, says so, and finds it again by one call", async () => {
  const port = freePort();
  const options = { circuitFailures: 3, circuitOpenMs: 300, maxAttempts: 1, backoffInitialMs: 10, backoffMaxMs: 20 };
  await using client = new MessageServiceClient({ address: `127.0.0.1:${port}`, ...options });
  for (let i = 0; i < 3; i++) assertMatch((await fail(client)).message, /ECONNREFUSED/);
  const kept = await fail(client);
  assertEquals(kept.code, "unavailable");
  assertMatch(kept.message, /the last calls found nobody there, and the next may try in \d+ ms$/);
  assert(kept.retryAfterMs !== undefined && kept.retryAfterMs > 0 && kept.retryAfterMs <= 300, `${kept.retryAfterMs}`);
  using server = await counting({ port });
  await within(
    10_000,
    "an answer",
    (async () => {
      while (!await client.getMessages().catch(() => undefined)) await new Promise((resolve) => setTimeout(resolve, 20));
    })(),
  );
  assertEquals(server.calls(), 1);
});

Deno.test("Circuit opens after failures in a row only, and then lets one call through at a time", () => {
  const circuit = new Circuit({ circuitFailures: 2, circuitOpenMs: 100 });
  for (const reach of ["unreachable", "answered", "unreachable", "unknown"] as const) circuit.end(reach, 0);
  assertEquals(circuit.waitMs(0), 0);
  circuit.end("unreachable", 1_000);
  assertEquals([circuit.waitMs(1_000), circuit.waitMs(1_040), circuit.waitMs(1_100)], [100, 60, 0]);
  circuit.begin();
  assertEquals(circuit.waitMs(1_100), 100);
  circuit.end("unknown", 1_110);
  assertEquals(circuit.waitMs(1_110), 0);
  circuit.begin();
  circuit.end("unreachable", 1_120);
  assertEquals(circuit.waitMs(1_120), 100);
  circuit.end("answered", 1_120);
  assertEquals(circuit.waitMs(1_120), 0);
});

Deno.test("RetryBudget earns by calls and by time, and saves up no more than ten seconds' worth", () => {
  const budget = new RetryBudget({ retryRatio: 0.5, retriesPerSecond: 2 }, 0);
  const spent = (nowMs: number) => {
    let count = 0;
    while (budget.spend(nowMs)) count++;
    return count;
  };
  assertEquals(spent(0), 20);
  for (let i = 0; i < 10; i++) budget.earn();
  assertEquals(spent(0), 5);
  assertEquals(spent(1_500), 3);
  assertEquals(spent(1_000_000), 20);
});

Deno.test("MessageServiceClient repeats the calls of a service in trouble no more than its budget allows", async () => {
  using server = await counting({ answer: (_call, respond) => respond(status.UNAVAILABLE) });
  const options = { retryRatio: 0.1, retriesPerSecond: 0, backoffInitialMs: 1, backoffMaxMs: 5 };
  await using client = new MessageServiceClient({ address: server.address, ...options });
  await Promise.all(Array.from({ length: 200 }, () => fail(client)));
  assertLessOrEqual(server.calls(), 200 + 10 + 20);
  assert(server.calls() > 200, "some are repeated");
});

Deno.test("messageMethods are repeated as their protos' idempotency_level says", () => {
  const repeatable = Object.entries(messageMethods).filter(([, method]) => method.repeatable).map(([name]) => name);
  const readOnly = Object.entries(messageMethods).filter(([, method]) => method.readOnly).map(([name]) => name);
  const reading = ["getMessages", "getMessage", "listRevisions", "listRooms", "getRoom", "streamMessages"];
  assertEquals(readOnly.toSorted(), reading.toSorted());
  assertEquals(repeatable.toSorted(), [...reading, "deleteMessage", "updateRoom"].toSorted());
});

Deno.test("MessageServiceClient sends a slow reading call twice with hedgeAfterMs, and once without", async () => {
  const waiting: Respond[] = [];
  const answer = (call: number, respond: Respond) => call % 2 === 1 ? void waiting.push(respond) : respond();
  using server = await counting({ answer });
  await using hedging = new MessageServiceClient({ address: server.address, hedgeAfterMs: 20 });
  await within(5_000, "the second attempt's answer", hedging.getMessages());
  assertEquals(server.calls(), 2);
  await using plain = new MessageServiceClient({ address: server.address, deadlineMs: 200 });
  assertEquals((await fail(plain)).code, "deadline_exceeded");
  assertEquals(server.calls(), 3);
});

Deno.test("MessageServiceClient refuses options of the pool that make no sense", () => {
  const refused: readonly (readonly [ServiceClientOptions, RegExp])[] = [
    [{ address: [] }, /`address` must name an address/],
    [{ address: ["127.0.0.1:1", "nowhere"] }, /`address` must be HOST:PORT.*"nowhere"/],
    [{ retryRatio: 1.5 }, /`retryRatio` must be 0 to 1, got 1\.5/],
    [{ hedgeAfterMs: 0 }, /`hedgeAfterMs` must be a whole number.*got 0/],
    [{ circuitFailures: 0 }, /`circuitFailures`/],
  ];
  for (const [options, text] of refused) {
    try {
      new MessageServiceClient(options);
    } catch (error) {
      assert(error instanceof ChatError);
      assertMatch(error.message, text);
      continue;
    }
    throw new Error(`Not refused: ${text}`);
  }
});

Deno.test("MessageServiceClient looks a name up by grpc-js's own resolver when it is written dns:///", async () => {
  using server = await counting();
  await using client = new MessageServiceClient({ address: `dns:///localhost:${server.address.split(":")[1]}` });
  await client.getMessages();
  assertEquals(server.calls(), 1);
  await using lost = new MessageServiceClient({ address: `dns:///localhost:${freePort()}`, maxAttempts: 1, hideAddress: true });
  assertEquals((await fail(lost)).message, "No connection to the service");
});
