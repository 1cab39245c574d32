/**
 * Model servers that speak their protocol in every dialect, badly, or not at all: what comes through, and how each failure is told.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { GenerationPart } from "../../src/contracts/mod.ts";
import { ChatError } from "../../src/core/errors.ts";
import { openDatabase } from "../../src/database/open.ts";
import { testAiService, textOf } from "../support/ai_service.ts";
import { callContext } from "../support/call_context.ts";
import { databasePlace } from "../support/database.ts";
import { testLog } from "../support/log.ts";
import { delta, head, type RawReply, startRawModelServer } from "../support/raw_model_server.ts";

const STOP = delta({}, "stop");
const DONE = "data: [DONE]\n\n";
const say = (content: string) => delta({ content });

/** What a server sends, and the answer that comes of it. */
const DIALECTS: Readonly<Record<string, readonly [bytes: string, answer: string]>> = {
  "lines that end in CR and LF, with comments and event names": [
    `: hello\r\n\r\nevent: message\r\n${say("Tea").replaceAll("\n", "\r\n")}: ping\r\n\r\n${STOP.replaceAll("\n", "\r\n")}${DONE}`,
    "Tea",
  ],
  "a role alone, content null, reasoning and unknown fields": [
    delta({ role: "assistant" }) + delta({ content: null }) + delta({ reasoning_content: "Hm", reasoning: "Hm" }) +
    delta({ content: "Tea", extra: { deep: [1] } }) + STOP + DONE,
    "Tea",
  ],
  "no [DONE]": [say("Tea") + STOP, "Tea"],
  "usage that is null, and an event without choices": [`data: {"choices":[],"usage":null}\n\n${say("Tea")}${STOP}${DONE}`, "Tea"],
  "an event of a megabyte": [say("x".repeat(1_000_000)) + STOP + DONE, "x".repeat(1_000_000)],
};

const WHOLE = { "content-type": "application/json; charset=utf-8" };

/** What a server does instead, the words that came before, and how it is told; and whether it is worth another attempt. */
const FAILURES: Readonly<
  Record<string, readonly [does: (reply: RawReply) => Promise<void> | void, text: string, told: RegExp, attempts: number]>
> = {
  "resets the connection before it answers": [({ reset }) => reset(), "", /^The provider raw cannot be reached$/, 2],
  "closes the connection before it answers": [() => {}, "", /^The provider raw cannot be reached$/, 2],
  "ends in the middle of an answer": [({ send }) => send(head() + say("Tea")), "Tea", /^The provider raw ended its answer before/, 1],
  "tells an error in its stream": [
    ({ send }) => send(`${head()}${say("Tea")}data: {"error":{"message":"out of memory"}}\n\n`),
    "Tea",
    /^The provider raw failed: .*out of memory/,
    1,
  ],
  "sends JSON that is none": [
    ({ send }) => send(`${head()}${say("Tea")}data: {"choices":[{\n\n`),
    "Tea",
    /^The provider raw answered something else/,
    1,
  ],
  "answers with a page": [
    ({ send }) => send(`${head(200, { "content-type": "text/html" })}<h1>It works!</h1>`),
    "",
    /^The provider raw /,
    2,
  ],
  "sends JSON that is no answer": [
    ({ send }) => send(`${head(200, WHOLE)}{"hello": 1}`),
    "",
    /^The provider raw ended its answer before/,
    2,
  ],
  "sends half of a whole answer": [
    ({ send }) => send(`${head(200, WHOLE)}{"choices": [{"message": {"con`),
    "",
    /^The provider raw answered something else/,
    2,
  ],
};

