import { assert, assertEquals, assertMatch } from "@std/assert";
import { type TestGateway, withGateway } from "./rest_server.ts";

const get = async (server: TestGateway, path: string) => {
  const response = await fetch(`${server.origin}${path}`);
  return { status: response.status, headers: response.headers, body: await response.json() };
};

const send = async (server: TestGateway, method: string, path: string, body?: unknown) => {
  const init = body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(`${server.origin}${path}`, { method, ...init });
  return { status: response.status, headers: response.headers, body: await response.json() };
};

// deno-lint-ignore no-explicit-any -- a test looks into whatever came
const ids = (page: any): number[] => page.messages.map((message: { id: number }) => message.id);

Deno.test("The REST face of the message service", async (t) => {
  await withGateway(async (server) => {
    // A system that serves several tests in turn has messages already.
    const id = (await get(server, "/v1/messages")).body.head_seq + 1;
    await t.step("POST /v1/messages stores a message and answers 201 with every field and its place", async () => {
      const sent = { content: "Grüße 🚀 \u0001", username: "ann", metadata: { source: "web", __proto: "x" } };
      const { status, headers, body } = await send(server, "POST", "/v1/messages", sent);
      assertEquals([status, headers.get("location"), headers.get("content-type")], [201, `/v1/messages/${id}`, "application/json"]);
      const { timestamp, created_at_ms, updated_at_ms, ...rest } = body;
      assertEquals(rest, {
        ...sent,
        id,
        message_type: "text",
        room: "general",
        seq: id,
        event_type: "created",
        version: 1,
        client_message_id: "",
        deleted: false,
      });
      assertEquals([timestamp, updated_at_ms], [Math.floor(created_at_ms / 1000), created_at_ms]);
      assertEquals((await get(server, `/v1/messages/${id}`)).body, body);
    });

    await t.step("POST /v1/messages in another room names the room in Location", async () => {
      const { headers } = await send(server, "POST", "/v1/messages", { content: "x", username: "ann", room: "a b&c" });
      assertEquals(headers.get("location"), "/v1/messages/1?room=a%20b%26c");
      assertEquals((await get(server, headers.get("location")!)).body.room, "a b&c");
    });

    await t.step("Idempotency-Key stands in for client_message_id, with or without quotes, and the body's goes before it", async () => {
      const post = async (key: string, body: Record<string, string> = {}) => {
        const init = { headers: { "content-type": "application/json", "idempotency-key": key } };
        const sent = JSON.stringify({ content: "once", username: "ann", room: "keys", ...body });
        return await (await fetch(`${server.origin}/v1/messages`, { method: "POST", ...init, body: sent })).json();
      };
      const first = await post("k-1");
      assertEquals([first.id, first.client_message_id], [1, "k-1"]);
      assertEquals(await post("k-1"), first);
      assertEquals(await post('"k-1"'), first);
      assertEquals((await post("k-1", { client_message_id: "k-2" })).id, 2);
    });

    await t.step("a key named __proto__ in metadata is kept like any other", async () => {
      const init = { method: "POST", headers: { "content-type": "application/json" } };
      const body = '{"content":"x","username":"ann","room":"odd","metadata":{"__proto__":"kept"}}';
      const text = await (await fetch(`${server.origin}/v1/messages`, { ...init, body })).text();
      assert(text.includes('"metadata":{"__proto__":"kept"}'), text);
    });

    await t.step("PATCH edits, keeps what was there as a revision and refuses a stale if_version with 409", async () => {
      const seq = await server.say("edits", "first");
      const edited = await send(server, "PATCH", `/v1/messages/${seq}?room=edits`, {
        content: "second",
        if_version: 1,
        metadata: { a: "b" },
        replace_metadata: true,
      });
      assertEquals([edited.status, edited.body.content, edited.body.version, edited.body.event_type], [200, "second", 2, "edited"]);
      const stale = await send(server, "PATCH", `/v1/messages/${seq}?room=edits`, { content: "third", if_version: 1 });
      assertEquals([stale.status, stale.body.code, stale.body.field], [409, "aborted", "if_version"]);
      const { revisions } = (await get(server, `/v1/messages/${seq}/revisions?room=edits`)).body;
      assertEquals(revisions.map((r: Record<string, unknown>) => [r["version"], r["content"], r["metadata"], r["seq"]]), [
        [1, "first", {}, 1],
        [2, "second", { a: "b" }, 2],
      ]);
    });

    await t.step("DELETE leaves a tombstone; a missing or deleted message is an answer, not an error", async () => {
      const seq = await server.say("deletions", "gone soon");
      const deleted = await send(server, "DELETE", `/v1/messages/${seq}?room=deletions`);
      assertEquals([deleted.status, deleted.body.success, deleted.body.seq], [200, true, 2]);
      for (const id of [seq, 99, 0, -5]) {
        const { status, body } = await send(server, "DELETE", `/v1/messages/${id}?room=deletions`);
        assertEquals([status, body.success, body.seq], [200, false, 0]);
        assertMatch(body.message, /^[A-Z].*[^.]$/);
      }
      const tombstone = (await get(server, `/v1/messages/${seq}?room=deletions`)).body;
      assertEquals([tombstone.deleted, tombstone.content], [true, ""]);
      assertEquals((await get(server, `/v1/messages/${seq}/revisions?room=deletions`)).body, { revisions: [] });
    });

    await t.step("HEAD answers as GET does, without a body, and does not open a stream", async () => {
      for (const path of ["/v1/messages", `/v1/messages/${id}`, "/v1/messages/stream", "/healthz", "/readyz"]) {
        const response = await fetch(`${server.origin}${path}`, { method: "HEAD" });
        assertEquals([response.status, await response.text()], [200, ""], path);
      }
    });

    await t.step("OPTIONS tells the methods, and a slash at the end does no harm", async () => {
      const response = await fetch(`${server.origin}/v1/messages/7`, { method: "OPTIONS" });
      assertEquals([response.status, response.headers.get("allow"), await response.text()], [204, "GET, HEAD, PATCH, DELETE, OPTIONS", ""]);
      assertEquals((await get(server, `/v1/messages/${id}/`)).body.id, id);
    });

    await t.step("an X-Request-Id comes back, and one is made where there is none or a bad one", async () => {
      const idFor = async (headers: Record<string, string>) => {
        const response = await fetch(`${server.origin}/healthz`, { headers });
        await response.body?.cancel();
        return response.headers.get("x-request-id");
      };
      assertEquals(await idFor({ "x-request-id": "trace-1:a.b" }), "trace-1:a.b");
      assertMatch(await idFor({}) ?? "", /^[0-9a-f-]{36}$/);
      assertMatch(await idFor({ "x-request-id": "x".repeat(129) }) ?? "", /^[0-9a-f-]{36}$/);
      assertMatch(await idFor({ "x-request-id": 'a"b{}' }) ?? "", /^[0-9a-f-]{36}$/);
    });

    await t.step("every answer may not be sniffed or stored", async () => {
      for (const path of ["/v1/messages", "/nowhere", "/readyz"]) {
        const { headers } = await get(server, path);
        assertEquals([headers.get("x-content-type-options"), headers.get("cache-control")], ["nosniff", "no-store"], path);
      }
    });
  });
});

