import { assert, assertEquals, assertLess, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import type { MessageService, MessageStream } from "../../src/contracts/mod.ts";
import { ChatError } from "../../src/core/errors.ts";
import { startGateway } from "../../src/gateway/gateway.ts";
import { callContext } from "../support/call_context.ts";
import { testLog } from "../support/log.ts";
import { EventReader, rawRequest, type TestGateway, withGateway, within } from "./rest_server.ts";

const streamUrl = (server: TestGateway, room: string) => `${server.origin}/v1/messages/stream?room=${room}`;

/** How long `work` takes, in ms. */
async function timed(work: Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work;
  return performance.now() - start;
}

Deno.test("startGateway refuses an address it cannot listen on with one sentence that names the settings", async (t) => {
  const start = (host: string, port: number) =>
    startGateway({
      http: { host, port },
      services: { message: {} as MessageService },
      readiness: () => ({ ok: true, checks: {} }),
      log: testLog(),
    });
  await t.step("a port in use", async () => {
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const error = await assertRejects(() => start("127.0.0.1", taken.addr.port), ChatError);
    assertEquals(error.message, `Cannot listen on 127.0.0.1:${taken.addr.port} (HTTP_HOST, HTTP_PORT): another program listens there`);
    assertEquals(error.code, "failed_precondition");
  });
  await t.step("a host that it cannot have", async () => {
    const error = await assertRejects(() => start("192.0.2.1", 0), ChatError);
    // Which of the two depends on what the test process is permitted.
    assertMatch(
      error.message,
      /^Cannot listen on 192\.0\.2\.1:0 \(HTTP_HOST, HTTP_PORT\): this (machine has no such address|process may not listen there)$/,
    );
  });
});

Deno.test("Gateway.stop tells every open stream where to resume and then listens no more", async () => {
  await withGateway(async (server) => {
    await server.say("stopping", "one");
    await server.say("stopping", "two");
    const readers = await Promise.all(Array.from({ length: 100 }, () => EventReader.open(`${streamUrl(server, "stopping")}&after_seq=0`)));
    await Promise.all(readers.map((reader) => reader.take(3)));
    const first = server.gateway.stop({ deadlineMs: 5000 });
    assert(server.gateway.stop({ deadlineMs: 1 }) === first, "a second stop is the first");
    assertLess(await timed(first), 3000);
    for (const reader of readers) {
      const events = await reader.rest();
      const { event, id, data } = events[0]!;
      assertEquals([events.length, event, id, data.code, data.status, data.resume_seq], [1, "error", "2", "unavailable", 503, 2]);
    }
    await assertRejects(() => fetch(`${server.origin}/healthz`));
    assertEquals(server.logLines.filter((line) => /"level":"(warn|error)"/.test(line)), []);
  });
});

Deno.test("Gateway.stop answers what it has accepted, and gives up what does not end before the deadline", async (t) => {
  const release = Promise.withResolvers<void>();
  const accepted = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const override = (service: MessageService): Partial<MessageService> => ({
    createMessage: async (request, context) => {
      accepted.resolve();
      await release.promise;
      return await service.createMessage(request, context);
    },
    getMessage: () => {
      asked.resolve();
      return new Promise(() => {});
    },
  });
  await t.step("a slow call is answered", async () => {
    await withGateway(async (server) => {
      const answer = server.post({ content: "late", username: "ann" });
      await accepted.promise;
      const stopped = server.gateway.stop({ deadlineMs: 5000 });
      release.resolve();
      assertEquals((await (await answer).json()).content, "late");
      await within(3000, stopped);
      assertEquals((await server.service.getMessages({}, callContext())).totalCount, 1);
    }, { override });
  });
  await t.step("a call that does not end is answered with 503", async () => {
    await withGateway(async (server) => {
      const answer = fetch(`${server.origin}/v1/messages/1`);
      await asked.promise;
      assertLess(await timed(server.gateway.stop({ deadlineMs: 500 })), 1500);
      const response = await answer;
      const problem = await response.json();
      assertEquals([response.status, problem.code, problem.detail], [503, "unavailable", "The server is shutting down"]);
    }, { override });
  });
});

Deno.test({
  name: "Gateway.stop does not wait beyond its deadline for a reader that does not read",
  // Deno drains the connection until its reader hangs up, which is noticed some time after this test's end.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    let watch: MessageStream | undefined;
    const override = (service: MessageService): Partial<MessageService> => ({
      streamMessages: async (request, context) => watch = await service.streamMessages(request, context),
    });
    await withGateway(async (server) => {
      for (let i = 0; i < 300; i++) await server.say("stuck", "x".repeat(60_000));
      const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.gateway.port });
      await connection.write(new TextEncoder().encode("GET /v1/messages/stream?room=stuck&after_seq=0 HTTP/1.1\r\nHost: x\r\n\r\n"));
      await stalled(() => watch?.position ?? 0);
      const took = await timed(server.gateway.stop({ deadlineMs: 500 }));
      assertLess(took, 1500);
      assert(server.logLines.some((line) => line.includes("Clients that do not read")), "and says so");
      connection.close();
    }, { override });
  },
});

Deno.test("A server lives on through requests that are no HTTP", async () => {
  await withGateway(async (server) => {
    const { port } = server.gateway;
    assertStringIncludes(await rawRequest(port, "\x16\x03\x01\x02\x00 hello\r\n\r\n"), "HTTP/1.1 400 ");
    assertStringIncludes(await rawRequest(port, `GET /${"x".repeat(66_000)} HTTP/1.1\r\nHost: x\r\n\r\n`), "HTTP/1.1 4");
    assertStringIncludes(await rawRequest(port, "GET /v1/messages?room=\xff HTTP/1.1\r\nHost: a b\r\n\r\n"), "HTTP/1.1 ");
    assertStringIncludes(await rawRequest(port, "TRACE /v1/messages HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 405 ");
    assertStringIncludes(await rawRequest(port, "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 ");
    assertStringIncludes(await rawRequest(port, "GET //evil.example/v1/messages HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 404 ");
    assertEquals((await (await fetch(`${server.origin}/healthz`)).json()).ok, true);
  });
});

/** Waits until `position` has moved and then has stood still for a while: every buffer on the way is full. */
async function stalled(position: () => number): Promise<void> {
  for (let last = 0, still = 0; still < 10; last = position()) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    still = position() > 0 && position() === last ? still + 1 : 0;
  }
  assertLess(position(), 300, "not everything fitted into the buffers");
}
