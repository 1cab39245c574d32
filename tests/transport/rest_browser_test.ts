import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { SCOPES } from "../../src/core/caller.ts";
import { createGatewayApp, type GatewayAppOptions } from "../../src/gateway/app.ts";
import { OpenCalls } from "../../src/gateway/context.ts";
import { testKeys } from "../support/auth.ts";
import { testLog } from "../support/log.ts";
import { MemoryMessageService } from "../support/memory_message_service.ts";

const HERE = "http://chat.test";
const MESSAGE = JSON.stringify({ username: "", content: "hello" });

/** The gateway's routes over an array, and what was asked of it. */
function gateway(options: Partial<GatewayAppOptions> = {}) {
  const message = new MemoryMessageService();
  const app = createGatewayApp({
    ...{ services: { message }, readiness: () => ({ ok: true, checks: {} }), log: testLog() },
    ...{ calls: new OpenCalls(10_000), heartbeatMs: 15_000, ...options },
  });
  const ask = (method: string, path: string, headers: Record<string, string> = {}, body?: string) =>
    Promise.resolve(app.request(`${HERE}${path}`, { method, headers, ...(body === undefined ? {} : { body }) }));
  const say = (headers: Record<string, string>) => ask("POST", "/v1/messages", { "content-type": "application/json", ...headers }, MESSAGE);
  return { message, ask, say };
}

Deno.test("/v1/session signs a browser in by a cookie that no script reads and no other site sends, and out again", async () => {
  await using keys = await testKeys();
  const { message, ask, say } = gateway({ authenticator: keys.authenticator });
  const key = await keys.make(["messages:read", "messages:write"], { rooms: ["general"] });
  assertEquals((await ask("GET", "/v1/session")).status, 401);
  const signedIn = await ask("POST", "/v1/session", { "authorization": `Bearer ${key}`, "origin": HERE });
  assertEquals(await signedIn.json(), {
    ...{ kind: "api_key", name: "ann", scopes: ["messages:read", "messages:write"], rooms: ["general"] },
  });
  const setCookie = signedIn.headers.get("set-cookie") ?? "";
  assertEquals(setCookie, `chat_session=${key}; Path=/; HttpOnly; SameSite=Strict`);
  const cookie = `theme=dark; ${setCookie.split(";")[0]}`;
  assertEquals((await (await ask("GET", "/v1/session", { cookie })).json()).name, "ann");
  assertEquals((await say({ cookie, origin: HERE })).status, 201);
  assertEquals(message.contexts.at(-1)?.authorization, `Bearer ${key}`);
  const out = await ask("DELETE", "/v1/session", { cookie, origin: HERE });
  assertEquals([out.status, out.headers.getSetCookie().length], [204, 2]);
  for (const gone of out.headers.getSetCookie()) assertStringIncludes(gone, "Max-Age=0");
});

Deno.test("/v1/session binds the cookie to TLS and to this very host where the page came over TLS", async () => {
  await using keys = await testKeys();
  const { ask } = gateway({ authenticator: keys.authenticator });
  const key = await keys.make(["messages:read"]);
  const signedIn = await ask("POST", "/v1/session", { "x-api-key": key, "origin": "https://chat.test" });
  assertEquals(signedIn.headers.get("set-cookie"), `__Host-chat_session=${key}; Path=/; HttpOnly; SameSite=Strict; Secure`);
  const planted = `chat_session=planted; __Host-chat_session=${key}`;
  assertEquals((await ask("GET", "/v1/session", { cookie: planted })).status, 200, "a neighbour's cookie does not count beside it");
});

Deno.test("/v1/session tells everybody that they may do everything where nobody has to prove anything, and sets no cookie", async () => {
  const { ask } = gateway();
  const answer = await ask("POST", "/v1/session", { authorization: "Bearer whatever" });
  assertEquals(await answer.json(), { kind: "anonymous", name: "", scopes: [...SCOPES] });
  assertEquals(answer.headers.get("set-cookie"), null);
});

Deno.test("authenticate signs a browser out whose key was revoked, once it knows", async () => {
  await using keys = await testKeys();
  const { ask } = gateway({ authenticator: keys.authenticator });
  const answer = await ask("GET", "/v1/messages", { cookie: `chat_session=${await keys.make(SCOPES, { revokedAtMs: 1 })}` });
  assertEquals([answer.status, answer.headers.getSetCookie().length], [401, 2]);
  const byHeader = await ask("GET", "/v1/messages", { authorization: `Bearer ${await keys.make(SCOPES, { revokedAtMs: 1 })}` });
  assertEquals([byHeader.status, byHeader.headers.getSetCookie().length], [401, 0]);
});