Deno.test("GET /v1/messages takes every filter of chat.GetMessagesRequest", async (t) => {
  await withGateway(async (server) => {
    const room = "filters";
    const all = [
      { content: "alpha one", username: "ann", metadata: { lang: "en" } },
      { content: "beta two", username: "bob", message_type: "note" },
      { content: "alpha three", username: "bob", metadata: { lang: "en", "a.b=c": "ü &" } },
      { content: "gamma four", username: "ann" },
    ];
    for (const message of all) await (await server.post({ ...message, room })).body?.cancel();
    const cases: readonly (readonly [query: string, ids: readonly number[], totalCount: number])[] = [
      ["", [1, 2, 3, 4], 4],
      ["&limit=0", [1, 2, 3, 4], 4],
      ["&limit=2", [1, 2], 4],
      ["&limit=2&offset=1", [2, 3], 4],
      ["&order=newest", [4, 3, 2, 1], 4],
      ["&order=newest&before_seq=3", [2, 1], 4],
      ["&after_seq=2", [3, 4], 4],
      ["&username=bob", [2, 3], 2],
      ["&message_type=note", [2], 1],
      ["&search=alpha", [1, 3], 2],
      ["&search=%22alpha+three%22", [3], 1],
      ["&metadata.lang=en", [1, 3], 2],
      ["&metadata.lang=en&metadata.a.b%3Dc=%C3%BC+%26", [3], 1],
      ["&filter=lang+%3D+%22en%22+and+not+exists(%22a.b%3Dc%22)", [1], 1],
      ["&filter=%7B%22not%22:%7B%22exists%22:%22lang%22%7D%7D&username=ann", [4], 1],
      ["&since_timestamp=1", [1, 2, 3, 4], 4],
      ["&since_timestamp=253402300799", [], 0],
      ["&until_timestamp=1", [], 0],
    ];
    for (const [query, expected, totalCount] of cases) {
      await t.step(`?room=${room}${query}`, async () => {
        const { status, body } = await get(server, `/v1/messages?room=${room}${query}`);
        assertEquals([status, ids(body), body.total_count, body.head_seq], [200, expected, totalCount, 4]);
      });
    }
    await t.step("cursors lead through all pages", async () => {
      const first = (await get(server, `/v1/messages?room=${room}&limit=3`)).body;
      assertEquals([first.has_more, first.next_seq], [true, 3]);
      const second = (await get(server, `/v1/messages?room=${room}&limit=3&after_seq=${first.next_seq}`)).body;
      assertEquals([ids(second), second.has_more, second.next_seq], [[4], false, 0]);
    });
    await t.step("a room that nobody has written to is empty", async () => {
      const { body } = await get(server, "/v1/messages?room=nobody");
      assertEquals(body, { messages: [], total_count: 0, has_more: false, next_seq: 0, head_seq: 0 });
    });
  });
});

Deno.test("GET /readyz answers 503 with the checks while something is missing, and /healthz stays 200", async () => {
  const readiness = () => ({ ok: false, checks: { database: { ok: false, problem: "The database does not answer" } } });
  await withGateway(async (server) => {
    const { status, body } = await get(server, "/readyz");
    assertEquals([status, body], [503, readiness()]);
    assertEquals((await get(server, "/healthz")).status, 200);
  }, { readiness });
});
