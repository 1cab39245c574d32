import { assertEquals } from "@std/assert";
import { RemoteHealth, type ServiceHealth } from "../../src/clients/remote_health.ts";
import { Server, ServerCredentials } from "../../src/wire/grpc_js.ts";
import { within } from "../support/deadline.ts";
import { freePort } from "../support/ports.ts";
import { PATIENCE_MS, startServer } from "./grpc_support.ts";

const target = { service: "chat.MessageService", label: "message service" };
const problem = (text: string): ServiceHealth => ({ ok: false, problem: `The message service ${text}` });

/** Waits until the health is as expected, without a call of anybody's. */
async function becomes(health: RemoteHealth, expected: ServiceHealth): Promise<void> {
  const wait = async () => {
    while (health.health().ok !== expected.ok || health.health().problem !== expected.problem) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  await within(PATIENCE_MS, `${JSON.stringify(expected)}`, wait());
  assertEquals(health.health(), expected);
}

Deno.test("RemoteHealth follows what a service says of itself, its going and its coming back, without a call of anybody's", async () => {
  const port = freePort();
  await using health = new RemoteHealth({ address: `127.0.0.1:${port}` }, target);
  assertEquals(health.health(), problem("has not answered yet"));
  await becomes(health, problem("cannot be reached"));
  let well = true;
  const first = await startServer({ port, health: { message: () => well } });
  await becomes(health, { ok: true });
  well = false;
  await becomes(health, problem("says that it cannot do its work"));
  well = true;
  await becomes(health, { ok: true });
  await first[Symbol.asyncDispose]();
  await becomes(health, problem("cannot be reached"));
  await using _second = await startServer({ port });
  await becomes(health, { ok: true });
});

Deno.test("RemoteHealth of several addresses is well while one of them is", async () => {
  await using one = await startServer();
  const other = await startServer();
  await using health = new RemoteHealth({ address: [one.address, other.address] }, target);
  await becomes(health, { ok: true });
  await one.server.stop({ deadlineMs: 0 });
  await becomes(health, { ok: true });
  await other[Symbol.asyncDispose]();
  await becomes(health, problem("cannot be reached"));
});

Deno.test("RemoteHealth says where a server has no such service", async () => {
  await using server = await startServer({ services: {} });
  await using lacking = new RemoteHealth({ address: server.address }, target);
  await becomes(lacking, { ok: false, problem: "There is no message service where it should be" });
});

Deno.test("RemoteHealth takes a server without the health protocol as well", async () => {
  const bare = new Server();
  const port = await new Promise<number>((resolve, reject) =>
    bare.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => error ? reject(error) : resolve(bound))
  );
  await using foreign = new RemoteHealth({ address: `127.0.0.1:${port}` }, target);
  await becomes(foreign, { ok: true });
  bare.forceShutdown();
  await becomes(foreign, problem("cannot be reached"));
});
