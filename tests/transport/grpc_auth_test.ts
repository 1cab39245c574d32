import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { SignJWT } from "jose";
import { Buffer } from "node:buffer";
import { createAuthenticator } from "../../src/auth/authenticator.ts";
import { MessageServiceClient } from "../../src/clients/mod.ts";
import type { AiService, PluginService, RagService } from "../../src/contracts/mod.ts";
import { MemoryMessageService } from "../support/memory_message_service.ts";
import { SCOPES } from "../../src/core/caller.ts";
import { ChatError } from "../../src/core/errors.ts";
import { ruleOf } from "../../src/core/policy.ts";
import { startTelemetry } from "../../src/observability/telemetry.ts";
import { Client, credentials, Metadata, status, type StatusObject } from "../../src/wire/grpc_js.ts";
import { type TestKeys, testKeys } from "../support/auth.ts";
import { within } from "../support/deadline.ts";
import { testLog } from "../support/log.ts";
import { allRpcs, type Rpc } from "../support/rpcs.ts";
import { answer, connect, failure, PATIENCE_MS, startServer, TestStream, until } from "./grpc_support.ts";

/** A service that answers whatever it is asked with an error that shows that the call came through. */
function reached<T extends object>(): T {
  return new Proxy({} as T, {
    get: () => () => {
      throw new ChatError("failed_precondition", "Came through");
    },
  });
}

