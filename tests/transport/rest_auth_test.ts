import { assert, assertEquals, assertMatch } from "@std/assert";
import { SCOPES } from "../../src/core/caller.ts";
import { createGatewayApp } from "../../src/gateway/app.ts";
import { OpenCalls } from "../../src/gateway/context.ts";
import { testKeys } from "../support/auth.ts";
import { testLog } from "../support/log.ts";
import { MemoryMessageService } from "../support/memory_message_service.ts";

const ALL_SCOPES: ReadonlySet<string> = new Set(SCOPES);

Deno.test("every route under /v1 asks for a credential, and for a scope", async (t) => {
  await using keys = await testKeys();
  const message = new MemoryMessageService();
  const app = createGatewayApp({
    ...{ services: { message }, readiness: () => ({ ok: true, checks: {} }), log: testLog() },
    ...{ calls: new OpenCalls(10_000), heartbeatMs: 15_000, authenticator: keys.authenticator },
  });
  const powerless = await keys.make([]);
  const bad: Readonly<Record<string, string | undefined>> = {
    "no credential": undefined,
    "garbage": "Bearer garbage",
    "another scheme": "Basic YW5uOnNlY3JldA==",
    "an expired key": `Bearer ${await keys.make(SCOPES, { expiresAtMs: 1 })}`,
    "a revoked key": `Bearer ${await keys.make(SCOPES, { revokedAtMs: 1 })}`,
    "a huge token": `Bearer ${"x".repeat(9_000)}`,
  };
  const routes = app.routes.filter(({ method, path }) => method !== "ALL" && path.startsWith("/v1/") && path !== "/v1/session");
  assert(routes.length > 5);
  for (const [method, path] of new Set(routes.map(({ method, path }) => `${method} ${path}`)).values().map((text) => text.split(" "))) {
    await t.step(`${method} ${path}`, async () => {
      const ask = async (authorization: string | undefined) => {
        const init = { method: method ?? "", ...(authorization === undefined ? {} : { headers: { authorization } }) };
        return await app.request(`http://chat.test${path?.replaceAll(/:\w+/g, "1")}`, init);
      };
      for (const [what, authorization] of Object.entries(bad)) {
        const answer = await ask(authorization);
        assertEquals([answer.status, (await answer.json()).code], [401, "unauthenticated"], what);
      }
      const lacking = await ask(`Bearer ${powerless}`);
      const { code, detail } = await lacking.json();
      assertEquals([lacking.status, code], [403, "permission_denied"]);
      const [, scope = ""] = /lacks the scope (\S+)$/.exec(detail) ?? [];
      assert(ALL_SCOPES.has(scope), detail);
      const right = await ask(`Bearer ${await keys.make([scope as (typeof SCOPES)[number]])}`);
      assert(right.status !== 401 && right.status !== 403, `${right.status}`);
      await right.body?.cancel();
    });
  }
  assertEquals(message.contexts.every(({ caller }) => caller.kind === "api_key"), true);
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
