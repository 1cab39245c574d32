/**
 * What plugins do to messages before they are stored, on every database: decisions, rewriting, refusals, answers, edits, commands, and a plugin service
 * that is away.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createMemoryBus } from "../../src/bus/memory.ts";
import type { Message, MessageService } from "../../src/contracts/mod.ts";
import { type Caller, type Scope } from "../../src/core/caller.ts";
import { ChatError } from "../../src/core/errors.ts";
import type { Database } from "../../src/database/database.ts";
import { createMessageService, type RunningMessageService } from "../../src/message/service.ts";
import { callContext } from "../support/call_context.ts";
import { eachDatabase } from "../support/database.ts";
import { testLog } from "../support/log.ts";
import { type PlainPlugin, PlainPluginService, PlainRegistry, postingHost } from "../support/plugins.ts";

const context = callContext();

/** A message service and the plugins that it asks. */
class Place implements AsyncDisposable {
  readonly registry = new PlainRegistry();
  readonly plugins: PlainPluginService;
  readonly #bus = createMemoryBus();
  readonly #database: Database;
  messages: RunningMessageService;

  constructor(database: Database, ...plugins: readonly PlainPlugin[]) {
    this.#database = database;
    for (const plugin of plugins) this.registry.install(plugin);
    this.plugins = new PlainPluginService(this.registry, { openHost: postingHost(() => this.messages) });
    this.messages = this.server();
  }