function bearer(token: string): Metadata {
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${token}`);
  return metadata;
}

/** Calls any RPC with one empty request, and gives how it ended; a stream that does not end by itself has come through. */
async function call(client: Client, rpc: Rpc, metadata: Metadata): Promise<Pick<StatusObject, "code" | "details">> {
  const raw = (bytes: Buffer) => bytes;
  const path = `/${rpc.name}`;
  const ended = Promise.withResolvers<Pick<StatusObject, "code" | "details">>();
  const options = { deadline: Date.now() + PATIENCE_MS };
  if (!rpc.requestStream && !rpc.responseStream) {
    client.makeUnaryRequest(path, raw, raw, Buffer.alloc(0), metadata, options, (error) => {
      ended.resolve(error ?? { code: status.OK, details: "" });
    });
    return await within(PATIENCE_MS, rpc.name, ended.promise);
  }
  const bidi = rpc.requestStream ? client.makeBidiStreamRequest(path, raw, raw, metadata, options) : undefined;
  const stream = bidi ?? client.makeServerStreamRequest(path, raw, raw, Buffer.alloc(0), metadata, options);
  stream.on("status", (status) => ended.resolve(status));
  stream.on("error", () => {});
  stream.on("metadata", (initial: Metadata) => initial.get("chat-resume-seq").length > 0 && stream.cancel());
  stream.on("data", () => stream.cancel());
  bidi?.write(Buffer.alloc(0));
  if (!rpc.name.includes("StreamMessages")) bidi?.end();
  return await within(PATIENCE_MS, rpc.name, ended.promise);
}

/** Those that a server of this system offers. */
const CHECKED = allRpcs().filter(({ name }) => !/RemotePluginService|PluginHostService/.test(name));
const REFUSALS: readonly number[] = [status.UNAUTHENTICATED, status.PERMISSION_DENIED];

Deno.test("every RPC asks for a credential that is good and allows it, before its handler runs", async (t) => {
  await using keys = await testKeys();
  const message = new MemoryMessageService();
  const services = { message, rag: reached<RagService>(), ai: reached<AiService>(), plugin: reached<PluginService>() };
  await using server = await startServer({ authenticator: keys.authenticator, services, host: "0.0.0.0" });
  using client = Object.assign(new Client(server.address, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 }), {
    [Symbol.dispose]() {
      client.close();
    },
  });
  const all = await keys.make(SCOPES);
  const expired = await keys.make(SCOPES, { expiresAtMs: Date.now() - 1 });
  const revoked = await keys.make(SCOPES, { revokedAtMs: 1 });
  const basic = new Metadata();
  basic.set("authorization", "Basic YW5uOnNlY3JldA==");
  const bad: Readonly<Record<string, Metadata>> = {
    "no credential": new Metadata(),
    "garbage": bearer("garbage"),
    "an unknown key": bearer(all.slice(0, 5) + "000000000000" + all.slice(17)),
    "an expired key": bearer(expired),
    "a revoked key": bearer(revoked),
    "a huge token": bearer("x".repeat(9_000)),
    "another scheme": basic,
  };
  for (const rpc of CHECKED) {
    const rule = ruleOf(rpc.name);
    await t.step(rpc.name, async () => {
      const contexts = message.contexts.length;
      for (const [what, metadata] of Object.entries(bad)) {
        const { code, details } = await call(client, rpc, metadata);
        if (rule === "open") assert(!REFUSALS.includes(code), `${what}: ${code} ${details}`);
        else assertEquals(code, status.UNAUTHENTICATED, `${what}: ${code} ${details}`);
        assert(!details.includes(all.slice(18)), details);
      }
      if (rule === "open" || rule === undefined) return;
      const lacking = await call(client, rpc, bearer(await keys.make(SCOPES.filter((scope) => scope !== rule))));
      assertEquals(lacking.code, status.PERMISSION_DENIED);
      assertMatch(lacking.details, new RegExp(`^The caller key:\\w+ lacks the scope ${rule}$`));
      assertEquals(message.contexts.length, contexts, "a handler ran for a refused call");
      const right = await call(client, rpc, bearer(await keys.make([rule])));
      assert(!REFUSALS.includes(right.code), `${right.code} ${right.details}`);
    });
  }
});

async function withKeys(
  work: (server: Awaited<ReturnType<typeof startServer>>, keys: TestKeys) => Promise<void>,
  options: Parameters<typeof startServer>[0] = {},
): Promise<void> {
  await using keys = await testKeys();
  await using server = await startServer({ authenticator: keys.authenticator, limits: { sweepMs: 100 }, ...options });
  await work(server, keys);
}

Deno.test("a handler is told who calls, and what to hand on", () =>
  withKeys(async (server, keys) => {
    const key = await keys.make(["messages:read", "messages:write"], { username: "bea", rooms: ["general"] });
    using client = connect(server.address);
    await answer((done) => client.CreateMessage({ content: "x", username: "bea" }, bearer(key), done));
    using stream = Object.assign(new TestStream(client, { metadata: bearer(key) }), { [Symbol.dispose]() {} });
    await stream.ask().begun();
    for (const { caller, authorization } of server.service.contexts) {
      assertEquals([caller.kind, caller.id, caller.name, [...caller.rooms ?? []]], ["api_key", `key:${key.slice(5, 17)}`, "bea", [
        "general",
      ]]);
      assertEquals(authorization, `Bearer ${key}`);
    }
    assertEquals(server.service.contexts.length, 2);
    stream.call.cancel();
  }));

Deno.test("open streams of a key end soon after it was revoked, with the position to resume after; others go on", () =>
  withKeys(async (server, keys) => {
    const [gone, kept] = [await keys.make(["messages:read"]), await keys.make(["messages:read"])];
    using client = connect(server.address);
    const streams = [gone, kept].map((key) => new TestStream(client, { metadata: bearer(key) }).ask());
    for (const stream of streams) await stream.begun();
    server.service.append({ content: "before", username: "ann" });
    for (const stream of streams) await stream.received(1);
    const startedMs = performance.now();
    await keys.revoke(gone);
    const ended = await streams[0]!.status();
    assert(performance.now() - startedMs < 5_000);
    assertEquals([ended.code, ended.metadata.get("chat-resume-seq")], [status.UNAUTHENTICATED, ["1"]]);
    assertMatch(ended.details, /was revoked$/);
    server.service.append({ content: "after", username: "ann" });
    assertEquals(await streams[1]!.received(2), ["before", "after"]);
    streams[1]!.call.cancel();
    await streams[1]!.status();
  }));

Deno.test("open streams of a key end when it expires", () =>
  withKeys(async (server, keys) => {
    using client = connect(server.address);
    const key = await keys.make(["messages:read"], { expiresAtMs: Date.now() + 700 });
    const stream = new TestStream(client, { metadata: bearer(key) }).ask();
    await stream.begun();
    assertMatch((await stream.status()).details, /has expired$/);
  }));

Deno.test("refused calls are counted and logged with who called, and the credential stands nowhere", async () => {
  let lines = "";
  const telemetry = await startTelemetry({ accessLog: "all", writeLines: (more) => lines += more + "\n", onSkipped: () => {} });
  try {
    await withKeys(async (server, keys) => {
      const key = await keys.make(["messages:read"]);
      using client = connect(server.address);
      await failure((done) => client.CreateMessage({ content: "x", username: "ann" }, bearer(key), done));
      await answer((done) => client.GetMessages({}, bearer(key), done));
      await failure((done) => client.GetMessages({}, bearer(key.slice(0, -1)), done));
      await until("three lines", () => lines.split("\n").filter((line) => line.includes('"Call"')).length === 3);
      const [refused, read, stranger] = lines.trim().split("\n").map((line) => JSON.parse(line));
      assertEquals([refused.status, refused.caller], ["PERMISSION_DENIED", `key:${key.slice(5, 17)}`]);
      assertEquals([read.status, read.caller], ["OK", `key:${key.slice(5, 17)}`]);
      assertEquals([stranger.status, stranger.caller], ["UNAUTHENTICATED", undefined]);
      assert(refused.requestId !== "");
      assert(!(lines + server.log.join("\n")).includes(key.slice(18)));
    }, { telemetry });
  } finally {
    await telemetry.close();
  }
});

Deno.test("a client that sends documents without end is refused at its headers", () =>
  withKeys(async (server) => {
    const client = new Client(server.address, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });
    const stream = client.makeBidiStreamRequest("/chat.RAGService/IndexDocuments", (bytes: Buffer) =>
      bytes, (bytes) =>
      bytes, new Metadata());
    const ended = Promise.withResolvers<StatusObject>();
    let sent = 0;
    stream.on("status", ended.resolve);
    stream.on("error", () => {});
    const more = () => {
      while (sent < 1_000 && stream.write(Buffer.alloc(65_536))) {
        sent++;
      }
    };
    stream.on("drain", more);
    more();
    const { code, details } = await within(PATIENCE_MS, "the refusal", ended.promise);
    assertEquals(code, status.UNAUTHENTICATED);
    assertStringIncludes(details, "needs a credential");
    assert(sent < 1_000);
    client.close();
  }, { services: { rag: reached<RagService>() } }));

Deno.test("open streams of a token end when it expires", async () => {
  const secret = "a secret of more than 32 bytes, for tests";
  const rules = { issuer: "https://issuer.test", audience: "chat", nameClaim: "sub", clockSkewSeconds: 0 };
  const jwt = { ...rules, keys: { kind: "secret", secret } } as const;
  const authenticator = await createAuthenticator({ mode: "jwt", jwt, certificates: [] }, { log: testLog() });
  const token = await new SignJWT({
    iss: rules.issuer,
    aud: rules.audience,
    sub: "ann",
    scope: "messages:read",
    exp: Math.ceil(Date.now() / 1000) + 1,
  })
    .setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(secret));
  await using server = await startServer({ authenticator, limits: { sweepMs: 100 } });
  using client = connect(server.address);
  const stream = new TestStream(client, { metadata: bearer(token) }).ask();
  await stream.begun();
  const { code, details } = await stream.status();
  assertEquals([code, details], [status.UNAUTHENTICATED, "The token has expired"]);
  await authenticator.close();
});

Deno.test("a stream over the client goes on with a fresh token where the old one has expired", () =>
  withKeys(async (server, keys) => {
    let made = 0;
    const token = async () => await keys.make(["messages:read"], { expiresAtMs: Date.now() + (++made === 1 ? 600 : 60_000) });
    await using client = new MessageServiceClient({ address: server.address, token, backoffInitialMs: 10 });
    const opened: number[] = [];
    const again = Promise.withResolvers<void>();
    const stream = client.streamMessages({}, { onOpen: (position) => opened.push(position) === 2 && again.resolve() });
    const first = stream.next();
    await within(PATIENCE_MS, "the second opening", again.promise);
    server.service.append({ content: "after", username: "ann" });
    assertEquals((await first).value?.content, "after");
    await stream.return?.();
    assertEquals([made, opened.length], [2, 2]);
  }));
