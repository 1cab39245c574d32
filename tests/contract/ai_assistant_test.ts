/**
 * `@assistant` in rooms, on every database: what it answers, what it leaves alone, and what becomes of answers that are cut off.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Assistant } from "../../src/ai/assistant/assistant.ts";
import { extractAnswer } from "../../src/ai/extractive/answer.ts";
import type { AiServiceOptions } from "../../src/ai/service.ts";
import { createMemoryBus } from "../../src/bus/memory.ts";
import type { AiService, Message } from "../../src/contracts/mod.ts";
import { ChatError } from "../../src/core/errors.ts";
import type { Database } from "../../src/database/database.ts";
import { createMessageService, type RunningMessageService } from "../../src/message/service.ts";
import { createRagService } from "../../src/rag/service.ts";
import { testAiService } from "../support/ai_service.ts";
import { callContext } from "../support/call_context.ts";
import { eachDatabase } from "../support/database.ts";
import { testLog } from "../support/log.ts";
import { type ModelScript, startModelServer, streamed } from "../support/model_server.ts";

const context = callContext();

/** One server with the message, RAG and AI services and the assistant. */
class System implements AsyncDisposable {
  readonly messages: RunningMessageService;
  readonly ai: AiService;
  readonly #ends: (() => Promise<void>)[] = [];

  constructor(database: Database, options: Partial<AiServiceOptions> & { readonly perUser?: number } = {}) {
    const bus = createMemoryBus();
    const log = testLog();
    this.messages = createMessageService({ database, bus, log });
    const rag = createRagService({ database, messages: this.messages, log, pollMs: 50 });
    const ai = testAiService(database, { extract: extractAnswer, ...options });
    this.ai = ai;
    const assistant = new Assistant({ database, messages: this.messages, rag, ai, log, perUser: options.perUser ?? 2, pollMs: 20 });
    this.#ends.push(...[assistant, ai, rag, this.messages, bus].map((part) => () => Promise.resolve(part.close())));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends) await end();
  }

  say(room: string, content: string, username = "ann"): Promise<Message> {
    return this.messages.createMessage({ room, username, content }, context);
  }

  async answersIn(room: string): Promise<readonly Message[]> {
    const { messages } = await this.messages.getMessages({ room, messageType: "assistant", limit: 500 }, context);
    return messages.filter(({ deleted }) => !deleted);
  }

  /** The answers once there are so many and none is being made. */
  async answered(room: string, count = 1, timeoutMs = 30_000): Promise<readonly Message[]> {
    const ended = ({ metadata }: Message) => metadata["assistant_status"] !== "running";
    const answers = await eventually(`${count} answers in ${room}`, async () => {
      const found = await this.answersIn(room);
      return found.length >= count && found.every(ended) ? found : undefined;
    }, timeoutMs);
    assertEquals(answers.length, count);
    return answers;
  }
}

