import { assert, assertEquals, assertRejects } from "@std/assert";
import { type App, createApp, type Ports } from "../../src/app.ts";
import { ChatError, MessageServiceClient } from "../../src/clients/mod.ts";
import { readConfig } from "../../src/config/read.ts";
import { within } from "../support/deadline.ts";
import { testLog } from "../support/log.ts";
import { databasePlace } from "../support/database.ts";

/** Starts the system in this process, on free ports unless the settings say otherwise. */
async function start(env: Record<string, string>): Promise<{ readonly app: App } & Ports> {
  const settings = {
    GRPC_ENABLED: "true",
    GRPC_SERVER_PORT: "0",
    HTTP_PORT: "0",
    METRICS_PORT: "off",
    GRPC_MAX_TURN_DELAY_MS: "0",
    ...env,
  };
  const app = createApp(readConfig(settings), { log: testLog() });
  return { app, ...await app.start() };
}

Deno.test("MessageServiceClient speaks every method with the real service", async () => {
  await using place = await databasePlace("postgres");
  const { app, grpcPort } = await start(place.env);
  try {
    await using client = new MessageServiceClient({ address: `127.0.0.1:${grpcPort}` });
    const created = await client.createMessage({ username: "alice", content: "first", metadata: { thread: "7" } });
    assertEquals([created.id, created.seq, created.eventType, created.metadata], [1, 1, "created", { thread: "7" }]);
    const edited = await client.updateMessage({ id: 1, content: "second", ifVersion: 1 });
    assertEquals([edited.version, edited.seq, edited.metadata], [2, 2, { thread: "7" }]);
    const stale = await assertRejects(() => client.updateMessage({ id: 1, content: "third", ifVersion: 1 }), ChatError);
    assertEquals(stale.code, "aborted");
    assertEquals((await client.getMessage({ id: 1 })).content, "second");
    assertEquals((await client.getMessages({ filter: "thread >= 7 and not exists(draft)" })).totalCount, 1);
    assertEquals((await client.getMessages({ filter: '{"ne": ["thread", "7"]}' })).totalCount, 0);
    assertEquals((await assertRejects(() => client.getMessages({ filter: "thread >=" }), ChatError)).field, "filter");
    assertEquals((await client.listRevisions({ id: 1 })).revisions.map((revision) => revision.content), ["first", "second"]);
    assertEquals((await client.deleteMessage({ id: 1 })).success, true);
    assertEquals((await client.deleteMessage({ id: 1 })).success, false);
    assertEquals((await client.getMessages()).totalCount, 0);
    const set = await client.updateRoom({ title: "Here", members: ["alice"], replaceMembers: true, documents: true, ifVersion: 0 });
    assertEquals([set.room, set.title, set.members, set.documents, set.restricted, set.version], [
      "general",
      "Here",
      ["alice"],
      true,
      false,
      1,
    ]);
    assertEquals(
      (await client.updateRoom({ documents: false, title: "" })).members,
      ["alice"],
      "an empty title is a change, unset members are none",
    );
    assertEquals((await assertRejects(() => client.updateRoom({ title: "Elsewhere", ifVersion: 1 }), ChatError)).code, "aborted");
    const { rooms, hasMore } = await client.listRooms({ limit: 1 });
    assertEquals([rooms, hasMore], [[{ ...await client.getRoom(), members: [] }], false]);
    const missing = await assertRejects(() => client.getMessage({ id: 9 }), ChatError);
    assertEquals(missing.code, "not_found");
    const refused = await assertRejects(() => client.createMessage({ username: "alice", content: "" }), ChatError);
    assertEquals([refused.code, refused.field], ["invalid_argument", "content"]);
    const ahead = await assertRejects(async () => await client.streamMessages({ afterSeq: 99 }).next(), ChatError);
    assertEquals(ahead.code, "out_of_range");
    const events: string[] = [];
    for await (const message of client.streamMessages({ afterSeq: 0, includeChanges: true })) {
      if (events.push(`${message.seq} ${message.eventType}`) === 3) break;
    }
    assertEquals(events, ["1 created", "2 edited", "3 deleted"]);
  } finally {
    await app.stop();
  }
});

