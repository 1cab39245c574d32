/**
 * The plugins that come with this system, on in a real server with the permissions that it has in service.
 *
 * @module
 */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { createHmac } from "node:crypto";
import { ChatError, MessageServiceClient, PluginServiceClient } from "../../src/clients/mod.ts";
import { freePort } from "../support/ports.ts";
import { createTestDatabase } from "../support/postgres.ts";
import { ServerProcess } from "../support/server_process.ts";
import { tempDir } from "../support/temp_dir.ts";

const PATIENCE_MS = 30_000;

async function eventually<T>(what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const giveUpAt = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > giveUpAt) throw new Error(`Not seen in ${PATIENCE_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

Deno.test("a server with its own plugins on filters words, counts votes, shows links and tells other servers", async (t) => {
  await using belongings = new AsyncDisposableStack();
  const { path } = belongings.use(await tempDir());
  const { url, drop } = await createTestDatabase();
  belongings.defer(drop);
  const told: { readonly headers: Headers; readonly body: string }[] = [];
  const web = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    if (request.method === "GET") return new Response("<title>A page about tea</title>", { headers: { "content-type": "text/html" } });
    told.push({ headers: request.headers, body: await request.text() });
    return new Response("thanks");
  });
  belongings.defer(() => web.shutdown());
  const host = `127.0.0.1:${web.addr.port}`;
  const [grpcPort, httpPort] = [freePort(), freePort()];
  const server = belongings.use(
    new ServerProcess({
      env: {
        ...{ DATABASE_URL: url, DATA_DIR: path, GRPC_SERVER_PORT: `${grpcPort}`, HTTP_PORT: `${httpPort}` },
        PLUGIN_BUILT_IN: "word-filter,link-preview,poll,reminder,webhook",
        ...{ PLUGIN_LINK_PREVIEW_HOSTS: host, PLUGIN_WEBHOOK_HOSTS: host },
      },
    }),
  );
  await server.ready();
  const address = `127.0.0.1:${grpcPort}`;
  const plugins = belongings.use(new PluginServiceClient({ address, maxAttempts: 1 }));
  const messages = belongings.use(new MessageServiceClient({ address, maxAttempts: 1 }));
  const execute = async (name: string, action: string, input: object) =>
    JSON.parse((await plugins.executePlugin({ name, action, inputJson: JSON.stringify(input) })).outputJson);
  const say = (content: string, username = "ann") => messages.createMessage({ username, content, room: "hall" });
  const inHall = async (username: string) => (await messages.getMessages({ room: "hall", username })).messages;

  await t.step("they are there, with the hosts that the settings name and nothing else, and cannot be removed", async () => {
    const { plugins: all } = await plugins.listPlugins();
    assertEquals(
      all.map(({ name, builtIn }) => [name, builtIn]),
      ["link-preview", "poll", "reminder", "webhook", "word-filter"].map((name) => [name, true]),
    );
    assertEquals((await plugins.getPlugin({ name: "webhook" })).granted?.net, [host]);
    assertEquals((await assertRejects(() => plugins.uninstallPlugin({ name: "poll" }), ChatError)).code, "failed_precondition");
  });

  await t.step("word-filter masks and refuses", async () => {
    assertEquals((await say("Hello")).decisions?.map(({ plugin }) => plugin), ["word-filter"], "the very first message is shown to it");
    await execute("word-filter", "add", { words: ["darn"] });
    await execute("word-filter", "add", { words: ["poison"], mode: "drop" });
    const made = await say("Darn it");
    assertEquals([made.content, made.decisions?.map(({ plugin, decision }) => `${plugin} ${decision}`)], ["*** it", [
      "word-filter rewrite",
    ]]);
    assertMatch((await assertRejects(() => say("poison"), ChatError)).message, /word-filter.*not allowed here/);
  });

  await t.step("poll asks in the room and counts each user once, over REST too", async () => {
    assertMatch((await say('/poll "Tea?" yes no')).content, /^Poll #\d+ is open/);
    const [asked] = await inHall("poll");
    assertEquals([asked?.content, asked?.via], ["ann asks: Tea?\n1. yes\n2. no\nVote with /vote and a number.", ["poll"]]);
    await Promise.all(["ann", "bea", "cid"].map((name) => say("/vote 1", name)));
    const response = await fetch(`http://127.0.0.1:${httpPort}/v1/messages`, {
      ...{ method: "POST", headers: { "content-type": "application/json" } },
      body: JSON.stringify({ room: "hall", username: "bea", content: "/vote 2" }),
    });
    assertMatch((await response.json()).content, /1\. yes: 2\n2\. no: 1\n3 votes/);
  });

  await t.step("link-preview and webhook are told of what people write, and of what plugins do not of their own", async () => {
    const { secret } = await execute("webhook", "add", { url: `http://${host}/in`, events: ["message.created"] });
    await say(`Look at http://${host}/tea`);
    const preview = await eventually("the preview", async () => (await inHall("link-preview"))[0]);
    assertEquals([preview.content, preview.via], [`A page about tea\nhttp://${host}/tea`, ["link-preview"]]);
    const { headers, body } = await eventually("the delivery", () => told.find(({ body }) => body.includes("Look at")));
    const signed = `${headers.get("webhook-id")}.${headers.get("webhook-timestamp")}.${body}`;
    const expected = createHmac("sha256", Uint8Array.fromBase64(secret.slice(6))).update(signed).digest("base64");
    assertEquals(headers.get("webhook-signature"), `v1,${expected}`);
    await eventually("what another plugin has posted", () => told.find(({ body }) => body.includes("A page about tea")));
    assertEquals((await inHall("link-preview")).length, 1);
  });

  await t.step("reminder answers its command and keeps what was asked", async () => {
    assertMatch((await say("/remind in 2 hours tea")).content, /^I shall remind you at .* UTC/);
    assertMatch((await say("/reminders")).content, /in hall: tea$/);
    assertEquals((await inHall("ann")).some(({ content }) => content.startsWith("/")), false);
  });
});
