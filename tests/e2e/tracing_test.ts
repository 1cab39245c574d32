import { assertEquals, assertNotEquals } from "@std/assert";
import { MessageServiceClient } from "../../src/clients/mod.ts";
import { databasePlace } from "../support/database.ts";
import { startCollector } from "../support/otlp_collector.ts";
import { ServerProcess } from "../support/server_process.ts";

const CALLER = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
const TRACEPARENT = `00-${CALLER.traceId}-${CALLER.spanId}-01`;
const SERVER = 2, CLIENT = 3;
const CREATE = "chat.MessageService/CreateMessage";

Deno.test({
  name: "tracing: a request to the gateway and the call it makes to another process are one trace, told to an OTLP collector",
  fn: async () => {
    await using collector = startCollector();
    await using place = await databasePlace("postgres");
    const otel = {
      OTEL_DENO: "true",
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_BSP_SCHEDULE_DELAY: "100",
      OTEL_DENO_CONSOLE: "ignore",
    };
    await using messages = new ServerProcess({ env: { ...otel, SERVICES: "message", ...place.env } });
    const { grpcAddress } = await messages.ready();
    await using gateway = new ServerProcess({
      env: { ...otel, SERVICES: "gateway", MESSAGE_SERVICE_ADDR: grpcAddress, GRPC_ENABLED: "false" },
    });
    const { url } = await gateway.ready();

    const response = await fetch(`${url}/v1/messages`, {
      method: "POST",
      headers: { "content-type": "application/json", traceparent: TRACEPARENT },
      body: JSON.stringify({ username: "ann", content: "hello" }),
    });
    assertEquals(response.status, 201);
    await response.body?.cancel();
    const ours = ({ traceId }: { traceId: string }) => traceId === CALLER.traceId;
    const http = await collector.find("the gateway's span", (span) => ours(span) && span.name === "POST /v1/messages");
    const client = await collector.find("the client's span", (span) => ours(span) && span.name === CREATE && span.kind === CLIENT);
    const server = await collector.find("the server's span", (span) => ours(span) && span.name === CREATE && span.kind === SERVER);
    assertEquals([http.parentSpanId, http.kind], [CALLER.spanId, SERVER]);
    assertEquals([client.parentSpanId, server.parentSpanId], [http.spanId, client.spanId]);

    await using direct = new MessageServiceClient({ address: grpcAddress });
    await direct.getMessages({}, { trace: { traceparent: TRACEPARENT } });
    const read = await collector.find("the call's span", (span) => ours(span) && span.name === "chat.MessageService/GetMessages");
    assertEquals([read.parentSpanId, read.kind], [CALLER.spanId, SERVER]);
    await direct.getMessages({}, {});
    const alone = await collector.find("a trace of its own", (span) => !ours(span) && span.name === "chat.MessageService/GetMessages");
    assertNotEquals(alone.traceId, CALLER.traceId);
    assertEquals(alone.parentSpanId, "");
  },
});