Deno.test("authenticate lets nobody act by a cookie who does not say that it comes from the server's own page", async (t) => {
  await using keys = await testKeys();
  const { message, say } = gateway({ authenticator: keys.authenticator });
  const cookie = `chat_session=${await keys.make(["messages:write"])}`;
  const foreign: Readonly<Record<string, Record<string, string>>> = {
    "no origin": {},
    "another origin": { origin: "http://evil.test" },
    "another port": { origin: `${HERE}:8080` },
    "a host that begins the same": { origin: `${HERE}.evil.test` },
    "no page's": { origin: "null" },
    "a neighbour without an origin": { "sec-fetch-site": "same-site" },
    "another site without an origin": { "sec-fetch-site": "cross-site" },
  };
  for (const [what, headers] of Object.entries(foreign)) {
    await t.step(what, async () => {
      const answer = await say({ cookie, ...headers });
      assertEquals([answer.status, (await answer.json()).code], [403, "permission_denied"]);
    });
  }
  assertEquals(message.contexts.length, 0);
  assertEquals((await say({ cookie, "sec-fetch-site": "same-origin" })).status, 201);
});

Deno.test("originPolicy keeps pages of other origins from acting, also where nobody has to prove anything", async () => {
  const { message, ask, say } = gateway();
  const simple = await ask("POST", "/v1/messages", { "origin": "http://evil.test", "content-type": "text/plain" }, MESSAGE);
  assertEquals(simple.status, 403);
  assertEquals((await say({ origin: "http://evil.test" })).status, 403);
  assertEquals((await ask("DELETE", "/v1/messages/1", { origin: "http://evil.test" })).status, 403);
  const socket = { upgrade: "WebSocket", connection: "Upgrade", origin: "http://evil.test" };
  assertEquals((await ask("GET", "/v1/ws", socket)).status, 403);
  assertEquals(message.contexts.length, 0);
  assertEquals((await say({ origin: HERE })).status, 201);
  assertEquals((await say({})).status, 201, "no browser, no origin");
});

Deno.test("originPolicy answers no preflight unless the settings name the origin, exactly", async () => {
  const preflight = { "access-control-request-method": "POST", "access-control-request-headers": "content-type" };
  const closed = await gateway().ask("OPTIONS", "/v1/messages", { origin: "https://app.example", ...preflight });
  assertEquals(closed.headers.get("access-control-allow-origin"), null);
  const { ask, say } = gateway({ http: { allowedOrigins: ["https://app.example"] } });
  const open = await ask("OPTIONS", "/v1/messages", { origin: "https://app.example", ...preflight });
  assertEquals([open.status, open.headers.get("access-control-allow-origin")], [204, "https://app.example"]);
  assertMatch(open.headers.get("access-control-allow-methods") ?? "", /PATCH/);
  assertMatch(open.headers.get("access-control-allow-headers") ?? "", /Authorization.*Last-Event-ID/);
  const answer = await say({ origin: "https://app.example" });
  assertEquals([answer.status, answer.headers.get("access-control-allow-origin")], [201, "https://app.example"]);
  assertEquals(answer.headers.get("access-control-allow-credentials"), null);
  assertMatch(answer.headers.get("vary") ?? "", /Origin/);
  for (const origin of ["https://app.example:8443", "http://app.example", "https://app.example.evil.test", "null"]) {
    const other = await ask("OPTIONS", "/v1/messages", { origin, ...preflight });
    assertEquals([other.headers.get("access-control-allow-origin"), other.headers.get("vary")], [null, "Origin"], origin);
    assertEquals((await say({ origin })).status, 403, origin);
  }
});

Deno.test("authenticate takes a key as X-Api-Key, and as a subprotocol of a WebSocket but of nothing else", async () => {
  await using keys = await testKeys();
  const { ask } = gateway({ authenticator: keys.authenticator });
  const key = await keys.make(["messages:read"]);
  assertEquals((await ask("GET", "/v1/messages", { "x-api-key": key })).status, 200);
  assertEquals((await ask("GET", `/v1/messages?token=${key}`)).status, 401, "a URL is no place for a key");
  const protocols = { "sec-websocket-protocol": `chat.v1, bearer.${key}` };
  assertEquals((await ask("GET", "/v1/messages", protocols)).status, 401);
  const upgrade = { upgrade: "websocket", connection: "Upgrade", origin: HERE };
  const socket = await ask("GET", "/v1/nothing", { ...protocols, ...upgrade });
  assert(socket.status !== 401, "known by the subprotocol");
  const stranger = await ask("GET", "/v1/nothing", { ...upgrade, "sec-websocket-protocol": "chat.v1, bearer.garbage" });
  assertEquals(stranger.status, 401);
});
