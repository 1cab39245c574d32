import { assertEquals } from "@std/assert";
import { MessageServiceClient } from "../../src/clients/mod.ts";
import { withPostgres } from "../support/postgres.ts";
import { ServerProcess } from "../support/server_process.ts";

async function contents(url: string): Promise<readonly string[]> {
  const response = await fetch(`${url}/v1/messages`);
  assertEquals(response.status, 200);
  const page: { readonly messages: readonly { readonly content: string }[] } = await response.json();
  return page.messages.map((message) => message.content);
}

async function stop(server: ServerProcess): Promise<void> {
  server.kill("SIGTERM");
  assertEquals((await server.outcome()).code, 0);
}

Deno.test("main on Postgres: two replicas show and stream each other's messages", async () => {
  await withPostgres(async (url) => {
    await using first = new ServerProcess({ env: { DATABASE_URL: url } });
    await using second = new ServerProcess({ env: { DATABASE_URL: url } });
    const [one, two] = await Promise.all([first.ready(), second.ready()]);
    {
      await using writer = new MessageServiceClient({ address: one.grpcAddress });
      await using reader = new MessageServiceClient({ address: two.grpcAddress });
      const messages = reader.streamMessages({ afterSeq: 0 });
      const next = messages.next();
      await writer.createMessage({ username: "ann", content: "To the other one" });
      assertEquals((await next).value?.content, "To the other one");
      await messages.return?.();
      assertEquals(await contents(two.url), ["To the other one"]);
    }
    await Promise.all([stop(first), stop(second)]);
  });
});

Deno.test("main split in two: a gateway reaches the message service of another process over gRPC", async () => {
  await withPostgres(async (url) => {
    await using service = new ServerProcess({ env: { SERVICES: "message", DATABASE_URL: url } });
    const { grpcAddress, url: none } = await service.ready();
    assertEquals(none, "");
    await using gateway = new ServerProcess({ env: { SERVICES: "gateway", MESSAGE_SERVICE_ADDR: grpcAddress } });
    const face = await gateway.ready();
    assertEquals(face.grpcAddress, "");
    const response = await fetch(`${face.url}/v1/messages`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ username: "ann", content: "Through both" }),
    });
    assertEquals(response.status, 201, await response.text());
    assertEquals(await contents(face.url), ["Through both"]);
    await stop(gateway);
    await stop(service);
  });
});
