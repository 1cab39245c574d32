import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import type { MessageService } from "../../src/contracts/mod.ts";
import { ChatError, type ErrorCode } from "../../src/core/errors.ts";
import { MAX_BODY_BYTES } from "../../src/gateway/body.ts";
import { httpStatusOf } from "../../src/gateway/problem.ts";
import { rawRequest, type TestGateway, withGateway, within } from "./rest_server.ts";

const JSON_HEADERS = { "content-type": "application/json" };
const message = (more: Record<string, unknown> = {}) => JSON.stringify({ content: "x", username: "ann", room: "refused", ...more });
const post = (body: BodyInit, headers: Record<string, string> = JSON_HEADERS): RequestInit => ({ method: "POST", headers, body });
const patch = (body: BodyInit): RequestInit => ({ method: "PATCH", headers: JSON_HEADERS, body });
const bytes = (text: string, ...more: number[]) => new Uint8Array([...new TextEncoder().encode(text), ...more]);

type Case = readonly [name: string, path: string, init: RequestInit, status: number, field?: string];

const hostile: readonly Case[] = [
  ["an unknown path", "/v1/nothing", {}, 404],
  ["a path with a bad escape", "/v1/messages/%ff%fe", {}, 400, "id"],
  ["a deeper path", "/v1/messages/1/revisions/2", {}, 404],
  ["PUT of a message", "/v1/messages/1", { method: "PUT" }, 405],
  ["DELETE of all messages", "/v1/messages", { method: "DELETE" }, 405],
  ["POST to readyz", "/readyz", { method: "POST" }, 405],
  ["a method of its own", "/v1/messages", { method: "BREW" }, 405],
  ["an Accept that rules JSON out", "/v1/messages", { headers: { accept: "text/html" } }, 406],
  ["an Accept with weight 0", "/v1/messages", { headers: { accept: "application/json;q=0, */*" } }, 406],
  ["an Accept that rules events out", "/v1/messages/stream", { headers: { accept: "application/json" } }, 406],
  ["a URL that is too long", `/v1/messages?search=${"x".repeat(62_000)}`, {}, 414],
  ["no content type", "/v1/messages", post(bytes(message()), {}), 415],
  ["a form", "/v1/messages", post("content=x", { "content-type": "application/x-www-form-urlencoded" }), 415],
  ["plain text, as a page elsewhere could send it", "/v1/messages", post(message(), { "content-type": "text/plain" }), 415],
  ["another charset", "/v1/messages", post(message(), { "content-type": "application/json; charset=latin1" }), 415],
  ["a compressed body", "/v1/messages", post(message(), { ...JSON_HEADERS, "content-encoding": "gzip" }), 415],
  ["a body that is too large", "/v1/messages", post("x".repeat(MAX_BODY_BYTES + 1)), 413],
  ["a chunked body that is too large", "/v1/messages", post(new Blob(["x".repeat(MAX_BODY_BYTES + 1)]).stream()), 413],
  ["no body", "/v1/messages", post(""), 400],
  ["half a JSON", "/v1/messages", post('{"content":'), 400],
  ["JSON and more", "/v1/messages", post(`${message()} x`), 400],
  ["bytes that are not UTF-8", "/v1/messages", post(bytes('{"content":"', 0xc3, 0x28, 0x22, 0x7d)), 400],
  ["UTF-16 bytes of a surrogate", "/v1/messages", post(bytes('{"content":"', 0xed, 0xa0, 0x80, 0x22, 0x7d)), 400],
  ["an array", "/v1/messages", post("[]"), 400],
  ["null", "/v1/messages", post("null"), 400],
  ["a number", "/v1/messages", post("1"), 400],
  ["deep nesting", "/v1/messages", post("[".repeat(100_000) + "]".repeat(100_000)), 400],
  ["deep nesting in a field", "/v1/messages", post(`{"content":${"[".repeat(100_000)}${"]".repeat(100_000)}}`), 400, "content"],
  ["no content", "/v1/messages", post('{"username":"ann"}'), 400, "content"],
  ["no user name", "/v1/messages", post('{"content":"x"}'), 400, "username"],
  ["an empty content", "/v1/messages", post(message({ content: "" })), 400, "content"],
  ["a content of 65,537 bytes", "/v1/messages", post(message({ content: "x".repeat(65_537) })), 400, "content"],
  ["U+0000 in the content", "/v1/messages", post(message({ content: "a\0b" })), 400, "content"],
  ["U+0000 in the user name", "/v1/messages", post(message({ username: "a\0b" })), 400, "username"],
  ["a lone surrogate in the content", "/v1/messages", post(message().replace('"x"', '"\\ud800"')), 400, "content"],
  ["a lone surrogate in metadata", "/v1/messages", post(message({ metadata: { a: "b" } }).replace('"b"', '"\\udc00"')), 400, "metadata"],
  ["a number for the content", "/v1/messages", post(message({ content: 5 })), 400, "content"],
  ["null for the room", "/v1/messages", post(message({ room: null })), 400, "room"],
  ["a list for metadata", "/v1/messages", post(message({ metadata: ["a"] })), 400, "metadata"],
  ["a number in metadata", "/v1/messages", post(message({ metadata: { a: 1 } })), 400, "metadata"],
  [
    "65 metadata entries",
    "/v1/messages",
    post(message({ metadata: Object.fromEntries([...Array(65).keys()].map((i) => [i, ""])) })),
    400,
    "metadata",
  ],
  ["an unknown field", "/v1/messages", post(message({ colour: "red" })), 400, "colour"],
  ["a camelCase field", "/v1/messages", post(message({ clientMessageId: "k" })), 400, "clientMessageId"],
  ["a field named __proto__", "/v1/messages", post('{"__proto__":{"content":"x"},"username":"ann"}'), 400, "__proto__"],
  ["a parameter on POST", "/v1/messages?room=refused", post(message()), 400, "room"],
  [
    "an Idempotency-Key beyond ASCII",
    "/v1/messages",
    post(message(), { ...JSON_HEADERS, "idempotency-key": "schl\u00fcssel" }),
    400,
    "Idempotency-Key",
  ],
  [
    "an over-long Idempotency-Key",
    "/v1/messages",
    post(message(), { ...JSON_HEADERS, "idempotency-key": "k".repeat(129) }),
    400,
    "client_message_id",
  ],
  ["a limit that is no number", "/v1/messages?limit=ten", {}, 400, "limit"],
  ["a limit with a sign", "/v1/messages?limit=%2B1", {}, 400, "limit"],
  ["a limit with a zero before it", "/v1/messages?limit=01", {}, 400, "limit"],
  ["a limit with an exponent", "/v1/messages?limit=1e2", {}, 400, "limit"],
  ["an empty limit", "/v1/messages?limit=", {}, 400, "limit"],
  ["a limit of -1", "/v1/messages?limit=-1", {}, 400, "limit"],
  ["a limit of 501", "/v1/messages?limit=501", {}, 400, "limit"],
  ["a limit that is no int32", "/v1/messages?limit=2147483648", {}, 400, "limit"],
  ["a position beyond 2^53", "/v1/messages?after_seq=9007199254740993", {}, 400, "after_seq"],
  ["an order that there is not", "/v1/messages?order=random", {}, 400, "order"],
  ["a parameter given twice", "/v1/messages?room=a&room=a", {}, 400, "room"],
  ["a metadata parameter given twice", "/v1/messages?metadata.a=1&metadata.a=2", {}, 400, "metadata.a"],
  ["an unknown parameter", "/v1/messages?colour=red", {}, 400, "colour"],
  ["a parameter named __proto__", "/v1/messages?__proto__=x", {}, 400, "__proto__"],
  ["a bad escape in the query", "/v1/messages?room=%zz", {}, 400],
  ["a query that is not UTF-8", "/v1/messages?room=%c3%28", {}, 400],
  ["U+0000 in the query", "/v1/messages?room=%00", {}, 400, "room"],
  ["a search without a word", "/v1/messages?search=%22%22", {}, 400, "search"],
  ["metadata where none is looked for", "/v1/messages/1?metadata.a=b", {}, 400, "metadata.a"],
  ["an id that is no number", "/v1/messages/one", {}, 400, "id"],
  ["an id of 0", "/v1/messages/0", {}, 400, "id"],
  ["an id that is no int32", "/v1/messages/2147483648", {}, 400, "id"],
  ["an id that is missing", "/v1/messages/999?room=refused", {}, 404, "id"],
  ["revisions of a missing message", "/v1/messages/999/revisions?room=refused", {}, 404, "id"],
  ["an edit of a missing message", "/v1/messages/999?room=refused", patch('{"content":"x"}'), 404, "id"],
  ["an edit with the room in its body", "/v1/messages/1", patch('{"content":"x","room":"a"}'), 400, "room"],
  ["an edit with if_version as text", "/v1/messages/1", patch('{"content":"x","if_version":"1"}'), 400, "if_version"],
  ["an edit with half a version", "/v1/messages/1", patch('{"content":"x","if_version":1.5}'), 400, "if_version"],
  ["an edit with replace_metadata as text", "/v1/messages/1", patch('{"content":"x","replace_metadata":"yes"}'), 400, "replace_metadata"],
  ["an edit with metadata that would be ignored", "/v1/messages/1", patch('{"content":"x","metadata":{"a":"b"}}'), 400, "metadata"],
  ["a stream flag that is no flag", "/v1/messages/stream?include_changes=1", {}, 400, "include_changes"],
  ["a stream of two users", "/v1/messages/stream?username=a&subscribe_to=b", {}, 400, "subscribe_to"],
  ["a stream with a bad Last-Event-ID", "/v1/messages/stream", { headers: { "last-event-id": "7x" } }, 400, "Last-Event-ID"],
  ["a stream from before the beginning", "/v1/messages/stream?after_seq=-1", {}, 400, "after_seq"],
  ["a stream from a position that does not exist yet", "/v1/messages/stream?room=refused&after_seq=5", {}, 400, "after_seq"],
];

