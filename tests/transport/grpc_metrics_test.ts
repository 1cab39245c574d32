import { assert, assertEquals, assertMatch } from "@std/assert";
import { AccessLog } from "../../src/observability/access_log.ts";
import { Metrics } from "../../src/observability/metrics.ts";
import { Client, credentials, Metadata, status } from "../../src/wire/grpc_js.ts";
import { parseMetrics } from "../support/scrape.ts";
import { healthDefinition, messageServiceDefinition } from "../../src/wire/definitions.ts";
import { MemoryMessageService } from "../support/memory_message_service.ts";
import { ChatError } from "../../src/core/errors.ts";
import { answer, connect, create, failure, PATIENCE_MS, startServer, TestStream, until } from "./grpc_support.ts";

const hello = { content: "hello", username: "ann" };
const calls = (method: string, code: string) => `grpc_calls_total{method="${method}",status="${code}"}`;

Deno.test("grpc_calls_total and grpc_call_duration_seconds count every call by method and status, however it ends", async () => {
  const metrics = new Metrics();
  const service = new MemoryMessageService();
  service.listRevisions = () => Promise.reject(new ChatError("unavailable", "The database is away"));
  service.updateMessage = () => new Promise(() => {});
  // The server's own limit: a client that gives up first makes it a cancelled call.
  await using test = await startServer({ service, telemetry: { metrics }, held: { maxDeadlineMs: 500 } });
  using client = connect(test.address);
  for (let i = 0; i < 3; i++) await create(client, hello);
  await failure((done) => client.GetMessage({ id: 99 }, done));
  await failure((done) => client.ListRevisions({ id: 1 }, done));
  await failure((done) => client.UpdateMessage({ id: 1 }, new Metadata(), { deadline: Date.now() + PATIENCE_MS }, done));
  const stream = new TestStream(client).ask({ afterSeq: 0 });
  await stream.received(3);
  let samples = parseMetrics(await metrics.text());
  assertEquals([samples.get("grpc_calls_in_flight"), samples.get("grpc_streams_open")], [1, 1]);
  stream.call.cancel();
  const giveUpAtMs = Date.now() + PATIENCE_MS;
  do {
    await new Promise((resolve) => setTimeout(resolve, 1)); // a turn of the event loop, in which the end can arrive
    samples = parseMetrics(await metrics.text());
  } while (samples.get("grpc_calls_in_flight") !== 0 && Date.now() < giveUpAtMs);
  assertEquals(samples.get(calls("chat.MessageService/CreateMessage", "OK")), 3);
  assertEquals(samples.get(calls("chat.MessageService/GetMessage", "NOT_FOUND")), 1);
  assertEquals(samples.get(calls("chat.MessageService/ListRevisions", "UNAVAILABLE")), 1);
  assertEquals(samples.get(calls("chat.MessageService/UpdateMessage", "DEADLINE_EXCEEDED")), 1);
  assertEquals(samples.get(calls("chat.MessageService/StreamMessages", "CANCELLED")), 1);
  assertEquals(samples.get("grpc_calls_in_flight"), 0);
  const duration = 'grpc_call_duration_seconds_bucket{le="+Inf",method="chat.MessageService/CreateMessage"}';
  assertEquals(samples.get(duration), 3);
  const sum = samples.get('grpc_call_duration_seconds_sum{method="chat.MessageService/UpdateMessage"}') ?? 0;
  assert(sum >= 0.4 && sum < 5, `a call that waits 500 ms for its deadline took ${sum} s`);
});

Deno.test("grpc_calls_total gives all unknown methods one label, so that strangers cannot fill the memory", async () => {
  const metrics = new Metrics();
  await using test = await startServer({ telemetry: { metrics } });
  const { CreateMessage } = messageServiceDefinition;
  const client = new Client(test.address, credentials.createInsecure());
  for (let index = 0; index < 200; index++) {
    const { requestSerialize, responseDeserialize } = CreateMessage;
    const refused = await failure((done) =>
      client.makeUnaryRequest(`/chat.Nothing/M${index}`, requestSerialize, responseDeserialize, hello, done)
    );
    assertEquals(refused.code, status.UNIMPLEMENTED);
  }
  const counted = [...parseMetrics(await metrics.text())].filter(([key]) => key.startsWith("grpc_calls_total"));
  assertEquals(counted, [[calls("unknown", "UNIMPLEMENTED"), 200]]);
  client.close();
});

Deno.test("the access log has one line a call, with method, status, time, request id, peer and bytes, and no contents", async () => {
  const lines: string[] = [];
  const accessLog = new AccessLog("all", (text) => lines.push(...text.split("\n")));
  await using test = await startServer({ telemetry: { accessLog } });
  using client = connect(test.address);
  const metadata = new Metadata();
  metadata.set("x-request-id", "mine-1");
  metadata.set("authorization", "Bearer hush");
  await answer((done) => client.CreateMessage({ ...hello, content: "a secret thing" }, metadata, done));
  await failure((done) => client.GetMessage({ id: 99 }, done));
  const stream = new TestStream(client).ask({ afterSeq: 0 });
  await stream.received(1);
  stream.call.cancel();
  const { path, requestSerialize, responseDeserialize } = healthDefinition.Check;
  const health = new Client(test.address, credentials.createInsecure());
  await answer((done) => health.makeUnaryRequest(path, requestSerialize, responseDeserialize, { service: "" }, done));
  health.close();
  await until("the stream has ended", () => {
    accessLog.flush();
    return lines.length >= 3;
  });
  const [created, missing, streamed, ...more] = lines.map((line) => JSON.parse(line));
  assertEquals(more, []); // a probe that finds all well has no line
  assertEquals([created.kind, created.method, created.status, created.requestId], [
    "grpc",
    "chat.MessageService/CreateMessage",
    "OK",
    "mine-1",
  ]);
  assertMatch(created.time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assertMatch(created.peer, /^127\.0\.0\.1:\d+$/);
  assert(created.bytesIn > 20 && created.bytesOut > 50 && created.ms >= 0);
  assertEquals([missing.status, missing.requestId.length], ["NOT_FOUND", 36]);
  assertEquals([streamed.method, streamed.status], ["chat.MessageService/StreamMessages", "CANCELLED"]);
  assert(streamed.bytesOut > 50);
  assert(!lines.join().includes("secret") && !lines.join().includes("hush"), lines.join("\n"));
});