async function eventually<T>(what: string, look: () => T | undefined | Promise<T | undefined>, timeoutMs = 30_000): Promise<T> {
  for (const giveUpAt = Date.now() + timeoutMs;;) {
    const found = await look();
    if (found !== undefined) return found;
    assert(Date.now() < giveUpAt, `not seen in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Some words, and then nothing until the client goes. */
const stuck: ModelScript = ({ signal }) =>
  streamed(["Tea ", "is ", "never"], {
    before: (index) => index === 2 ? new Promise((resolve) => signal.addEventListener("abort", () => resolve())) : undefined,
  });

const textOf = (messages: readonly Message[]) => messages.map(({ content }) => content);

eachDatabase("Assistant", async (t, { database }) => {
  await t.step("it answers from the room with citations of messages, and says plainly when the room holds no answer", async () => {
    await using system = new System(database);
    await system.messages.updateRoom({ room: "office", assistant: true, documents: true }, context);
    const fact = await system.say("office", "The printer on the third floor was bought in 2019.", "bob");
    for (let n = 1; n <= 40; n++) await system.say("office", `Lunch number ${n} was fine.`, "bob");
    const question = await system.say("office", "@Assistant, when was the printer bought?");
    const [answer] = await system.answered("office");
    assert(answer !== undefined);
    assert(answer.content.includes("2019"), answer.content);
    assertEquals([answer.username, answer.metadata["assistant_question"], answer.metadata["assistant_status"]], [
      "assistant",
      `${question.id}`,
      "done",
    ]);
    assertEquals(answer.metadata["assistant_model"], "extractive");
    const [citation] = JSON.parse(answer.metadata["assistant_citations"] ?? "[]");
    assertEquals([citation.message_id, fact.content.slice(citation.start, citation.end)], [fact.id, fact.content]);
    assertEquals(answer.content.slice(citation.text_start, citation.text_end), `[${citation.number}]`);
    await system.say("office", "@assistant who painted the Sistine Chapel?");
    assert((await system.answered("office", 2))[1]?.content.includes("no answer"), "it does not make one up");
  });

  await t.step("it answers only rooms that allow it, only what begins with its name, and never itself or other assistants", async () => {
    await using system = new System(database);
    await system.say("closed", "@assistant what is this?");
    await system.say("quiet", "@assistant this was asked before it was allowed");
    await new Promise((resolve) => setTimeout(resolve, 5));
    await system.messages.updateRoom({ room: "quiet", assistant: true }, context);
    await system.say("quiet", "@assistants are many");
    await system.say("quiet", "Ask @assistant about it");
    await system.say("quiet", "@assistant says the assistant", "assistant");
    await system.messages.createMessage({ room: "quiet", username: "poll", content: "@assistant who won?", via: ["poll"] }, context);
    await system.messages.createMessage({ room: "quiet", username: "bot", content: "@assistant hello", messageType: "assistant" }, context);
    await system.say("quiet", "@assistant");
    const [answer] = await system.answered("quiet", 2);
    assertEquals(answer?.content, "@assistant hello");
    assertEquals((await system.answersIn("quiet"))[1]?.content, "Please write your question after @assistant.");
    assertEquals(await system.answersIn("closed"), []);
  });

  await t.step("several servers answer each question once, and an answer grows by edits", async () => {
    const gate = Promise.withResolvers<void>();
    await using server = startModelServer(() =>
      streamed(["Tea ", "is ", "hot."], { before: (index) => index === 2 ? gate.promise : undefined })
    );
    const providers = [server.provider()];
    await using one = new System(database, { providers, perUser: 100 });
    await using _two = new System(database, { providers, perUser: 100 });
    await one.messages.updateRoom({ room: "twice", assistant: true }, context);
    await Promise.all(Array.from({ length: 8 }, (_, n) => one.say("twice", `@assistant question ${n}?`)));
    await eventually(
      "words shown",
      async () => (await one.answersIn("twice")).filter(({ content }) => content === "Tea is ").length === 8 || undefined,
    );
    gate.resolve();
    assertEquals(new Set(textOf(await one.answered("twice", 8))), new Set(["Tea is hot."]));
    assertEquals(server.calls.length, 8, "each was paid for once");
  });

  await t.step("a user has so many answers at once, and further questions wait", async () => {
    const gates: PromiseWithResolvers<void>[] = [];
    await using server = startModelServer(() => {
      const gate = Promise.withResolvers<void>();
      gates.push(gate);
      return streamed(["Yes."], { before: () => gate.promise });
    });
    await using system = new System(database, { providers: [server.provider()], perUser: 1 });
    await system.messages.updateRoom({ room: "queue", assistant: true }, context);
    await system.say("queue", "@assistant one?");
    await system.say("queue", "@assistant two?");
    await system.say("queue", "@assistant three?", "bob");
    await eventually("one answer for each of two users", () => gates.length === 2 || undefined);
    await new Promise((resolve) => setTimeout(resolve, 200));
    assertEquals(gates.length, 2, "ann's second question waits");
    for (const gate of gates) gate.resolve();
    await eventually("the next", () => gates.length === 3 || undefined);
    gates[2]?.resolve();
    assertEquals(textOf(await system.answered("queue", 3)), ["Yes.", "Yes.", "Yes."]);
  });

  await t.step(
    "deleting the question takes a growing answer back, deleting the answer ends it, and both end the model's work",
    async () => {
      let gone = 0;
      await using server = startModelServer((call) => {
        call.signal.addEventListener("abort", () => gone++);
        return stuck(call);
      });
      await using system = new System(database, { providers: [server.provider()], perUser: 5 });
      await system.messages.updateRoom({ room: "regret", assistant: true }, context);
      const question = await system.say("regret", "@assistant one?");
      const shown = () => eventually("words", async () => (await system.answersIn("regret")).find(({ content }) => content === "Tea is "));
      await shown();
      await system.messages.deleteMessage({ room: "regret", id: question.id }, context);
      await eventually("taken back", async () => (await system.answersIn("regret")).length === 0 || undefined);
      await system.say("regret", "@assistant two?");
      await system.messages.deleteMessage({ room: "regret", id: (await shown()).id }, context);
      await eventually("the model's work ended", () => gone === 2 || undefined);
      assertEquals(await system.answersIn("regret"), []);
    },
  );

  await t.step("who asked may cancel the answer by the name in its metadata, and nobody else; what had come stays", async () => {
    const gone = Promise.withResolvers<void>();
    await using server = startModelServer((call) => {
      call.signal.addEventListener("abort", () => gone.resolve());
      return stuck(call);
    });
    await using system = new System(database, { providers: [server.provider()] });
    await system.messages.updateRoom({ room: "enough", assistant: true }, context);
    await system.say("enough", "@assistant one?", "ann");
    const { metadata } = await eventually(
      "words",
      async () => (await system.answersIn("enough")).find(({ content }) => content === "Tea is "),
    );
    const cancelAs = (name: string, rooms?: ReadonlySet<string>) =>
      system.ai.cancelGeneration(
        { requestId: metadata["assistant_generation"]! },
        callContext({
          caller: { kind: "api_key", id: `key:${name}`, name, scopes: new Set(["ai:use", "messages:write"]), ...(rooms && { rooms }) },
        }),
      );
    for (const [name, rooms] of [["bob", undefined], ["ann", new Set(["other"])]] as const) {
      assertEquals((await assertRejects(() => cancelAs(name, rooms), ChatError)).code, "not_found", name);
    }
    assertEquals((await cancelAs("ann")).success, true);
    await gone.promise;
    const [answer] = await system.answered("enough");
    assertEquals([answer?.content, answer?.metadata["assistant_status"]], [
      "Tea is \n\n(The answer ends here: it was cancelled.)",
      "cancelled",
    ]);
    assertEquals((await cancelAs("ann")).success, false);
  });

  await t.step("a provider's failure becomes a sentence in the room, after what had come", async () => {
    const scripts: ModelScript[] = [
      () => streamed(["Half ", "an "], { finish: null }),
      () => Response.json({ error: { message: "no such model" } }, { status: 404 }),
    ];
    await using server = startModelServer((call) => scripts.shift()!(call));
    await using system = new System(database, { providers: [server.provider()] });
    await system.messages.updateRoom({ room: "broken", assistant: true }, context);
    await system.say("broken", "@assistant one?");
    const [half] = await system.answered("broken");
    assertEquals(half?.content, "Half an \n\n(The answer ends here: The provider test ended its answer before it was complete.)");
    await system.say("broken", "@assistant two?");
    const [, none] = await system.answered("broken", 2);
    assert(none?.content.startsWith("There is no answer: The provider test answered with status 404"), none?.content);
    assertEquals([half?.metadata["assistant_status"], none?.metadata["assistant_status"]], ["failed", "failed"]);
  });

  await t.step("an answer whose server stops is marked as interrupted, and one whose server died is ended by another", async () => {
    await using server = startModelServer(stuck);
    const system = new System(database, { providers: [server.provider()] });
    await system.messages.updateRoom({ room: "stopped", assistant: true }, context);
    await system.say("stopped", "@assistant one?");
    await eventually("words", async () => (await system.answersIn("stopped")).find(({ content }) => content === "Tea is "));
    await system[Symbol.asyncDispose]();
    await using next = new System(database, { providers: [server.provider()] });
    const [answer] = await next.answered("stopped");
    assertEquals([answer?.metadata["assistant_status"], answer?.content], [
      "interrupted",
      "Tea is \n\n(The answer ends here: its server has stopped.)",
    ]);
    assertEquals(server.calls.length, 1);
  });
});
