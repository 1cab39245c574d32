import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { openDatabase } from "../../src/database/open.ts";
import { startGateway } from "../../src/gateway/gateway.ts";
import { createRagService } from "../../src/rag/service.ts";
import { databasePlace } from "../support/database.ts";
import { testLog } from "../support/log.ts";
import { MemoryMessageService } from "../support/memory_message_service.ts";
import { makePdf } from "../support/pdf.ts";
import { ScriptedAiService } from "../support/scripted_services.ts";
import { EventReader, within } from "./rest_server.ts";

async function start() {
  const place = await databasePlace("postgres");
  const log = testLog();
  const database = await openDatabase(place.config, { log });
  const rag = createRagService({ database, log });
  const ai = new ScriptedAiService();
  const gateway = await startGateway({
    ...{ http: { host: "127.0.0.1", port: 0 }, services: { message: new MemoryMessageService(), rag, ai } },
    ...{ readiness: () => ({ ok: true, checks: {} }), log, heartbeatMs: 50 },
  });
  return {
    ...{ ai, origin: `http://127.0.0.1:${gateway.port}` },
    async [Symbol.asyncDispose]() {
      await gateway.stop({ deadlineMs: 2_000 });
      await rag.close();
      await database.close();
      await place[Symbol.asyncDispose]();
    },
  };
}

Deno.test("documents come in as files, in forms and by the line, and go out with ETags, links and gzip", async (t) => {
  await using system = await start();
  const { origin } = system;
  const put = (path: string, type: string, body: BodyInit) =>
    fetch(`${origin}/v1/documents/${path}`, { method: "PUT", headers: { "content-type": type }, body });
  const read = async (path: string, headers: Record<string, string> = {}) => await fetch(`${origin}/v1/documents${path}`, { headers });

  await t.step("a file is taken as its content type says", async () => {
    const files: readonly (readonly [string, string, BodyInit])[] = [
      ["text", "text/plain; charset=utf-8", "Plain words"],
      ["markdown", "text/markdown", "# Head\n\nMarked words"],
      ["html", "text/html", "<title>Head</title><p>Tagged words</p>"],
      ["pdf", "application/pdf", makePdf([[{ text: "Printed words", size: 12, y: 700 }]]).slice()],
    ];
    for (const [name, type, body] of files) {
      const response = await put(`${name}%2Ffile?title=T%20${name}&metadata.kind=file`, type, body);
      const indexed = await response.json();
      assertEquals([response.status, indexed.document_id, indexed.success], [200, `${name}/file`, true], JSON.stringify(indexed));
      const document = await (await read(`/${name}%2Ffile`)).json();
      assertEquals([document.title, document.metadata], [`T ${name}`, { kind: "file" }]);
      assertStringIncludes(document.content, "words");
    }
  });

  await t.step("a form brings a file, and its name where there is no id", async () => {
    const form = new FormData();
    form.set("file", new File(["# Tea\n\nSteeped words"], "a b/tea.md"));
    form.set("collection", "forms");
    form.set("metadata.kind", "drink");
    const response = await fetch(`${origin}/v1/documents`, { method: "POST", body: form });
    assertEquals([response.status, (await response.json()).document_id], [201, "a b/tea.md"]);
    const document = await (await fetch(`${origin}${response.headers.get("location")}`)).json();
    assertEquals([document.media_type, document.metadata, document.collection], ["text/markdown", { kind: "drink" }, "forms"]);
  });

  await t.step("what is wrong is refused in words", async () => {
    const problem = async (response: Promise<Response>) => {
      const { status, field } = await (await response).json();
      return [status, field];
    };
    const form = new FormData();
    form.set("colour", "red");
    form.set("file", new File(["x"], "x.txt"));
    const post = (body: BodyInit, headers: Record<string, string> = {}) =>
      fetch(`${origin}/v1/documents`, { method: "POST", body, headers });
    assertEquals(await problem(post(form)), [400, "colour"]);
    assertEquals(await problem(post(new FormData())), [400, "file"]);
    assertEquals(await problem(post("x", { "content-type": "multipart/form-data; boundary=b" })), [400, undefined]);
    assertEquals(await problem(post("{}", { "content-type": "application/json" })), [415, undefined]);
    assertEquals(await problem(put("x", "image/png", "x")), [415, undefined]);
    assertEquals(await problem(put("x?colour=red", "text/plain", "x")), [400, "colour"]);
    assertEquals(await problem(put("%ff", "text/plain", "x")), [400, "id"]);
    assertEquals(await problem(put("x", "application/json", '{"content_bytes":"?"}')), [400, "content_bytes"]);
    assertEquals(await problem(put("x", "text/plain", new Uint8Array(21 * 1024 * 1024))), [413, undefined]);
  });

  await t.step("an ETag changes with the document, and what is not newer is not sent again", async () => {
    const first = await read("/text%2Ffile");
    const etag = first.headers.get("etag") ?? "";
    assertMatch(etag, /^"v\d+"$/);
    await first.body?.cancel();
    const again = await read("/text%2Ffile", { "if-none-match": `"v0", W/${etag}` });
    assertEquals([again.status, await again.text(), again.headers.get("etag")], [304, "", etag]);
    await (await put("text%2Ffile", "text/plain", "Other words")).body?.cancel();
    const changed = await read("/text%2Ffile", { "if-none-match": etag });
    assertEquals([changed.status, (await changed.json()).content], [200, "Other words"]);
  });

  await t.step("links lead through all pages", async () => {
    const ids: string[] = [];
    let path: string | undefined = "/v1/documents?limit=3";
    while (path !== undefined) {
      const response: Response = await fetch(`${origin}${path}`);
      ids.push(...(await response.json()).documents.map(({ document_id }: { document_id: string }) => document_id));
      path = /<([^>]+)>; rel="next"/.exec(response.headers.get("link") ?? "")?.[1];
    }
    assertEquals(ids, ["html/file", "markdown/file", "pdf/file", "text/file"]);
  });

  await t.step("a long answer is compressed for who takes that", async () => {
    await (await put("long", "text/plain", "Many words. ".repeat(500))).body?.cancel();
    for (const [given, encoding] of [["gzip", "gzip"], ["gzip;q=0", null], ["identity", null], ["*", "gzip"]] as const) {
      const response = await read("/long", { "accept-encoding": given });
      // What fetch unpacks it no longer tells of.
      const isPacked = response.headers.get("etag")?.startsWith("W/") === true;
      assertEquals([isPacked, response.headers.get("vary")], [encoding === "gzip", "Accept-Encoding"], given);
      assertEquals((await response.json()).content.length, 6_000);
    }
  });

  await t.step("a bulk load answers while it comes, and ends with a problem at a line that cannot be read", async () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const write = (text: string) => writer.write(new TextEncoder().encode(text));
    const sent = fetch(`${origin}/v1/documents/bulk`, {
      method: "POST",
      headers: { "content-type": "application/x-ndjson" },
      body: readable,
    });
    await write('{"document_id":"l1","content":"One w');
    await write('ord"}\n{"document_id":"","content":"x"}\n');
    const reader = (await sent).body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    const lines = async (count: number) => {
      while (text.split("\n").length <= count) text += (await within(10_000, reader.read())).value ?? "";
      return text.trimEnd().split("\n").map((line) => JSON.parse(line));
    };
    const [first, second] = await lines(2);
    assertEquals([first.indexed, first.result.document_id, second.failed], [1, "l1", 1]);
    assert(second.error.length > 0);
    await write("no JSON\n");
    await writer.close();
    assertEquals((await lines(3))[2].code, "invalid_argument");
    await reader.cancel();
  });
});

