/**
 * The real program with its access log on, and clients that come and leave in every way.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { ServerProcess } from "../support/server_process.ts";
import { databasePlace } from "../support/database.ts";

Deno.test("the server outlives WebSockets, event streams and requests whose clients are gone, and logs each once", async () => {
  await using place = await databasePlace("postgres");
  await using server = new ServerProcess({ env: { ...place.env, LOG_ACCESS: "all" } });
  const { url: http } = await server.ready();
  await socketThatLeaves(http, (socket) => socket.close());
  await server.seen(/"\w+ \/v1\/ws"/);
  await streamThatLeaves(http);
  await server.seen(/"GET \/v1\/messages\/stream"/);
  await halfARequest(http);
  const after = await fetch(`${http}/v1/messages`);
  assertEquals([after.status, (await after.json()).total_count], [200, 0]);
  await socketThatLeaves(http, () => server.kill("SIGTERM"));
  const { code, stderr } = await server.outcome();
  assertEquals(code, 0);
  assertEquals(stderr.split("\n").filter((line) => line.includes('"level":"error"')), []);
  assertStringIncludes(stderr, '"Stopped"');
});

/** Opens a socket that follows a room, has it end as told, and waits for the end. */
async function socketThatLeaves(http: string, leave: (socket: WebSocket) => void): Promise<void> {
  const socket = new WebSocket(`${http.replace("http", "ws")}/v1/ws`);
  const ended = Promise.withResolvers<void>();
  socket.onclose = () => ended.resolve();
  socket.onopen = () => socket.send(JSON.stringify({ type: "subscribe", ref: "1", room: "general" }));
  socket.onmessage = ({ data }) => JSON.parse(data).type === "ready" && leave(socket);
  await ended.promise;
}

async function streamThatLeaves(http: string): Promise<void> {
  const leaving = new AbortController();
  const response = await fetch(`${http}/v1/messages/stream`, { signal: leaving.signal });
  const reader = response.body!.getReader();
  await reader.read();
  leaving.abort();
  await reader.read().catch(() => {});
}

/** Announces a body, sends a part of it and hangs up. */
async function halfARequest(http: string): Promise<void> {
  const { hostname, port } = new URL(http);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  const head = `POST /v1/messages HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`;
  await connection.write(new TextEncoder().encode(head));
}
