import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { Authority } from "../../scripts/certs/certificate.ts";
import { ChatError, type ClientTls, MessageServiceClient } from "../../src/clients/mod.ts";
import { RemoteMessageService } from "../../src/clients/remote_message_service.ts";
import type { Caller, Scope } from "../../src/core/caller.ts";
import { testKeys } from "../support/auth.ts";
import { callContext } from "../support/call_context.ts";
import { tempDir } from "../support/temp_dir.ts";
import { startServer, type TestServer } from "./grpc_support.ts";

const validDays = 30;
const READ_WRITE: readonly Scope[] = ["messages:read", "messages:write"];
const RULES = [{ san: "DNS:gateway.test", name: "gateway", scopes: ["messages:read"] as const }];

interface Place {
  readonly server: TestServer;
  /** A certificate of the authority that the server trusts. */
  identity(name: string): Promise<ClientTls>;
  key(scopes: readonly Scope[], username: string): Promise<string>;
}

/** A server that asks for certificates and knows the gateway's. */
async function withServer(work: (place: Place) => Promise<void>): Promise<void> {
  await using keys = await testKeys({ certificates: RULES });
  await using directory = await tempDir();
  const authority = await Authority.create("Test CA", { validDays });
  const own = await authority.issue({ names: ["127.0.0.1"], validDays });
  const path = (name: string) => `${directory.path}/${name}`;
  await Promise.all(
    ([["ca", authority.cert], ["cert", own.cert], ["key", own.key]] as const).map(([name, text]) => Deno.writeTextFile(path(name), text)),
  );
  const tls = { certPath: path("cert"), keyPath: path("key"), caPath: path("ca") };
  await using server = await startServer({ tls, authenticator: keys.authenticator });
  await work({
    server,
    identity: async (name) => ({ ca: authority.cert, ...await authority.issue({ names: [name], validDays }) }),
    key: (scopes, username) => keys.make(scopes, { username }),
  });
}

const lastCaller = ({ service }: TestServer): Caller => service.contexts.at(-1)!.caller;

Deno.test("a service is known by its certificate's alternative name, and may do what its rule says and no more", () =>
  withServer(async ({ server, identity }) => {
    await using client = new MessageServiceClient({ address: server.address, tls: await identity("gateway.test") });
    for (let call = 0; call < 3; call++) await client.getMessages();
    const { kind, id, name, scopes } = lastCaller(server);
    assertEquals([kind, id, name, [...scopes]], ["certificate", "certificate:DNS:gateway.test", "gateway", ["messages:read"]]);
    const error = await assertRejects(() => client.createMessage({ content: "x", username: "gateway" }), ChatError);
    assertEquals([error.code, error.message], [
      "permission_denied",
      "The caller certificate:DNS:gateway.test lacks the scope messages:write",
    ]);
  }));

Deno.test("a certificate without a rule may do nothing, though the authority has signed it", () =>
  withServer(async ({ server, identity }) => {
    // The common name is what a rule says; it is the alternative name that counts.
    await using client = new MessageServiceClient({ address: server.address, tls: await identity("evil-gateway.test") });
    const error = await assertRejects(() => client.getMessages(), ChatError);
    assertEquals(error.code, "unauthenticated");
    assertMatch(error.message, /has no rule in CERTIFICATE_CALLERS \(it has DNS:evil-gateway.test\)/);
    assertEquals(server.service.contexts.length, 0);
  }));

Deno.test("a token goes before the certificate: its caller acts in its own name, with its own scopes", () =>
  withServer(async ({ server, identity, key }) => {
    const tls = await identity("gateway.test");
    await using asUser = new MessageServiceClient({ address: server.address, tls, token: await key(["messages:write"], "ann") });
    await asUser.createMessage({ content: "x", username: "" });
    assertEquals([lastCaller(server).kind, lastCaller(server).name], ["api_key", "ann"]);
    const error = await assertRejects(() => asUser.getMessages(), ChatError);
    assertEquals(error.code, "permission_denied", "the gateway's own scope must not help its caller");
    await using wrong = new MessageServiceClient({ address: server.address, tls, token: "no-key" });
    assertEquals(
      (await assertRejects(() => wrong.getMessages(), ChatError)).code,
      "unauthenticated",
      "nor may a bad token fall back to it",
    );
    await using stranger = new MessageServiceClient({
      ...{ address: server.address, tls: await identity("somebody.test") },
      token: async () => await key(READ_WRITE, "bea"),
    });
    await stranger.getMessages();
    assertEquals(lastCaller(server).name, "bea");
  }));

Deno.test("RemoteMessageService hands its caller's token on, and never calls as itself for somebody with a token", () =>
  withServer(async ({ server, identity, key }) => {
    await using remote = new RemoteMessageService({ address: server.address, tls: await identity("gateway.test") });
    const token = await key(READ_WRITE, "ann");
    const caller: Caller = { kind: "api_key", id: "key:x", name: "ann", scopes: new Set(READ_WRITE) };
    await remote.createMessage({ content: "x", username: "ann" }, { ...callContext({ caller }), authorization: `Bearer ${token}` });
    assertEquals([lastCaller(server).kind, lastCaller(server).name], ["api_key", "ann"]);
    const stream = await remote.streamMessages({}, { ...callContext({ caller }), authorization: `Bearer ${token}` });
    assertEquals([lastCaller(server).name, stream.startSeq], ["ann", 1]);
    await stream[Symbol.asyncIterator]().return?.();
    const lost = await assertRejects(async () => await remote.getMessages({}, callContext({ caller })), ChatError);
    assertEquals(lost.code, "unauthenticated");
    await remote.getMessages({}, callContext());
    assertEquals(lastCaller(server).id, "certificate:DNS:gateway.test");
  }));
