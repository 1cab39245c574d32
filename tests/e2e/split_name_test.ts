import { assertEquals } from "@std/assert";
import { ServerProcess } from "../support/server_process.ts";
import { databasePlace } from "../support/database.ts";

Deno.test("main as a gateway reaches its message service by a host's name, with permission for that name and port only", async () => {
  await using place = await databasePlace("postgres");
  await using rooms = new ServerProcess({ env: { SERVICES: "message", ...place.env } });
  const { grpcAddress } = await rooms.ready();
  const port = grpcAddress.split(":").at(-1);
  await using face = new ServerProcess({ env: { SERVICES: "gateway", MESSAGE_SERVICE_ADDR: `localhost:${port}` } });
  const { url } = await face.ready();
  const response = await fetch(`${url}/v1/messages`);
  assertEquals([response.status, (await response.json()).total_count], [200, 0]);
});