  /** Another server of the same system. */
  server(plugins = this.plugins): RunningMessageService {
    return createMessageService({ database: this.#database, bus: this.#bus, log: testLog(), plugins });
  }

  /** Waits until the service knows of a change to the plugins: it is told, but not before the change is made. */
  async knows(isSo: () => Promise<boolean>): Promise<void> {
    for (const giveUpAt = Date.now() + 20_000; !await isSo();) {
      assert(Date.now() < giveUpAt, "The service does not hear of the plugins");
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.messages.close();
    await this.#bus.close();
  }
}

async function refusal(work: Promise<unknown>): Promise<ChatError> {
  return await assertRejects(() => work, ChatError) as ChatError;
}

function callerWith(name: string, ...scopes: readonly Scope[]): Caller {
  return { kind: "api_key", id: `key:${name}`, name, scopes: new Set(scopes) };
}

const masks: PlainPlugin = {
  ...{ name: "masks", hooks: [{ order: 1, rooms: ["kitchen", "hall"] }] },
  hook: ({ draft }) =>
    draft!.content.includes("darn")
      ? { decision: "rewrite", reason: "A rude word", draft: { ...draft!, content: draft!.content.replaceAll("darn", "****") } }
      : {},
};
const moderates: PlainPlugin = {
  ...{ name: "moderates", hooks: [{ order: 2, rooms: ["kitchen"] }] },
  hook: ({ draft }) => {
    if (draft!.content.includes("buy")) return { decision: "drop", reason: "No advertising." };
    return draft!.content.includes("help") ? { decision: "respond", response: "Try /help", reason: "A question" } : {};
  },
};

async function says(messages: MessageService, content: string, more: object = {}): Promise<Message> {
  return await messages.createMessage({ room: "kitchen", username: "ann", content, ...more }, context);
}

eachDatabase("MessageService.createMessage", async (t, { database }) => {
  await t.step("it stores what hooks leave of a message, with each decision, and tells it in every way of reading", async () => {
    await using place = new Place(database, masks, moderates);
    const stop = new AbortController();
    const stream = await place.messages.streamMessages({ room: "kitchen" }, callContext({ signal: stop.signal }));
    const stored = await says(place.messages, "darn it");
    assertEquals([stored.content, stored.via], ["**** it", undefined]);
    const decided = { version: "1.0.0", failure: "" };
    assertEquals(stored.decisions, [
      { plugin: "masks", decision: "rewrite", reason: "A rude word", ...decided },
      { plugin: "moderates", decision: "allow", reason: "", ...decided },
    ]);
    const plain = await says(place.messages, "darn it", { room: "attic" });
    assertEquals([plain.content, "decisions" in plain], ["darn it", false]);
    const read = await place.messages.getMessage({ room: "kitchen", id: stored.id }, context);
    const { messages: [listed] } = await place.messages.getMessages({ room: "kitchen" }, context);
    const replayed = await place.messages.streamMessages({ room: "kitchen", afterSeq: 0 }, callContext({ signal: stop.signal }));
    for (const found of [read, listed, ...await first(stream), ...await first(replayed)]) assertEquals(found, stored);
    stop.abort();
  });

  await t.step("it refuses what a hook drops, and gives a hook's answer instead of a message, storing nothing", async () => {
    await using place = new Place(database, masks, moderates);
    const head = async () => (await place.messages.getRoom({ room: "kitchen" }, context)).headSeq;
    const before = await head();
    const refused = await refusal(says(place.messages, "buy this"));
    assertEquals([refused.code, refused.message], [
      "permission_denied",
      "The plugin moderates does not let the message through: No advertising",
    ]);
    const answer = await says(place.messages, "help darn", { clientMessageId: "q" });
    const { id, seq, content, username, messageType, clientMessageId, decisions } = answer;
    assertEquals([id, seq, content, username, messageType, clientMessageId], [0, 0, "Try /help", "moderates", "response", "q"]);
    assertEquals(decisions?.map(({ decision }) => decision), ["rewrite", "respond"]);
    assertEquals(await head(), before);
  });

  await t.step("it gives a repeat the first message without asking again", async () => {
    let asked = 0;
    await using place = new Place(database, { name: "counts", hooks: [{}], hook: () => (asked++, {}) });
    const stored = await says(place.messages, "once", { clientMessageId: "once" });
    const repeat = await says(place.messages, "once", { clientMessageId: "once" });
    assertEquals([repeat, asked], [stored, 1]);
  });

  await t.step("it asks about edits, keeps each version's decisions, and takes them out of what is deleted", async () => {
    await using place = new Place(database, masks, moderates);
    const { messages } = place;
    const stored = await says(messages, "fine", { metadata: { a: "b" } });
    const key = { room: "kitchen", id: stored.id };
    assertEquals((await refusal(messages.updateMessage({ ...key, content: "buy" }, context))).code, "permission_denied");
    assertEquals((await refusal(messages.updateMessage({ ...key, content: "help" }, context))).code, "permission_denied");
    const edited = await messages.updateMessage({ ...key, content: "darn" }, context);
    assertEquals([edited.content, edited.metadata, edited.decisions?.[0]?.reason], ["****", { a: "b" }, "A rude word"]);
    const stranger = callContext({ caller: callerWith("eve", "messages:write", "messages:read") });
    assertEquals((await refusal(messages.updateMessage({ ...key, content: "buy" }, stranger))).message.includes("another's"), true);
    const stop = new AbortController();
    const open = () =>
      messages.streamMessages({ ...key, afterSeq: stored.seq - 1, includeChanges: true }, callContext({ signal: stop.signal }));
    const [created, changed] = await first(await open());
    assertEquals([created?.decisions?.map(({ decision }) => decision), changed?.decisions], [["allow", "allow"], edited.decisions]);
    await messages.deleteMessage(key, context);
    for (const told of await first(await open())) assertEquals([told.deleted, "decisions" in told], [true, false]);
    stop.abort();
  });

  await t.step("it takes via only from who may write as anybody, keeps it, and passes over hooks of those plugins", async () => {
    await using place = new Place(database, masks);
    const stored = await says(place.messages, "darn", { via: ["masks", "other"] });
    assertEquals([stored.content, stored.via, "decisions" in stored], ["darn", ["masks", "other"], false]);
    const key = { room: "kitchen", id: stored.id };
    assertEquals((await place.messages.updateMessage({ ...key, content: "darn it" }, context)).content, "darn it");
    await place.messages.deleteMessage(key, context);
    assertEquals((await place.messages.getMessage(key, context)).via, ["masks", "other"]);
    const writer = callContext({ caller: callerWith("ann", "messages:write") });
    const refused = await refusal(place.messages.createMessage({ room: "kitchen", username: "ann", content: "a", via: ["masks"] }, writer));
    assertEquals(refused.code, "permission_denied");
    assertEquals((await refusal(says(place.messages, "a", { via: Array(17).fill("a") }))).code, "invalid_argument");
  });

  await t.step(
    "it lets open hooks pass and keeps closed ones closed while they fail or the plugin service is away, also after a restart",
    async () => {
      const open = { name: "open", hooks: [{ rooms: ["open", "both"] }] };
      await using place = new Place(database, open, { name: "shut", hooks: [{ rooms: ["shut", "both"], onFailure: "closed" }] });
      await says(place.messages, "before", { room: "both" });
      place.plugins.away = new ChatError("unavailable", "Nobody is there");
      const looks = async (messages: MessageService) => {
        const stored = await says(messages, "during", { room: "open" });
        assertEquals(stored.decisions, [{ plugin: "open", version: "", decision: "allow", reason: "", failure: "Nobody is there" }]);
        for (const room of ["shut", "both"]) {
          const refused = await refusal(says(messages, "during", { room }));
          assertEquals([refused.code, refused.retryAfterMs !== undefined], ["unavailable", true]);
        }
        assertEquals((await says(messages, "during", { room: "free" })).decisions, undefined);
      };
      await looks(place.messages);
      await place.messages.close();
      place.messages = place.server();
      await looks(place.messages);
      place.plugins.away = undefined;
      await place.knows(async () => (await says(place.messages, "after", { room: "open" })).decisions?.[0]?.failure === "");
      assertEquals((await says(place.messages, "after", { room: "shut" })).decisions?.[0]?.plugin, "shut");
    },
  );

  await t.step(
    "it refuses where the plugin service refuses, so that nobody gets past an open hook by a call that it will not take",
    async () => {
      await using place = new Place(database, masks);
      place.plugins.away = new ChatError("permission_denied", "Not you");
      assertEquals((await refusal(says(place.messages, "darn"))).code, "permission_denied");
    },
  );

  await t.step("it lets nothing past an open hook because its caller is in haste, or because plugins have too much to do", async () => {
    const gate = Promise.withResolvers<void>();
    const hook = () => gate.promise.then(() => ({}));
    const hurried = { name: "hurried", hooks: [{ rooms: ["hurried"], timeoutMs: 60 }], hook };
    await using place = new Place(database, hurried, { name: "slow", hooks: [{ rooms: ["slow"] }], hook });
    const hasty = { ...callContext(), deadlineAtMs: Date.now() + 30 };
    const refused = await refusal(place.messages.createMessage({ room: "hurried", username: "ann", content: "now" }, hasty));
    assertEquals(refused.code, "deadline_exceeded");
    const crowd = Array.from({ length: 140 }, () => says(place.messages, "many", { room: "slow" }).catch((error) => error as ChatError));
    assertEquals((await says(place.messages, "free", { room: "free" })).content, "free");
    assertEquals(place.messages.load.asking, 128);
    await Promise.race(crowd);
    gate.resolve();
    const all = await Promise.all(crowd);
    assertEquals(all.filter((one) => one instanceof ChatError && one.code === "resource_exhausted").length, 12);
    assertEquals(all.filter((one) => "decisions" in one && one.decisions?.[0]?.failure === "").length, 128);
  });

  await t.step("it follows plugins as they come and go", async () => {
    await using place = new Place(database);
    assertEquals((await says(place.messages, "darn")).content, "darn");
    place.registry.install(masks);
    await place.knows(async () => (await says(place.messages, "darn")).content === "****");
    place.registry.remove("masks");
    await place.knows(async () => (await says(place.messages, "darn")).decisions === undefined);
  });

  await t.step("it runs a command once for a key, on however many servers, and answers its author alone", async () => {
    const runs: unknown[] = [];
    const gate = Promise.withResolvers<void>();
    const actions = {
      roll: async (input: unknown) => {
        runs.push(input);
        await gate.promise;
        return { text: `Rolled ${runs.length}` };
      },
      fails: () => Promise.reject(new ChatError("failed_precondition", "No dice")),
    };
    const hooks = Object.keys(actions).map((action) => ({ event: "command", command: action, action }));
    await using place = new Place(database, { name: "dice", hooks, actions });
    const other = place.server();
    await place.knows(async () => (await says(other, "/fails").catch(() => undefined)) === undefined);
    const give = (messages: MessageService, more: object = {}) => says(messages, "/Roll 2 d6", { clientMessageId: "roll", ...more });
    const answers = [give(place.messages), give(other), give(place.messages)];
    await place.knows(() => Promise.resolve(runs.length > 0));
    gate.resolve();
    for (const { id, content, username, messageType } of await Promise.all(answers)) {
      assertEquals([id, content, username, messageType], [0, "Rolled 1", "dice", "response"]);
    }
    assertEquals(await give(other), await answers[0]);
    assertEquals(runs, [{ args: "2 d6", text: "/Roll 2 d6" }]);
    assertEquals((await refusal(give(other, { username: "bob" }))).code, "already_exists");
    assertEquals((await says(other, "/roll", {})).content, "Rolled 2");
    assertEquals((await refusal(says(other, "/fails", { clientMessageId: "f" }))).message, "No dice");
    assertEquals((await refusal(says(place.messages, "/fails", { clientMessageId: "f" }))).code, "failed_precondition");
    for (const content of ["/rolls", "roll"]) assert((await says(other, content)).id > 0);
    assert((await says(other, "/roll", { via: ["bot"] })).id > 0, "what plugins write is no command");
    place.registry.remove("dice");
    await place.knows(async () => (await says(place.messages, "/roll", { clientMessageId: "late" })).id > 0);
    await other.close();
  });
});

/** The first batch of a stream. */
async function first(stream: AsyncIterable<readonly Message[]>): Promise<readonly Message[]> {
  for await (const batch of stream) return batch;
  throw new Error("The stream is empty");
}
