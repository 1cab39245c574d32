import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from "jose";
import { createAuthenticator } from "../../src/auth/authenticator.ts";
import type { JwtConfig } from "../../src/config/config.ts";
import type { Authenticator } from "../../src/core/authenticator.ts";
import { type Scope, SCOPES } from "../../src/core/caller.ts";
import { createGatewayApp } from "../../src/gateway/app.ts";
import { OpenCalls } from "../../src/gateway/context.ts";
import { testKeys } from "../support/auth.ts";
import { callContext } from "../support/call_context.ts";
import { testLog } from "../support/log.ts";
import { MemoryMessageService } from "../support/memory_message_service.ts";
import { tempDir } from "../support/temp_dir.ts";
import { withGateway } from "./rest_server.ts";

const ALL_SCOPES: ReadonlySet<string> = new Set(SCOPES);
const SECRET = "a secret of more than 32 bytes, for tests";
const RULES = { issuer: "https://issuer.test", audience: "chat", nameClaim: "sub", clockSkewSeconds: 0 };

/** The gateway's routes over an array, behind an authenticator. */
function guarded(authenticator: Authenticator) {
  const message = new MemoryMessageService();
  const app = createGatewayApp({
    ...{ services: { message }, readiness: () => ({ ok: true, checks: {} }), log: testLog() },
    ...{ calls: new OpenCalls(10_000), heartbeatMs: 15_000, authenticator },
  });
  const routes = app.routes.filter(({ method, path }) => method !== "ALL" && path.startsWith("/v1/") && path !== "/v1/session");
  assert(routes.length > 5);
  const ask = (route: Route, token: string | undefined, body?: unknown) =>
    Promise.resolve(app.request(`http://chat.test${route.path.replaceAll(/:\w+/g, "1")}`, {
      method: route.method,
      headers: {
        ...(token === undefined ? {} : { authorization: token }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }));
  const unique = [...new Map(routes.map((route) => [`${route.method} ${route.path}`, route])).values()];
  return { message, routes: unique as readonly Route[], ask };
}

interface Route {
  readonly method: string;
  readonly path: string;
}

/** Every route refuses what is bad with 401 and who lacks the scope with 403 that names it, and lets through who has it. */
async function holdRoutes(t: Deno.TestContext, authenticator: Authenticator, given: Credentials): Promise<void> {
  const { message, routes, ask } = guarded(authenticator);
  for (const route of routes) {
    await t.step(`${route.method} ${route.path}`, async () => {
      for (const [what, token] of Object.entries(given.bad)) {
        const answer = await ask(route, token);
        assertEquals([answer.status, (await answer.json()).code], [401, "unauthenticated"], what);
        assertMatch(answer.headers.get("www-authenticate") ?? "", /^Bearer/);
      }
      const lacking = await ask(route, `Bearer ${await given.make([])}`);
      const { code, detail } = await lacking.json();
      assertEquals([lacking.status, code], [403, "permission_denied"]);
      const [, scope = ""] = /lacks the scope (\S+)$/.exec(detail) ?? [];
      assert(ALL_SCOPES.has(scope), detail);
      const right = await ask(route, `Bearer ${await given.make([scope as Scope])}`);
      assert(right.status !== 401 && right.status !== 403, `${right.status}`);
      await right.body?.cancel();
    });
  }
  assertEquals(message.contexts.some(({ caller }) => caller.kind === "anonymous"), false);
}

interface Credentials {
  /** Values of `authorization` that nothing may come through with. */
  readonly bad: Readonly<Record<string, string | undefined>>;
  /** A good token with these scopes. */
  make(scopes: readonly Scope[]): Promise<string>;
}

Deno.test("every route under /v1 asks for a key that is good, and for a scope", async (t) => {
  await using keys = await testKeys();
  const good = await keys.make(SCOPES);
  await holdRoutes(t, keys.authenticator, {
    bad: {
      "no credential": undefined,
      "garbage": "Bearer garbage",
      "another scheme": "Basic YW5uOnNlY3JldA==",
      "the wrong secret": `Bearer ${good.slice(0, 20)}${"0".repeat(20)}${good.slice(40)}`,
      "an expired key": `Bearer ${await keys.make(SCOPES, { expiresAtMs: 1 })}`,
      "a revoked key": `Bearer ${await keys.make(SCOPES, { revokedAtMs: 1 })}`,
      "a huge token": `Bearer ${"x".repeat(9_000)}`,
    },
    make: (scopes) => keys.make(scopes),
  });
});

Deno.test("every route under /v1 asks for a token that is good, and for a scope", async (t) => {
  const inSeconds = (seconds: number) => Math.floor(Date.now() / 1_000) + seconds;
  const claims = { iss: RULES.issuer, aud: RULES.audience, sub: "ann", exp: inSeconds(600), scope: SCOPES.join(" ") };
  const pair = await generateKeyPair("RS256", { extractable: true });
  const pem = new TextEncoder().encode(await exportSPKI(pair.publicKey));
  const hs = (own: JWTPayload, secret = new TextEncoder().encode(SECRET)) =>
    new SignJWT(own).setProtectedHeader({ alg: "HS256" }).sign(secret);
  const rs = (own: JWTPayload, { privateKey } = pair) => new SignJWT(own).setProtectedHeader({ alg: "RS256", kid: "one" }).sign(privateKey);
  const bad = async (sign: (own: JWTPayload) => Promise<string>) => ({
    "no credential": undefined,
    "alg none": `Bearer ${new UnsecuredJWT(claims).encode()}`,
    "an expired token": `Bearer ${await sign({ ...claims, exp: inSeconds(-10) })}`,
    "a token for another audience": `Bearer ${await sign({ ...claims, aud: "other" })}`,
    "a token of another issuer": `Bearer ${await sign({ ...claims, iss: "https://evil.test" })}`,
    "signed by the public key as a secret": `Bearer ${await hs(claims, pem)}`,
  });
  await t.step("signed by a shared secret", async (t) => {
    await using authenticator = await jwtAuthenticator({ kind: "secret", secret: SECRET });
    const swapped = { "a wrong secret": `Bearer ${await hs(claims, pem)}`, "signed by a key pair": `Bearer ${await rs(claims)}` };
    await holdRoutes(t, authenticator, {
      bad: { ...await bad(hs), ...swapped },
      make: (scopes) => hs({ ...claims, scope: scopes.join(" ") }),
    });
  });
  await t.step("signed by an issuer's key pair", async (t) => {
    await using directory = await tempDir();
    const path = `${directory.path}/keys.json`;
    await Deno.writeTextFile(path, JSON.stringify({ keys: [{ ...await exportJWK(pair.publicKey), kid: "one", alg: "RS256" }] }));
    await using authenticator = await jwtAuthenticator({ kind: "jwks_file", path });
    const other = await generateKeyPair("RS256");
    const swapped = { "another key pair": `Bearer ${await rs(claims, other)}`, "a shared secret": `Bearer ${await hs(claims)}` };
    await holdRoutes(t, authenticator, {
      bad: { ...await bad(rs), ...swapped },
      make: (scopes) => rs({ ...claims, scope: scopes.join(" ") }),
    });
  });
});

async function jwtAuthenticator(keys: JwtConfig["keys"]): Promise<Authenticator & AsyncDisposable> {
  const authenticator = await createAuthenticator({ mode: "jwt", jwt: { keys, ...RULES }, certificates: [] }, { log: testLog() });
  return Object.assign(authenticator, { [Symbol.asyncDispose]: () => authenticator.close() });
}

Deno.test("every route of a room refuses keys that are good elsewhere, and who is no member", async (t) => {
  await using keys = await testKeys();
  await withGateway(async ({ origin, service }) => {
    const manager = await keys.make(SCOPES, { username: "root" });
    const secret = "?room=secret";
    const call = async (key: string, method: string, path: string, body?: unknown) => {
      const headers = { "authorization": `Bearer ${key}`, ...(body === undefined ? {} : { "content-type": "application/json" }) };
      const aborter = new AbortController();
      const answer = await fetch(origin + path, {
        ...{ method, headers, signal: aborter.signal },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const json = /json/.test(answer.headers.get("content-type") ?? "") ? await answer.json() : aborter.abort();
      return { status: answer.status, json };
    };
    const { status } = await call(manager, "POST", "/v1/messages", { room: "secret", content: "one" });
    assertEquals(status, 201);
    const settings = { restricted: true, members: ["ann"], replaceMembers: true, documents: true };
    await service.updateRoom({ room: "secret", ...settings }, callContext());
    const use: readonly Scope[] = ["messages:read", "messages:write", "messages:moderate", "documents:read"];
    const elsewhere = await keys.make(use, { rooms: ["general"], username: "bob" });
    const outsider = await keys.make(use, { username: "eve" });
    const member = await keys.make(use, { username: "ann" });
    const routes: readonly (readonly [method: string, path: string, body?: unknown])[] = [
      ["POST", "/v1/messages", { room: "secret", content: "two" }],
      ["GET", `/v1/messages${secret}`],
      ["GET", `/v1/messages/stream${secret}`],
      ["GET", `/v1/messages/1${secret}`],
      ["PATCH", `/v1/messages/1${secret}`, { content: "three" }],
      ["GET", `/v1/messages/1/revisions${secret}`],
      ["GET", "/v1/rooms/secret"],
      ["POST", "/v1/documents/search", { collection: "room:secret", query: "three" }],
      ["POST", "/v1/rag/context", { collection: "room:secret", query: "three" }],
      ["GET", "/v1/documents?collection=room:secret"],
      ["GET", "/v1/documents/1?collection=room:secret"],
      ["DELETE", `/v1/messages/1${secret}`],
    ];
    for (const [method, path, body] of routes) {
      await t.step(`${method} ${path}`, async () => {
        for (const [who, key] of Object.entries({ elsewhere, outsider })) {
          const refused = await call(key, method, path, body);
          assertEquals([refused.status, refused.json?.code, refused.json?.field], [403, "permission_denied", "room"], who);
        }
        assertLess((await call(member, method, path, body)).status, 300);
      });
    }
  }, { authenticator: keys.authenticator, documents: true });
});

Deno.test("what is at no route of /v1 is told to known callers only", async () => {
  await using keys = await testKeys();
  const app = createGatewayApp({
    ...{ services: { message: new MemoryMessageService() }, readiness: () => ({ ok: true, checks: {} }), log: testLog() },
    ...{ calls: new OpenCalls(10_000), heartbeatMs: 15_000, authenticator: keys.authenticator },
  });
  const stranger = await app.request("http://chat.test/v1/nothing");
  assertMatch((await stranger.json()).detail, /needs a credential/);
  const known = await app.request("http://chat.test/v1/nothing", { headers: { authorization: `Bearer ${await keys.make([])}` } });
  assertEquals([known.status, (await known.json()).code], [404, "not_found"]);
});
