import { assertEquals, assertLess } from "@std/assert";
import { RemoteMessageService } from "../../src/clients/remote_message_service.ts";
import { Metadata, type ServiceError, status } from "../../src/wire/grpc_js.ts";
import { InteropMessageService } from "../interop/interop_service.ts";
import { answer, connect, startServer, type TestClient, until } from "./grpc_support.ts";

/** A client, a server that asks another one, and that other one's service. */
async function chain(run: (client: TestClient, service: InteropMessageService) => Promise<void>): Promise<void> {
  const service = new InteropMessageService();
  await using last = await startServer({ service });
  await using remote = new RemoteMessageService({ address: last.address });
  await using first = await startServer({ service: remote });
  using client = connect(first.address);
  await run(client, service);
}

const request = { username: "ann", content: "x" };

Deno.test("RemoteMessageService hands the caller's deadline and name on to the next service", async () => {
  await chain(async (client, service) => {
    const deadline = Date.now() + 5_000;
    const metadata = new Metadata();
    metadata.set("x-request-id", "chain-1");
    await answer((done) => client.GetMessages({}, metadata, { deadline }, done));
    const { deadlineAtMs = Infinity, requestId } = service.contexts.at(-1) ?? {};
    assertLess(Math.abs(deadlineAtMs - deadline), 500);
    assertEquals(requestId, "chain-1");
    // Its own limit for calls whose caller sets none.
    await answer((done) => client.GetMessages({}, done));
    assertLess(Math.abs((service.contexts.at(-1)?.deadlineAtMs ?? Infinity) - Date.now() - 10_000), 1_000);
  });
});

Deno.test("RemoteMessageService ends its call when the caller's is cancelled or late", async () => {
  await chain(async (client, service) => {
    const started = Promise.withResolvers<ServiceError | null>();
    const call = client.CreateMessage({ ...request, messageType: "sleep" }, (error) => started.resolve(error));
    await until("the call to reach the last service", () => service.sleeping === 1);
    call.cancel();
    assertEquals((await started.promise)?.code, status.CANCELLED);
    await until("the last service to be told", () => service.woken.length === 1);
    assertEquals(service.woken[0]?.code, "cancelled");
    const startedAtMs = Date.now();
    const late = await new Promise<ServiceError | null>((resolve) => {
      client.CreateMessage({ ...request, messageType: "sleep" }, { deadline: Date.now() + 300 }, (error) => resolve(error));
    });
    assertEquals(late?.code, status.DEADLINE_EXCEEDED);
    await until("the last service to be told", () => service.woken.length === 2);
    assertLess(Date.now() - startedAtMs, 5_000);
  });
});
