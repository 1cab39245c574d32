import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { ChatError } from "../../src/clients/mod.ts";
import { within } from "../support/deadline.ts";
import { SplitSystem } from "../support/split_system.ts";
import { EventReader } from "../transport/rest_server.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
/** A dead peer is looked for again after 5 s at the latest, a process starts in a few. */
const PATIENCE_MS = 30_000;
/** The parts of the REST suite that look at a gateway from outside only. */
const SUITE = [
  "The REST face of the message service",
  "GET /v1/messages takes every filter",
  "Hostile input is refused",
  "GET /v1/messages/stream follows a room",
  "Last-Event-ID resumes a stream",
];

const post = (url: string, content: string) =>
  fetch(`${url}/v1/messages`, {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": content },
    body: JSON.stringify({ username: "ann", content }),
  });

async function status(response: Promise<Response>): Promise<number> {
  const { status, body } = await response;
  await body?.cancel();
  return status;
}

async function contents(url: string): Promise<readonly string[]> {
  const page: { readonly messages: readonly { readonly content: string }[] } = await (await fetch(`${url}/v1/messages`)).json();
  return page.messages.map((message) => message.content);
}

/** The contents of so many messages; a stream tells other things too. */
async function created(stream: EventReader, count: number): Promise<readonly string[]> {
  const contents: string[] = [];
  while (contents.length < count) {
    const [event] = await stream.take(1);
    if (event?.event === "created") contents.push(event.data.content);
  }
  return contents;
}

/** Asks until the answer is 201; callers of a system that recovers do just that. */
async function stored(url: string, content: string): Promise<void> {
  while (await status(post(url, content)) !== 201) await new Promise((resolve) => setTimeout(resolve, 50));
}

Deno.test("the system split over two processes with mutual TLS outlives the death of either", async (t) => {
  await using system = await SplitSystem.start();
  const { url } = system;

  await t.step("the message service takes the gateway's calls and those of a client with a certificate, and nobody else's", async () => {
    assertEquals(await status(post(url, "1")), 201);
    await using client = system.client();
    assertEquals((await client.createMessage({ username: "bob", content: "2" })).id, 2);
    await using stranger = system.client({ stranger: true });
    assertEquals((await assertRejects(() => stranger.getMessages(), ChatError)).code, "unavailable");
  });

  await t.step(
    "without the message service: 503 in words for its calls, an end with a position for its streams, the rest goes on",
    async () => {
      const stream = await EventReader.open(`${url}/v1/messages/stream?after_seq=0`);
      assertEquals(await created(stream, 2), ["1", "2"]);
      await system.killPart("message");
      const last = (await stream.rest()).at(-1);
      assertEquals([last?.event, last?.id, last?.data.code], ["error", "2", "unavailable"]);
      const refused = await within(PATIENCE_MS, "an answer without the message service", post(url, "3"));
      const problem = await refused.json();
      assertEquals([refused.status, refused.headers.get("content-type"), problem.code], [503, "application/problem+json", "unavailable"]);
      assert(!JSON.stringify(problem).includes(system.grpcAddress), "strangers are not told where services run");
      assertEquals(await status(fetch(`${url}/healthz`)), 200);
      assertEquals(await status(fetch(`${url}/readyz`)), 200);
      assertEquals(await status(fetch(`${url}/v1/nothing`)), 404);
    },
  );

  await t.step("when it is back, calls and streams go on without a restart of the gateway, and nothing is lost", async () => {
    await system.startPart("message");
    await within(PATIENCE_MS, "a message to be stored", stored(url, "3"));
    const stream = await EventReader.open(`${url}/v1/messages/stream`, { "last-event-id": "2" });
    assertEquals(await created(stream, 1), ["3"]);
    stream.close();
    assertEquals(await contents(url), ["1", "2", "3"]);
  });

  await t.step("without the gateway: no HTTP, and gRPC goes on; when it is back it shows all", async () => {
    await system.killPart("gateway");
    await assertRejects(() => fetch(`${url}/healthz`), TypeError);
    await using client = system.client();
    assertEquals((await client.createMessage({ username: "bob", content: "4" })).id, 4);
    await system.startPart("gateway");
    assertEquals(await contents(url), ["1", "2", "3", "4"]);
  });
});

Deno.test("the REST suite holds for a gateway and a message service that are two processes", async () => {
  const pattern = `/^(${SUITE.map((name) => name.replaceAll("/", "\\/")).join("|")})/`;
  const permissions = ["--allow-read", "--allow-write", "--allow-env", "--allow-run", "--allow-sys", "--allow-net=127.0.0.1,localhost"];
  const files = ["tests/transport/rest_routes_test.ts", "tests/transport/rest_refusals_test.ts", "tests/transport/sse_stream_test.ts"];
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--no-check", "--no-prompt", ...permissions, "--filter", pattern, ...files],
    cwd: ROOT,
    env: { TEST_SPLIT: "true", NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = new TextDecoder().decode(stdout);
  assert(success, text + new TextDecoder().decode(stderr));
  assertMatch(text, new RegExp(`^ok \\| ${SUITE.length} passed .*\\| 0 failed`, "m"));
});
