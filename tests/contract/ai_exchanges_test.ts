/**
 * Exchanges with a model server, recorded and replayed with the server gone.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { recordingFetch } from "../../src/ai/exchanges/record.ts";
import { readRecords, replayingFetch } from "../../src/ai/exchanges/replay.ts";
import { OpenAiProvider } from "../../src/ai/providers/openai.ts";
import { ChatError } from "../../src/core/errors.ts";
import { openDatabase } from "../../src/database/open.ts";
import { partsOf, testAiService, textOf } from "../support/ai_service.ts";
import { callContext } from "../support/call_context.ts";
import { databasePlace } from "../support/database.ts";
import { testLog } from "../support/log.ts";
import { startModelServer, streamed } from "../support/model_server.ts";
import { tempDir } from "../support/temp_dir.ts";

const KEY = "sk-secret-key-of-ours";
const models = [{ name: "tiny", contextTokens: 4_096, maxTokens: 1_000 }];

Deno.test("AI_RECORD's files hold no key, and AI_REPLAY answers from them as the server did: text, usage, refusals and broken ends", async () => {
  await using place = await databasePlace("pglite");
  await using folder = await tempDir();
  await using _database = await openDatabase(place.config, { log: testLog() }).then((database) =>
    Object.assign(database, { [Symbol.asyncDispose]: () => database.close() })
  );
  let calls = 0;
  const server = startModelServer(({ messages }) => {
    const prompt = messages.at(-1)?.content ?? "";
    if (prompt === "Refused?") return Response.json({ error: { message: `${KEY} is no good` } }, { status: 401 });
    if (prompt === "Broken?") return streamed(["Half ", "an"], { finish: null });
    if (++calls === 1) return new Response("busy", { status: 500, headers: { "retry-after": "0" } });
    return streamed(["Tea 🍵 ", KEY.slice(0, 5), KEY.slice(5)], { usage: { prompt_tokens: 3, completion_tokens: 4 } });
  });
  const log = testLog();
  const provider = (fetch: ReturnType<typeof recordingFetch>) =>
    new OpenAiProvider({ name: "test", baseUrl: server.baseUrl, apiKey: KEY, models, fetch });
  const asked = async (ai: ReturnType<typeof testAiService>) => {
    const told = [];
    for (const prompt of ["What is there?", "Refused?", "Broken?"]) {
      const parts = await partsOf(ai.streamResponse({ prompt }, callContext())).catch((error) => error);
      told.push(parts instanceof ChatError ? [parts.code, parts.message.replaceAll(/\*+/g, "***")] : textOf(parts));
    }
    return told;
  };
  await using recorded = testAiService(_database, {
    providers: [provider(recordingFetch({ directory: folder.path, provider: "test", apiKey: KEY, log }))],
  });
  const first = await asked(recorded);
  await server[Symbol.asyncDispose]();
  const names = (await Array.fromAsync(Deno.readDir(folder.path))).map(({ name }) => name);
  assertEquals(names.length, 4, "a failed attempt has a file of its own");
  for (const name of names) {
    const file = await Deno.readTextFile(`${folder.path}/${name}`);
    const said = JSON.parse(file).response.chunks.map(({ text }: { readonly text: string }) => text).join("");
    assert(!file.includes(KEY) && !file.includes(server.baseUrl), name);
    assert(!said.includes(KEY), "nor is the key there in one piece");
  }
  await using replayed = testAiService(_database, { providers: [provider(replayingFetch(await readRecords(folder.path)))] });
  const again = await asked(replayed);
  assertEquals(first[0], `Tea 🍵 ${KEY}`);
  assertEquals(again, first);
  const unknown = await assertRejects(
    () => partsOf(replayed.streamResponse({ prompt: "New?" }, callContext())),
    ChatError,
    "No exchange is recorded",
  );
  assertEquals(unknown.code, "failed_precondition");
});

Deno.test("readRecords tells what is no recorded exchange", async () => {
  await using folder = await tempDir();
  await assertRejects(() => readRecords(folder.path), ChatError, "has no recorded exchange");
  await Deno.writeTextFile(`${folder.path}/a.json`, "{}");
  await assertRejects(() => readRecords(folder.path), ChatError, `${folder.path}/a.json`);
});