Deno.test("Model servers of every dialect and fault", async (t) => {
  await using place = await databasePlace("pglite");
  const database = await openDatabase(place.config, { log: testLog() });
  const patience = { totalMs: 20_000, firstByteMs: 10_000, idleMs: 10_000, attempts: 2 };
  const ask = async (script: (reply: RawReply) => Promise<void> | void, seen: (part: GenerationPart) => void = () => {}) => {
    await using server = startRawModelServer(script);
    await using ai = testAiService(database, { providers: [server.provider], patience });
    const parts: GenerationPart[] = [];
    const error = await (async () => {
      for await (const part of ai.streamResponse({ prompt: "x" }, callContext())) {
        parts.push(part);
        seen(part);
      }
    })().catch((thrown) => thrown);
    return { parts, text: textOf(parts), error, last: parts.at(-1), requests: server.requests };
  };
  try {
    for (const [name, [bytes, answer]] of Object.entries(DIALECTS)) {
      await t.step(`streamResponse reads ${name}`, async () => {
        const { text, error, last } = await ask(({ send }) => send(head() + bytes));
        assertEquals([text === answer, error, last?.kind], [true, undefined, "done"], text.slice(0, 100));
      });
    }

    await t.step("streamResponse reads bytes that come one by one, in the middle of characters too", async () => {
      const bytes = new TextEncoder().encode(say("茶 🍵") + STOP + DONE);
      const { text, error } = await ask(async ({ send }) => {
        await send(head());
        for (const byte of bytes) await send(Uint8Array.of(byte));
      });
      assertEquals([text, error], ["茶 🍵", undefined]);
    });

    await t.step("streamResponse takes an answer that comes whole, though it asked for a stream", async () => {
      const message = { role: "assistant", content: "Tea 🍵" };
      const whole = { object: "chat.completion", choices: [{ index: 0, message, finish_reason: "length" }] };
      const usage = { prompt_tokens: 7, completion_tokens: 5 };
      const { text, last, parts } = await ask(({ send }) => send(head(200, WHOLE) + JSON.stringify({ ...whole, usage }, null, 2)));
      assertEquals([text, last?.kind === "done" && last.finishReason], ["Tea 🍵", "length"]);
      assertEquals(parts.find((part) => part.kind === "usage")?.usage, { promptTokens: 7, completionTokens: 5, estimated: false });
    });

    await t.step("streamResponse tells of a connection that is reset in the middle of an answer, and keeps what had come", async () => {
      const read = Promise.withResolvers<void>();
      const { text, error, last, requests } = await ask(async ({ send, reset }) => {
        await send(head() + say("Tea"));
        await read.promise;
        reset();
      }, (part) => part.kind === "text" && read.resolve());
      assert(
        error instanceof ChatError &&
          /^The provider raw (broke its answer off|ended its answer before it was complete)$/.test(error.message),
        String(error),
      );
      assertEquals([text, last?.kind, requests.length], ["Tea", "error", 1]);
    });

    for (const status of [301, 302, 307, 308]) {
      await t.step(
        `streamResponse follows no redirect with status ${status}: whoever stands there sees neither key nor request`,
        async () => {
          await using elsewhere = startRawModelServer(({ send }) => send(head() + say("Mine now") + STOP + DONE));
          const location = `${elsewhere.baseUrl}/chat/completions`;
          const { text, error } = await ask(({ send }) => send(head(status, { location })));
          assert(error instanceof ChatError && error.message.startsWith("The provider raw "), String(error));
          assertEquals([text, elsewhere.requests], ["", []]);
        },
      );
    }

    await t.step("streamResponse says that an answer was cut for its length", async () => {
      const { last } = await ask(({ send }) => send(head() + say("Tea") + delta({}, "length") + DONE));
      assertEquals(last?.kind === "done" && last.finishReason, "length");
    });

    await t.step("streamResponse waits until the date that a busy server names", async () => {
      let calls = 0;
      const { text, requests } = await ask(({ send }) =>
        ++calls === 1
          ? send(head(429, { "retry-after": new Date(Date.now() - 1_000).toUTCString() }))
          : send(head() + say("Tea") + STOP + DONE)
      );
      assertEquals([text, requests.length], ["Tea", 2]);
    });

    await t.step("streamResponse ends an answer that never ends at its largest size", async () => {
      const { text, error } = await ask(async ({ send }) => {
        await send(head());
        for (const piece = say("x".repeat(60_000));;) await send(piece);
      });
      assert(error instanceof ChatError && error.code === "resource_exhausted", String(error));
      assert(text.length <= 1_048_576 && text.length > 900_000, `${text.length}`);
    });

    for (const [name, [does, expected, told, attempts]] of Object.entries(FAILURES)) {
      await t.step(`streamResponse tells plainly of a server that ${name}, and keeps what had come`, async () => {
        const { text, error, last, requests } = await ask(does);
        assert(error instanceof ChatError && told.test(error.message), String(error));
        assert(!error.message.includes("sk-very-secret"));
        assertEquals([text, last?.kind, requests.length], [expected, "error", attempts]);
      });
    }
  } finally {
    await database.close();
  }
});
