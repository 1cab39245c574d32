/**
 * Plugins that are servers of their own, through the whole system: installed, called, asking back, deciding about messages, and away.
 *
 * @module
 */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { type App, createApp } from "../../src/app.ts";
import { ChatError, MessageServiceClient, PluginServiceClient } from "../../src/clients/mod.ts";
import { readConfig } from "../../src/config/read.ts";
import type { PluginManifest } from "../../src/contracts/mod.ts";
import { packArchive } from "../../src/plugin/packages/archive.ts";
import { status } from "../../src/wire/grpc_js.ts";
import { testLog } from "../support/log.ts";
import { freePort } from "../support/ports.ts";
import { createTestDatabase } from "../support/postgres.ts";
import { HostClient, type RemoteBehaviour, remoteManifest, RemotePlugin } from "../support/remote_plugin.ts";
import { tempDir } from "../support/temp_dir.ts";

const PATIENCE_MS = 20_000;
const manifest: PluginManifest = {
  ...remoteManifest,
  permissions: { ...remoteManifest.permissions!, capabilities: ["messages.post", "messages.read", "storage"], rooms: ["*"] },
};
const granted = { capabilities: ["messages.post", "messages.read", "storage"], rooms: ["*"] };

/** What the plugin asks back is written into its output. */
const asking: RemoteBehaviour["runAction"] = async ({ inputJson, caller }) => {
  using host = new HostClient(caller!.hostAddress);
  const { capability } = JSON.parse(inputJson);
  const answer = await host.use({ token: caller!.token, ...capability }).catch(({ code, details }) => ({ error: status[code], details }));
  return { outputJson: JSON.stringify({ answer, token: caller!.token, username: caller!.username }), seq: 1 };
};

async function eventually(what: string, look: () => Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + PATIENCE_MS;
  while (!await look()) {
    if (Date.now() > giveUpAt) throw new Error(`Not seen in ${PATIENCE_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

Deno.test("a remote plugin works through the whole system, and harms nobody when it is away", async (t) => {
  await using belongings = new AsyncDisposableStack();
  const { path } = belongings.use(await tempDir());
  const { url, drop } = await createTestDatabase();
  belongings.defer(drop);
  const [grpcPort, pluginPort] = [freePort(), freePort()];
  const app: App = createApp(
    readConfig({
      ...{ GRPC_ENABLED: "true", GRPC_SERVER_PORT: `${grpcPort}`, HTTP_PORT: "0", METRICS_PORT: "off", DATABASE_URL: url, DATA_DIR: path },
      ...{ PLUGIN_REMOTE_ADDRESSES: `127.0.0.1:${pluginPort}`, PLUGIN_HOST_ADDRESS: `127.0.0.1:${grpcPort}` },
    }),
    { log: testLog() },
  );
  belongings.defer(() => app.stop({ deadlineMs: 1_000 }));
  await app.start();
  const address = `127.0.0.1:${grpcPort}`;
  const plugins = belongings.use(new PluginServiceClient({ address, maxAttempts: 1 }));
  const messages = belongings.use(new MessageServiceClient({ address, maxAttempts: 1 }));
  const archive = packArchive(manifest, { kind: "remote", address: `127.0.0.1:${pluginPort}` });
  let plugin = belongings.use(await RemotePlugin.start({ runAction: asking }, { port: pluginPort }));
  const run = async (capability: object, room = "hall") => {
    const { outputJson } = await plugins.executePlugin({ name: "weather", action: "ask", inputJson: JSON.stringify({ capability }), room });
    return JSON.parse(outputJson);
  };

  await t.step("it is installed once its server has said what it is, and never at an address that the settings do not name", async () => {
    const elsewhere = packArchive(manifest, { kind: "remote", address: "127.0.0.1:1" });
    assertMatch(
      (await assertRejects(() => plugins.installPlugin({ archive: elsewhere, granted }), ChatError)).message,
      /PLUGIN_REMOTE_ADDRESSES/,
    );
    const other = packArchive({ ...manifest, version: "3.0.0" }, { kind: "remote", address: `127.0.0.1:${pluginPort}` });
    plugin.behaviour.describe = () => manifest;
    const refused = await assertRejects(() => plugins.installPlugin({ archive: other, granted }), ChatError);
    assertMatch(refused.message, /another than the installed one: its manifest differs in version/);
    const { plugin: installed } = await plugins.installPlugin({ archive, granted });
    assertEquals([installed?.name, installed?.remote], ["weather", true]);
    await eventually("the plugin is enabled", async () => (await plugins.getPlugin({ name: "weather" })).state === "enabled");
  });

  await t.step(
    "while it works on a call it posts as itself, reads and keeps values; after the call its token is worth nothing",
    async () => {
      const { answer, token } = await run({ postMessage: { content: "It rains", username: "ann" } });
      assertEquals([answer.message.username, answer.message.room, answer.message.content, answer.message.via], [
        "weather",
        "hall",
        "It rains",
        ["weather"],
      ]);
      const read = await run({ readMessages: { limit: 1 } });
      assertEquals(read.answer.messages.messages.map(({ content }: { content: string }) => content), ["It rains"]);
      const kept = await run({ storage: { operation: "set", key: "town", value: "Bergen" } });
      assertEquals(kept.answer.storage.entries, [{ key: "town", value: "Bergen", version: 1 }]);
      const denied = await run({ generate: { prompt: "x" } });
      assertEquals(denied.answer, { error: "PERMISSION_DENIED", details: "Plugin weather was not granted ai.generate" });
      using host = new HostClient(address);
      const late = await host.use({ token, storage: { operation: "get", key: "town" } }).catch(({ code }) => code);
      assertEquals(late, status.UNAUTHENTICATED);
    },
  );

  await t.step("its hook decides about messages, and is passed over for its own", async () => {
    plugin.behaviour.runHook = ({ draft }) => ({
      decision: "rewrite",
      reason: "Louder",
      draft: { ...draft, content: draft!.content.toUpperCase() },
    });
    const made = await messages.createMessage({ username: "ann", content: "hello", room: "hall" });
    assertEquals([made.content, made.decisions?.[0]?.plugin, made.decisions?.[0]?.reason], ["HELLO", "weather", "Louder"]);
    assertEquals((await run({ postMessage: { content: "quiet", username: "" } })).answer.message.content, "quiet");
  });

  await t.step(
    "a server that is away, slow or talks nonsense harms its own callers; messages go on, and so does it when it is back",
    async () => {
      plugin.behaviour.runHook = () => ({ decision: "explode" });
      const odd = await messages.createMessage({ username: "ann", content: "one", room: "hall" });
      assertEquals(odd.content, "one");
      assertMatch(odd.decisions?.[0]?.failure ?? "", /explode/);
      plugin[Symbol.dispose]();
      await eventually(
        "calls of the plugin fail",
        () => run({ readMessages: {} }).then(() => false, (error) => error.code === "unavailable"),
      );
      const alone = await messages.createMessage({ username: "ann", content: "two", room: "hall" });
      assertEquals(alone.content, "two");
      assertMatch(alone.decisions?.[0]?.failure ?? "", /cannot be reached/);
      await eventually("the state says so", async () => (await plugins.getPlugin({ name: "weather" })).state === "failing");
      plugin = belongings.use(await RemotePlugin.start({ runAction: asking, describe: () => manifest }, { port: pluginPort }));
      await eventually("it is enabled again", async () => (await plugins.getPlugin({ name: "weather" })).state === "enabled");
      assertEquals((await run({ readMessages: { limit: 1, order: "newest" } })).answer.messages.messages[0].content, "two");
    },
  );
});
