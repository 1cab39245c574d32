import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { CapabilityRequest, CapabilityResponse, PluginManifest } from "../../src/contracts/mod.ts";
import { ChatError } from "../../src/core/errors.ts";
import { createRemoteLauncher } from "../../src/plugin/remote/launcher.ts";
import { CallTokens } from "../../src/plugin/remote/tokens.ts";
import type { PluginHost } from "../../src/plugin/runner.ts";
import { pluginPeers } from "../../src/roles/plugin_peers.ts";
import { startServer } from "../transport/grpc_support.ts";
import { PythonPeer, pythonTest } from "./python.ts";

const action = { description: "", inputSchemaJson: "", outputSchemaJson: "", readOnly: false };
const hook = { order: 0, onFailure: "open", action: "", command: "", cron: "", rooms: [], timeoutMs: 0 };
/** What the Python program says of itself. */
const manifest: PluginManifest = {
  ...{ name: "snake", version: "1.0.0", description: "" },
  actions: ["double", "remember", "count", "fail"].map((name) => ({ ...action, name, streams: name === "count" })),
  hooks: [{ ...hook, event: "message.before_create" }],
  permissions: { net: [], env: [], data: false, capabilities: ["storage", "messages.post"], rooms: [] },
};

/** Keeps one value, and lets nobody post. */
const host: PluginHost = {
  use: ({ storage }: CapabilityRequest): Promise<CapabilityResponse> => {
    if (storage === undefined || storage === null) {
      return Promise.reject(new ChatError("permission_denied", "Plugin snake was not granted messages.post"));
    }
    return Promise.resolve({
      storage: { success: true, entries: [{ key: storage.key, value: storage.value ?? "", version: 3 }], hasMore: false },
    });
  },
};

Deno.test("a plugin written in Python runs as a server of its own and asks the system while it works", pythonTest, async (t) => {
  await using peer = await PythonPeer.start("plugin");
  const address = `127.0.0.1:${(await peer.ask("port")).port}`;
  const tokens = new CallTokens();
  await using server = await startServer({ pluginHost: tokens, services: {} });
  const launcher = createRemoteLauncher({ connect: pluginPeers({}), tokens, addresses: [address], hostAddress: server.address });
  const plugin = { ...manifest, digest: "", manifest, granted: manifest.permissions!, code: { kind: "remote", address } } as const;
  const { signal } = new AbortController();
  await launcher.check(plugin, signal);
  const runner = launcher.create(plugin, { onLog: () => {}, onState: () => {} });
  const work = { requestId: "r-1", username: "ann", room: "hall", signal, host };

  await t.step("an action, and what it refuses or does wrong", async () => {
    assertEquals(await runner.runAction("double", '{"number": 21}', work), "42");
    const refused = await assertRejects(() => runner.runAction("double", "{}", work), ChatError);
    assertEquals([refused.code, refused.message], ["failed_precondition", "Plugin snake failed: I need a number"]);
    const failed = await assertRejects(() => runner.runAction("fail", "{}", work), ChatError);
    assertEquals(failed.code, "failed_precondition");
    assertMatch(failed.message, /^Plugin snake failed: .*A bug of the plugin/);
  });

  await t.step("questions to the system, by the call's token", async () => {
    const output = JSON.parse(await runner.runAction("remember", '{"text": "me"}', work));
    assertEquals(output, { version: 3, posted: ["PERMISSION_DENIED", "Plugin snake was not granted messages.post"] });
    assertEquals(tokens.size, 0);
  });

  await t.step("a stream, and a hook that rewrites", async () => {
    const outputs: string[] = [];
    for await (const output of runner.streamAction("count", '{"to": 5}', work)) outputs.push(output);
    assertEquals(outputs, ["1", "2", "3", "4", "5"]);
    const draft = { content: "A snake", username: "ann", room: "hall", metadata: {} };
    const answer = await runner.runHook({ event: "message.before_create", draft, dryRun: false }, work);
    assertEquals([answer.decision, answer.reason, answer.draft?.content], ["rewrite", "Snakes are called by their name", "A python"]);
    assertEquals(
      (await runner.runHook({ event: "message.before_create", draft: { ...draft, content: "x" }, dryRun: false }, work)).decision,
      "",
    );
  });

  await runner.close();
});