async function assertProblem(response: Response, status: number, field?: string): Promise<Record<string, unknown>> {
  const problem = await response.json();
  assertEquals([response.status, problem.field], [status, field], JSON.stringify(problem));
  assertEquals(response.headers.get("content-type"), "application/problem+json");
  assertEquals([problem.type, problem.status, problem.request_id], ["about:blank", status, response.headers.get("x-request-id")]);
  assertMatch(problem.detail, /^["A-Z].*[^.]$/);
  assert(problem.title.length > 0 && problem.title !== "Error", "has the title of its status");
  return problem;
}

Deno.test("Hostile input is refused as problem+json that names the field", async (t) => {
  await withGateway(async (server) => {
    const head = async () => (await (await fetch(`${server.origin}/v1/messages`)).json()).head_seq;
    const before = await head();
    for (const [name, path, init, status, field] of hostile) {
      await t.step(`${name}: ${status}`, async () => {
        const problem = await assertProblem(await fetch(`${server.origin}${path}`, init), status, field);
        if (status === 400 && field !== undefined && !field.startsWith("metadata.")) {
          assertStringIncludes(String(problem["detail"]), String(field));
        }
      });
    }
    await t.step("a 405 tells the methods that are allowed", async () => {
      const response = await fetch(`${server.origin}/v1/messages`, { method: "DELETE" });
      await assertProblem(response, 405);
      assertEquals(response.headers.get("allow"), "GET, HEAD, POST, OPTIONS");
    });
    await t.step("none of it left a message, a line in the log or a server that does not answer", async () => {
      assertEquals((await (await fetch(`${server.origin}/v1/messages?room=refused`)).json()).head_seq, 0);
      assertEquals(await head(), before);
      assertEquals(server.logLines.filter((line) => line.includes("Request failed")), []);
    });
    await t.step("the largest message fits, however a client escapes it", () => largestMessage(server));
    await t.step("random requests never fail on this side", () => randomRequests(server));
  });
});

/** 64 KiB of content and 16 KiB of metadata, each byte as six bytes of JSON. */
async function largestMessage(server: TestGateway): Promise<void> {
  const escaped = (count: number) => "\\u0041".repeat(count);
  const body = `{"content":"${escaped(65_536)}","username":"${escaped(128)}","room":"${escaped(128)}","message_type":"${escaped(128)}",` +
    `"client_message_id":"${escaped(128)}","metadata":{"${escaped(384)}":"${escaped(16_000)}"}}`;
  const response = await fetch(`${server.origin}/v1/messages`, post(body));
  const stored = await response.json();
  assertEquals([response.status, stored.content?.length], [201, 65_536], JSON.stringify(stored).slice(0, 300));
}

async function randomRequests(server: TestGateway): Promise<void> {
  const known = ["content", "username", "room", "metadata", "message_type", "client_message_id", "replace_metadata", "if_version"];
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.json({ maxDepth: 3 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...known), fc.string()), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 6 }).map((value) =>
      JSON.stringify(value)
    ),
    fc.record({ content: fc.string({ unit: "binary" }), username: fc.string({ unit: "binary" }) }).map((value) => JSON.stringify(value)),
  );
  const parameter = fc.constantFrom("limit", "offset", "room", "order", "search", "after_seq", "before_seq", "username", "metadata.a", "x");
  const query = fc.array(fc.tuple(parameter, fc.oneof(fc.integer().map(String), fc.string({ unit: "binary" }), fc.string())), {
    maxLength: 4,
  })
    .map((pairs) =>
      pairs.map(([name, value]) => `${name}=${/[\ud800-\udfff]/u.test(value) ? value.length : encodeURIComponent(value)}`).join("&")
    );
  const request = fc.oneof(
    fc.record({ path: fc.constant("/v1/messages"), init: body.map((value) => post(value as BodyInit)) }),
    fc.record({ path: fc.integer().map((id) => `/v1/messages/${id}`), init: body.map((value) => patch(value as BodyInit)) }),
    fc.record({ path: query.map((value) => `/v1/messages?${value}`), init: fc.constant({}) }),
  );
  await fc.assert(
    fc.asyncProperty(request, async ({ path, init }) => {
      const response = await within(10_000, fetch(`${server.origin}${path}`, init));
      const answer = await response.text();
      assert(response.status < 500, `${response.status} ${answer}`);
    }),
    { numRuns: 600 },
  );
}

