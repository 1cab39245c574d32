import { assert, assertEquals, assertMatch } from "@std/assert";
import { healthDefinition } from "../../src/wire/definitions.ts";
import type { HealthCheckResponse__Output } from "../../src/wire/generated/grpc/health/v1/HealthCheckResponse.ts";
import {
  type Client,
  type ClientReadableStream,
  credentials,
  makeClientConstructor,
  type ServiceError,
  status,
} from "../../src/wire/grpc_js.ts";
import { within } from "../support/deadline.ts";
import { MemoryMessageService } from "../support/memory_message_service.ts";
import { answer, connect, failure, PATIENCE_MS, startServer, until } from "./grpc_support.ts";

const SERVING = 1, NOT_SERVING = 2, SERVICE_UNKNOWN = 3;

interface HealthClient extends Client {
  Check(request: { service: string }, done: (error: ServiceError | null, value?: HealthCheckResponse__Output) => void): unknown;
  List(request: object, done: (error: ServiceError | null, value?: { statuses: Record<string, { status: number }> }) => void): unknown;
  Watch(request: { service: string }): ClientReadableStream<HealthCheckResponse__Output>;
}

function healthClient(address: string): HealthClient & Disposable {
  const HealthClient = makeClientConstructor(healthDefinition, "Health");
  const client = new HealthClient(address, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });
  return Object.assign(client as unknown as HealthClient, { [Symbol.dispose]: () => client.close() });
}

/** One `Watch` with what came of it. */
class Watched {
  readonly seen: number[] = [];
  readonly ended = Promise.withResolvers<{ code: number; details: string }>();
  readonly #call: ClientReadableStream<HealthCheckResponse__Output>;

  constructor(client: HealthClient, service: string) {
    this.#call = client.Watch({ service });
    this.#call.on("data", ({ status }) => this.seen.push(Number(status)));
    this.#call.on("status", (status) => this.ended.resolve(status));
    this.#call.on("error", () => {});
  }

  cancel(): void {
    this.#call.cancel();
  }

  async saw(...expected: number[]): Promise<void> {
    await until(`${expected}, saw ${this.seen}`, () => this.seen.length >= expected.length);
    assertEquals(this.seen, expected);
  }
}

async function check(client: HealthClient, service: string): Promise<number> {
  return Number((await answer<HealthCheckResponse__Output>((done) => client.Check({ service }, done))).status);
}

Deno.test("Health.Check tells of each service and of the whole, and NOT_FOUND of a name that nobody has", async () => {
  let well = true;
  await using test = await startServer({ health: { message: () => well, rag: () => false } });
  using client = healthClient(test.address);
  // RAG runs elsewhere: it is told of, and does not count for this server's whole.
  assertEquals([await check(client, ""), await check(client, "chat.MessageService"), await check(client, "chat.RAGService")], [1, 1, 2]);
  well = false;
  assertEquals([await check(client, ""), await check(client, "chat.MessageService")], [NOT_SERVING, NOT_SERVING]);
  const unknown = await failure((done) => client.Check({ service: "chat.Nothing" }, done));
  assertEquals(unknown.code, status.NOT_FOUND);
  assertMatch(unknown.details, /^There is no service "chat.Nothing" here$/);
  const { statuses } = await answer<{ statuses: Record<string, { status: number }> }>((done) => client.List({}, done));
  assertEquals(Object.fromEntries(Object.entries(statuses).map(([name, { status }]) => [name, status])), {
    "": NOT_SERVING,
    "chat.MessageService": NOT_SERVING,
    "chat.RAGService": NOT_SERVING,
  });
});

Deno.test("Health.Check is answered while every worker is busy and the queue is full", async () => {
  const service = new MemoryMessageService();
  const finish = Promise.withResolvers<void>();
  service.createMessage = async (request) => {
    await finish.promise;
    return service.append(request);
  };
  await using test = await startServer({ service, maxWorkers: 1, maxQueuedCalls: 0 });
  using busy = connect(test.address);
  using client = healthClient(test.address);
  const stuck = answer((done) => busy.CreateMessage({ content: "x", username: "ann" }, done));
  await until("the call runs", () => test.server.load.running === 1);
  assertEquals(await check(client, ""), SERVING);
  finish.resolve();
  await stuck;
});

Deno.test("Health.Watch streams changes, says SERVICE_UNKNOWN without ending, and NOT_SERVING before the server drains", async () => {
  let well = true;
  await using test = await startServer({ health: { message: () => well } });
  using client = healthClient(test.address);
  const [whole, message, nobody] = ["", "chat.MessageService", "chat.Nothing"].map((service) => new Watched(client, service));
  assert(whole && message && nobody);
  await Promise.all([whole.saw(SERVING), message.saw(SERVING), nobody.saw(SERVICE_UNKNOWN)]);
  well = false;
  await Promise.all([whole.saw(SERVING, NOT_SERVING), message.saw(SERVING, NOT_SERVING)]);
  well = true;
  await Promise.all([whole.saw(SERVING, NOT_SERVING, SERVING), message.saw(SERVING, NOT_SERVING, SERVING)]);
  const stopped = test.server.stop({ deadlineMs: PATIENCE_MS });
  const ended = await within(PATIENCE_MS, "the end of the watch", whole.ended.promise);
  assertEquals([ended.code, ended.details], [status.UNAVAILABLE, "The server is shutting down"]);
  assertEquals(whole.seen, [SERVING, NOT_SERVING, SERVING, NOT_SERVING]);
  assertEquals(nobody.seen, [SERVICE_UNKNOWN]);
  await within(PATIENCE_MS, "the stop", stopped);
});

Deno.test("Health.Watch leaves nothing behind when its client goes", async () => {
  await using test = await startServer();
  using client = healthClient(test.address);
  const watches = Array.from({ length: 20 }, () => new Watched(client, ""));
  await Promise.all(watches.map((watch) => watch.saw(SERVING)));
  assertEquals(test.server.load.streams, 20);
  for (const watch of watches) watch.cancel();
  await until("the watches are gone", () => test.server.load.streams === 0);
});
