/**
 * What plugins that are servers of their own may ask of the system while they work on a call, over real connections.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { PluginServiceClient } from "../../src/clients/mod.ts";
import { CallTokens } from "../../src/plugin/remote/tokens.ts";
import { credentials, ServerCredentials, type ServiceError, status } from "../../src/wire/grpc_js.ts";
import { testKeys } from "../support/auth.ts";
import { HostClient, type RemoteBehaviour, RemotePlugin } from "../support/remote_plugin.ts";
import { refusal, Running, TestHost } from "../support/remote_runner.ts";
import { ScriptedPluginService } from "../support/scripted_services.ts";
import { tempDir } from "../support/temp_dir.ts";
import { ca, clientCert, clientKey, otherCa, serverCert, serverKey } from "../support/tls.ts";
import { startServer } from "./grpc_support.ts";

Deno.test("PluginHostService answers the token of a call while that call runs, and nobody else", async (t) => {
  const tokens = new CallTokens();
  await using server = await startServer({ pluginHost: tokens, services: {} });
  using client = new HostClient(server.address);
  const storage = { operation: "get", key: "k" };
  const failure = async (work: Promise<unknown>) => (await work.then(() => undefined, (error: ServiceError) => error))?.code;

  await t.step("a capability is used by the token, and its answer comes in the place of what was asked", async () => {
    const host = new TestHost();
    using call = tokens.open(host);
    const answer = await client.use({ token: call.token, storage });
    assertEquals(answer.storage, { success: true, entries: [{ key: "k", value: "v", version: 1 }], hasMore: false });
    assertEquals(host.asked.length, 1);
  });

  await t.step("a token is of one call, and dead after it", async () => {
    const [first, second] = [tokens.open(new TestHost()), tokens.open(new TestHost())];
    first[Symbol.dispose]();
    assertEquals(await failure(client.use({ token: first.token, storage })), status.UNAUTHENTICATED);
    assertEquals(await failure(client.use({ token: second.token, storage })), undefined);
    second[Symbol.dispose]();
    assertEquals(tokens.size, 0);
  });

  await t.step("where callers must prove who they are, the token is proof enough", async () => {
    await using keys = await testKeys();
    await using strict = await startServer({ pluginHost: tokens, services: {}, authenticator: keys.authenticator });
    using stranger = new HostClient(strict.address);
    using call = tokens.open(new TestHost());
    assertEquals((await stranger.use({ token: call.token, storage })).storage?.success, true);
    assertEquals(await failure(stranger.use({ token: "A".repeat(43), storage })), status.UNAUTHENTICATED);
  });

  await t.step("a call that holds the last worker is answered what its plugin needs to go on", async () => {
    let address = "";
    class Asking extends ScriptedPluginService {
      override async executePlugin() {
        using call = tokens.open(new TestHost());
        using plugin = new HostClient(address);
        const answer = await plugin.use({ token: call.token, storage });
        return { outputJson: JSON.stringify(answer.storage?.success), version: "1.0.0", durationMs: 1 };
      }
    }
    await using busy = await startServer({ pluginHost: tokens, services: { plugin: new Asking() }, maxWorkers: 1, maxQueuedCalls: 2 });
    address = busy.address;
    await using plugins = new PluginServiceClient({ address, maxAttempts: 1 });
    const outputs = await Promise.all([1, 2, 3].map(() => plugins.executePlugin({ name: "echo", action: "ask" }, { deadlineMs: 10_000 })));
    assertEquals(outputs.map(({ outputJson }) => outputJson), ["true", "true", "true"]);
  });

  await t.step("guessing is refused, and soon told to wait; a good token goes through all the same", async () => {
    using call = tokens.open(new TestHost());
    const guesses = ["", "x", call.token.slice(1), `${call.token}A`, "constructor", "A".repeat(43)];
    for (const token of guesses) assertEquals(await failure(client.use({ token, storage })), status.UNAUTHENTICATED);
    const codes = await Promise.all(Array.from({ length: 80 }, () => failure(client.use({ token: "B".repeat(43), storage }))));
    assert(codes.includes(status.RESOURCE_EXHAUSTED) && codes.every((code) => code === 16 || code === 8), JSON.stringify(codes));
    assertEquals(await failure(client.use({ token: call.token, storage })), undefined);
  });
});

Deno.test("a plugin elsewhere and the system prove to each other who they are by mutual TLS, both ways", async () => {
  await using folder = await tempDir();
  const paths = { certPath: `${folder.path}/cert`, keyPath: `${folder.path}/key`, caPath: `${folder.path}/ca` };
  await Promise.all(
    [[paths.certPath, serverCert], [paths.keyPath, serverKey], [paths.caPath, ca]].map(([path, text]) => Deno.writeTextFile(path!, text!)),
  );
  const pair = { private_key: Buffer.from(serverKey), cert_chain: Buffer.from(serverCert) };
  const trust = ServerCredentials.createSsl(Buffer.from(ca), [pair], true);
  const own = credentials.createSsl(Buffer.from(ca), Buffer.from(clientKey), Buffer.from(clientCert), undefined);
  const name = { serverName: "chat.test" };
  const mutual = { ca, cert: clientCert, key: clientKey, ...name };
  const ask: RemoteBehaviour["runAction"] = async ({ caller }) => {
    using client = new HostClient(caller!.hostAddress, own, { "grpc.ssl_target_name_override": "chat.test" });
    const { storage } = await client.use({ token: caller!.token, storage: { operation: "get", key: "k" } });
    return { outputJson: JSON.stringify(storage), seq: 1 };
  };
  using plugin = await RemotePlugin.start({ runAction: ask }, { trust });
  const tokens = new CallTokens();
  await using server = await startServer({ pluginHost: tokens, services: {}, tls: paths });
  await using running = new Running(plugin.address, { tls: mutual, tokens, hostAddress: server.address });
  assertEquals(JSON.parse(await running.run()), { success: true, entries: [{ key: "k", value: "v", version: 1 }], hasMore: false });
  using stranger = new HostClient(server.address, credentials.createSsl(Buffer.from(ca)), { "grpc.ssl_target_name_override": "chat.test" });
  const refused = await stranger.use({ token: "A".repeat(43), storage: { operation: "get", key: "k" } }).catch((error) => error);
  assertEquals((refused as ServiceError).code, status.UNAVAILABLE);
  for (const tls of [{ ca, ...name }, { ca: otherCa, cert: clientCert, key: clientKey, ...name }]) {
    await using stranger = new Running(plugin.address, { tls });
    assertMatch(await refusal(stranger.run()), /^unavailable: Plugin weather cannot be reached/);
  }
});
