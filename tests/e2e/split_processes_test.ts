import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { ChatError } from "../../src/clients/mod.ts";
import { type RoleName, roleTitles } from "../../src/config/roles.ts";
import { within } from "../support/deadline.ts";
import { type Part, parts, type Probe, services, SplitSystem } from "../support/split_system.ts";
import { holdToPlugins } from "./split_hooks.ts";
import { EventReader } from "../transport/rest_server.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
/** A dead peer is looked for again within seconds, a process starts in a few. */
const PATIENCE_MS = 30_000;
/** The parts of the REST suite that look at a gateway from outside only. */
const SUITE = [
  "The REST face of the message service",
  "GET /v1/messages takes every filter",
  "Hostile input is refused",
  "GET /v1/messages/stream follows a room",
  "Last-Event-ID resumes a stream",
];
/** What asks a service by way of the gateway; a gateway that does not show a service answers 404. */
const ROUTES: Readonly<Record<RoleName, string>> = {
  message: "/v1/messages",
  rag: "/v1/documents",
  ai: "/v1/ai/models",
  plugin: "/v1/plugins",
};

interface Answer {
  readonly status: number;
  readonly type: string | null;
  // deno-lint-ignore no-explicit-any -- a test looks into whatever came
  readonly body: any;
}

async function ask(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, init);
  const text = await response.text();
  const type = response.headers.get("content-type");
  return { status: response.status, type, body: /json/.test(type ?? "") ? JSON.parse(text) : text };
}

const post = (url: string, content: string) =>
  ask(`${url}/v1/messages`, {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": content },
    body: JSON.stringify({ username: "ann", content, room: "split" }),
  });

/** Asks until it holds; callers of a system that recovers do just that. */
async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  const wait = async () => {
    while (!await holds()) await new Promise((resolve) => setTimeout(resolve, 50));
  };
  await within(PATIENCE_MS, what, wait());
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

async function contents(url: string): Promise<readonly string[]> {
  return (await ask(`${url}/v1/messages?room=split`)).body.messages.map((message: { content: string }) => message.content);
}

/** The REST suite in a process of its own, against the system that runs. */
async function runSuite(system: SplitSystem): Promise<void> {
  const pattern = `/^(${SUITE.map((name) => name.replaceAll("/", "\\/")).join("|")})/`;
  const permissions = ["--allow-read", "--allow-write", "--allow-env", "--allow-run", "--allow-sys", "--allow-net=127.0.0.1,localhost"];
  const files = ["tests/transport/rest_routes_test.ts", "tests/transport/rest_refusals_test.ts", "tests/transport/sse_stream_test.ts"];
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--no-check", "--no-prompt", ...permissions, "--filter", pattern, ...files],
    cwd: ROOT,
    env: { TEST_SPLIT: JSON.stringify(system.place), NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = new TextDecoder().decode(stdout);
  assert(success, text + new TextDecoder().decode(stderr));
  assertMatch(text, new RegExp(`^ok \\| ${SUITE.length} passed .*\\| 0 failed`, "m"));
}

Deno.test(`the system as ${parts.length} processes (${parts.join(", ")}) with mutual TLS between them`, async (t) => {
  await using system = await SplitSystem.start();
  const { url } = system.place;
  await using belongings = new AsyncDisposableStack();
  const probes = Object.fromEntries(services.map((role) => [role, belongings.use(system.probe(role))])) as Record<RoleName, Probe>;
  const health = async (role: RoleName) => (await ask(`${url}/readyz`)).body.checks[role];
  const knowsHealth = (role: RoleName, ok: boolean) =>
    eventually(`health of ${role} to be ${ok}`, async () => (await health(role)).ok === ok);
  /** Of each service but one, that it answers, directly and by way of the gateway. */
  const othersGoOn = async (down: Part) => {
    for (const role of services.filter((one) => one !== down)) {
      await probes[role].ask();
      if (down !== "gateway") assert([200, 404].includes((await ask(url + ROUTES[role])).status), role);
    }
  };

  await t.step("the gateway knows of each service that it is well", async () => {
    for (const role of services) await knowsHealth(role, true);
    assertEquals((await ask(`${url}/readyz`)).status, 200);
  });

  await t.step("each service takes the calls of who has a certificate, and nobody else's", async () => {
    for (const role of services) {
      await probes[role].ask();
      await using stranger = system.probe(role, { stranger: true });
      assertEquals((await assertRejects(() => stranger.ask(), ChatError)).code, "unavailable", role);
    }
  });

  await t.step("the REST suite holds", () => runSuite(system));

  await t.step(
    "plugins decide about messages, are told of them and answer commands; while they are gone their hooks fail as they say",
    () => {
      return holdToPlugins(system);
    },
  );

  for (const role of services) {
    await t.step(
      `without the ${roleTitles[role].label}: its calls fail in words, the rest goes on; when it is back they go on by themselves`,
      async () => {
        const { status: whileWell } = await ask(url + ROUTES[role]);
        await system.killPart(role);
        assertEquals((await assertRejects(() => probes[role].ask(), ChatError)).code, "unavailable");
        if (whileWell !== 404) {
          const refused = await within(PATIENCE_MS, "an answer without it", ask(url + ROUTES[role]));
          assertEquals([refused.status, refused.type, refused.body.code], [503, "application/problem+json", "unavailable"]);
          const address = system.place.addresses[role] ?? "";
          assert(!JSON.stringify(refused.body).includes(address), "strangers are not told where services run");
        }
        await knowsHealth(role, false);
        assertEquals((await health(role)).problem, `The ${roleTitles[role].label} cannot be reached`);
        // Its own work the gateway can do, and balancers shall not take it out.
        assertEquals([(await ask(`${url}/healthz`)).status, (await ask(`${url}/readyz`)).status], [200, 200]);
        assertEquals((await ask(`${url}/v1/nothing`)).status, 404);
        await othersGoOn(role);
        await system.startPart(role);
        await eventually("its calls to succeed", () => probes[role].ask().then(() => true, () => false));
        await eventually("the gateway's calls to succeed", async () => (await ask(url + ROUTES[role])).status === whileWell);
        await knowsHealth(role, true);
      },
    );
  }

  await t.step("streams end with the position to resume from when the message service dies, and nothing is lost", async () => {
    for (const content of ["1", "2"]) assertEquals((await post(url, content)).status, 201);
    const stream = await EventReader.open(`${url}/v1/messages/stream?room=split&after_seq=0`);
    assertEquals(await created(stream, 2), ["1", "2"]);
    await system.killPart("message");
    const last = (await stream.rest()).at(-1);
    assertEquals([last?.event, last?.id, last?.data.code], ["error", "2", "unavailable"]);
    assertEquals((await post(url, "3")).status, 503);
    await system.startPart("message");
    await eventually("a message to be stored", async () => (await post(url, "3")).status === 201);
    const resumed = await EventReader.open(`${url}/v1/messages/stream?room=split`, { "last-event-id": "2" });
    assertEquals(await created(resumed, 1), ["3"]);
    resumed.close();
    assertEquals(await contents(url), ["1", "2", "3"]);
  });

  await t.step("without the gateway: no HTTP, and gRPC goes on; when it is back it shows all", async () => {
    await system.killPart("gateway");
    await assertRejects(() => fetch(`${url}/healthz`), TypeError);
    await othersGoOn("gateway");
    await system.startPart("gateway");
    assertEquals(await contents(url), ["1", "2", "3"]);
  });
});