Deno.test("POST /v1/ai/responses streams the answer, GET resumes it, and leaving ends the model's work", async (t) => {
  await using system = await start();
  const { ai, origin } = system;
  const ask = (body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${origin}/v1/ai/responses`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });

  await t.step("by Accept as by stream: true, each part under its number", async () => {
    const response = await ask({ prompt: "one two" }, { accept: "text/event-stream" });
    assertEquals(response.headers.get("content-type"), "text/event-stream");
    const text = await response.text();
    assertEquals(text.match(/^(id|event): .*$/gm), ["id: 1", "event: text", "id: 2", "event: text", "id: 3", "event: done"]);
  });

  await t.step("a browser goes on after the part it has", async () => {
    const reader = await EventReader.open(`${origin}/v1/ai/responses/g/stream`, { "last-event-id": "1" });
    assertEquals((await reader.rest()).at(-1)?.event, "done");
    assertEquals((ai.last?.request as { resumeAfter?: number; requestId?: string }).resumeAfter, 1);
  });

  await t.step("what fails is the last event, and tells nothing of the inside", async () => {
    for (const [model, code] of [["fail", "unavailable"], ["crash", "internal"]]) {
      const text = await (await ask({ prompt: "one", model, stream: true })).text();
      const last = JSON.parse(/event: error\ndata: (.*)/.exec(text)?.[1] ?? "{}");
      assertEquals(last.code, code);
      assert(!text.includes("secret"));
    }
  });

  await t.step("a quiet stream beats, and a reader that leaves ends it", async () => {
    const aborter = new AbortController();
    const init = { method: "POST", headers: { "content-type": "application/json" }, signal: aborter.signal };
    const response = await fetch(`${origin}/v1/ai/responses`, {
      ...init,
      body: JSON.stringify({ prompt: "one", model: "sleep", stream: true }),
    });
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!text.includes(": heartbeat")) text += (await within(10_000, reader.read())).value ?? "";
    const before = ai.ends.length;
    aborter.abort();
    await reader.cancel().catch(() => {});
    const wait = async () => {
      while (ai.ends.length === before) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    await within(10_000, wait());
    assertEquals(ai.ends.at(-1), "cancelled");
  });

  await t.step("text and texts together are refused", async () => {
    const response = await fetch(`${origin}/v1/ai/sentiment`, {
      ...{ method: "POST", headers: { "content-type": "application/json" }, body: '{"text":"a","texts":["b"]}' },
    });
    assertEquals([response.status, (await response.json()).field], [400, "texts"]);
  });
});