Deno.test("Errors of the service become the status of their code", async (t) => {
  let failure: unknown;
  const fail = () => Promise.reject(failure);
  const override = (): Partial<MessageService> => ({
    createMessage: fail,
    getMessage: fail,
    streamMessages: fail,
    listRevisions: () => new Promise(() => {}),
  });
  await withGateway(async (server) => {
    const get = (path = "/v1/messages/1") => fetch(`${server.origin}${path}`);
    for (const [code, status] of Object.entries(httpStatusOf)) {
      await t.step(`${code}: ${status}, for a message and for a stream that cannot open`, async () => {
        failure = new ChatError(code as ErrorCode, "Something is wrong");
        assertEquals((await assertProblem(await get(), status))["code"], code);
        assertEquals((await assertProblem(await get("/v1/messages/stream"), status))["code"], code);
      });
    }
    await t.step("retryAfterMs and resumeSeq go into the body, and whole seconds into Retry-After", async () => {
      failure = new ChatError("unavailable", "The database does not answer", { retryAfterMs: 1500, resumeSeq: 7 });
      const response = await get();
      assertEquals(response.headers.get("retry-after"), "2");
      const problem = await assertProblem(response, 503);
      assertEquals([problem["retry_after_ms"], problem["resume_seq"]], [1500, 7]);
    });
    await t.step("what nobody meant to throw tells nothing but the request id, and its causes go to the log", async () => {
      failure = new TypeError("secret outside", { cause: new Error("secret inside") });
      const problem = await assertProblem(await get(), 500);
      assertEquals([problem["code"], problem["detail"]], ["internal", `Internal error, request ${problem["request_id"]}`]);
      const line = server.logLines.find((text) => text.includes(String(problem["request_id"]))) ?? "";
      assertStringIncludes(line, "secret outside");
      assertStringIncludes(line, "secret inside");
    });
    await t.step("an error that is no Error is answered too", async () => {
      failure = "just text";
      await assertProblem(await get(), 500);
    });
    await t.step("a service that does not answer is given up with 504 when the time is up", async () => {
      assertEquals((await assertProblem(await get("/v1/messages/1/revisions"), 504))["code"], "deadline_exceeded");
    });
    await t.step("text without a UTF-8 form never reaches a service, which may be another process", async () => {
      failure = new ChatError("internal", "It was asked");
      for (const body of [{ content: "\ud800" }, { room: "a\udc00" }, { metadata: { a: "\ud800" } }, { metadata: { "\ud800": "a" } }]) {
        await assertProblem(await fetch(`${server.origin}/v1/messages`, post(message(body))), 400, Object.keys(body)[0]);
      }
      await assertProblem(await fetch(`${server.origin}/v1/messages`, post(message())), 500);
    });
    await t.step("a body that does not come is given up too", async () => {
      const { port } = server.gateway;
      const head = "POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n";
      const answer = await rawRequest(port, `${head}{"content":`);
      assertStringIncludes(answer, "HTTP/1.1 504 ");
      assertStringIncludes(answer, '"code":"deadline_exceeded"');
    });
  }, { override, http: { requestTimeoutMs: 300 } });
});