Deno.test(
  "streamMessages and createMessage ride over restarts of the real service: each message once, in order",
  async () => {
    await using place = await databasePlace("postgres");
    const env = { ...place.env, SERVICES: "message" };
    let { app, grpcPort } = await start(env);
    await using client = new MessageServiceClient({ address: `127.0.0.1:${grpcPort}`, maxAttempts: 1_000, deadlineMs: 60_000 });
    const total = 60;
    const sending = (async () => {
      for (let n = 1; n <= total; n++) await client.createMessage({ username: "alice", content: `${n}` });
    })();
    const seen: string[] = [];
    let restarts = 0;
    for await (const message of client.streamMessages({ afterSeq: 0 })) {
      seen.push(message.content);
      if (seen.length === total) break;
      if (seen.length % 20 === 0) {
        await app.stop();
        ({ app } = await start({ ...env, GRPC_SERVER_PORT: String(grpcPort) }));
        restarts++;
      }
    }
    await sending;
    assertEquals(seen, Array.from({ length: total }, (_, index) => String(index + 1)));
    assertEquals(restarts, 2);
    assertEquals((await client.getMessages({ limit: 500 })).totalCount, total);
    await app.stop();
  },
);

Deno.test("a gateway in another process than its message service serves REST and streams all the same", async () => {
  await using place = await databasePlace("postgres");
  const rooms = await start({ ...place.env, SERVICES: "message" });
  const face = await start({ SERVICES: "gateway", GRPC_ENABLED: "false", MESSAGE_SERVICE_ADDR: `127.0.0.1:${rooms.grpcPort}` });
  const url = `http://127.0.0.1:${face.httpPort}/v1/messages`;
  try {
    const body = JSON.stringify({ username: "alice", content: "through two processes" });
    const created = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
    assertEquals([created.status, (await created.json()).id], [201, 1]);
    const refused = await fetch(`${url}?limit=501`);
    assertEquals([refused.status, (await refused.json()).field], [400, "limit"]);
    const stream = await fetch(`${url}/stream?after_seq=0`);
    assert(stream.body !== null);
    const reader = stream.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!text.includes("event: created")) text += (await reader.read()).value ?? "";
    await rooms.app.stop();
    while (!text.includes("event: error")) text += (await reader.read()).value ?? "";
    assertEquals(/event: error\nid: (\d+)\ndata: (.*)/.exec(text)?.[1], "1");
    await reader.cancel();
    const away = await fetch(url);
    assertEquals(away.status, 503);
    assert(!(await away.text()).includes(String(rooms.grpcPort)), "the service's address is told to strangers");
  } finally {
    await face.app.stop();
    await rooms.app.stop();
  }
});

Deno.test("readiness counts what a process plays itself, and tells of every service that it calls elsewhere", async () => {
  await using place = await databasePlace("postgres");
  const nobody = "127.0.0.1:1";
  const documents = await start({
    ...place.env,
    SERVICES: "gateway,rag",
    MESSAGE_SERVICE_ADDR: nobody,
  });
  const face = await start({
    ...{ SERVICES: "gateway", GRPC_ENABLED: "false", MESSAGE_SERVICE_ADDR: `${nobody},127.0.0.1:2` },
    RAG_SERVICE_ADDR: `127.0.0.1:${documents.grpcPort}`,
  });
  const ready = async (httpPort: number | undefined) => await (await fetch(`http://127.0.0.1:${httpPort}/readyz`)).json();
  try {
    const known = async (httpPort: number | undefined) => {
      for (;;) {
        const answer = await ready(httpPort);
        if (!JSON.stringify(answer).includes("has not answered yet")) return answer;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const well = { ok: true };
    const message = { ok: false, problem: "The message service cannot be reached" };
    assertEquals(await within(10_000, "the health of all", known(documents.httpPort)), { ok: true, checks: { database: well, message } });
    assertEquals(await within(10_000, "the health of all", known(face.httpPort)), { ok: true, checks: { message, rag: well } });
    const away = await fetch(`http://127.0.0.1:${face.httpPort}/v1/messages`);
    assertEquals([away.status, (await away.json()).code], [503, "unavailable"]);
  } finally {
    await face.app.stop();
    await documents.app.stop();
  }
});
