/**
 * What plugins may ask of the system in one call, on every database.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { createMemoryBus } from "../../src/bus/memory.ts";
import type { CapabilityRequest, MessageService, StorageRequest } from "../../src/contracts/mod.ts";
import { ANYBODY, type Caller, type Scope } from "../../src/core/caller.ts";
import { ChatError } from "../../src/core/errors.ts";
import type { Database } from "../../src/database/database.ts";
import { createMessageService } from "../../src/message/service.ts";
import { createHosts, type HostOptions } from "../../src/plugin/host/host.ts";
import { pluginIdentity } from "../../src/plugin/host/identity.ts";
import { clearStorage, STORAGE_LIMITS } from "../../src/plugin/host/storage.ts";
import type { HostedCall } from "../../src/plugin/launch.ts";
import type { PluginHost } from "../../src/plugin/runner.ts";
import { createRagService } from "../../src/rag/service.ts";
import { testAiService } from "../support/ai_service.ts";
import { callContext } from "../support/call_context.ts";
import { eachDatabase } from "../support/database.ts";
import { testLog } from "../support/log.ts";

const ALL = ["messages.read", "messages.post", "documents.search", "ai.generate", "storage"];
const SCOPES: readonly Scope[] = ["messages:read", "messages:write", "documents:read", "ai:use"];

/** What a test says of a call; the rest is an ordinary one. */
interface Case {
  readonly name?: string;
  readonly caller?: Caller;
  readonly room?: string;
  readonly capabilities?: readonly string[];
  readonly rooms?: readonly string[];
  readonly via?: readonly string[];
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
}

function callOf(
  { name = "poll", caller = ANYBODY, room = "", capabilities = ALL, rooms = [], via = [], dryRun = false, signal }: Case,
): HostedCall {
  const granted = { net: [], env: [], data: false, capabilities, rooms };
  const manifest = { name, version: "1.0.0", description: "", actions: [], hooks: [] };
  const plugin = { name, version: "1.0.0", digest: "", manifest, granted } as unknown as HostedCall["plugin"];
  return { plugin, room, via, dryRun, context: callContext({ caller, ...(signal === undefined ? {} : { signal }) }) };
}

const user = (name: string, { scopes = SCOPES, rooms }: { scopes?: readonly Scope[]; rooms?: readonly string[] } = {}): Caller => ({
  ...{ kind: "api_key", id: `key:${name}`, name, scopes: new Set(scopes) },
  ...(rooms === undefined ? {} : { rooms: new Set(rooms) }),
});

interface System extends HostOptions {
  readonly messages: MessageService;
  open(one: Case): PluginHost & { close(): void };
  use(request: CapabilityRequest, one?: Case): ReturnType<PluginHost["use"]>;
}

async function withSystem(database: Database, work: (system: System) => Promise<void>): Promise<void> {
  const bus = createMemoryBus();
  const messages = createMessageService({ database, bus, log: testLog() });
  const rag = createRagService({ database, messages, log: testLog() });
  const ai = testAiService(database, { sources: { rag, messages } });
  const parts = { database, messages, rag, ai, log: testLog() };
  const open = createHosts(parts);
  try {
    await work({ ...parts, open: (one) => open(callOf(one)), use: (request, one = {}) => open(callOf(one)).use(request) });
  } finally {
    await ai.close();
    await rag.close();
    await messages.close();
    await bus.close();
  }
}

async function refusal(work: Promise<unknown>): Promise<string> {
  const { code, message } = await assertRejects(() => work, ChatError);
  return `${code}: ${message}`;
}

const post = (content: string, room?: string): CapabilityRequest => ({
  postMessage: { content, username: "ann", ...(room === undefined ? {} : { room }) },
});

eachDatabase(
  "PluginHost lets a plugin do what was granted, of what its user may do, and keeps values for each",
  async (t, { database }) => {
    await keepsValues(t, database);
    await withSystem(database, async (system) => {
      const { messages, use, open } = system;
      await messages.updateRoom({ room: "board", restricted: true, members: ["bea"], replaceMembers: true }, callContext());
      await messages.createMessage({ room: "board", username: "bea", content: "The secret of the board" }, callContext());
      await messages.createMessage({ room: "hall", username: "ann", content: "The kettle is in the hall" }, callContext());

      await t.step("each capability must be granted by its name, and exactly one is asked for", async () => {
        const requests: CapabilityRequest[] = [
          ...[{ readMessages: {} }, post("x"), { searchDocuments: { query: "x" } }, { generate: { prompt: "x" } }],
          { storage: { operation: "get", key: "x" } },
        ];
        for (const [index, request] of requests.entries()) {
          const rest = ALL.filter((_, at) => at !== index);
          assertEquals(
            await refusal(use(request, { room: "hall", capabilities: rest })),
            `permission_denied: Plugin poll was not granted ${ALL[index]}`,
          );
        }
        for (const request of [{}, { ...requests[0], ...requests[1] }, null, [], { other: {} }]) {
          assertMatch(await refusal(use(request as CapabilityRequest, { room: "hall" })), /^invalid_argument/);
        }
      });

      await t.step("the user's scopes hold, and each is named", async () => {
        const wanted: [CapabilityRequest, Scope][] = [
          [{ readMessages: {} }, "messages:read"],
          [post("x"), "messages:write"],
          [{ searchDocuments: { query: "x" } }, "documents:read"],
          [{ searchDocuments: { query: "x", collection: "room:hall" } }, "messages:read"],
          [{ generate: { prompt: "x" } }, "ai:use"],
          [{ generate: { prompt: "x", room: "hall" } }, "messages:read"],
          [{ generate: { prompt: "x", collection: "default" } }, "documents:read"],
        ];
        for (const [request, scope] of wanted) {
          const caller = user("ann", { scopes: SCOPES.filter((one) => one !== scope) });
          assertEquals(
            await refusal(use(request, { caller, room: "hall" })),
            `permission_denied: The caller key:ann lacks the scope ${scope}`,
          );
        }
      });

      await t.step("rooms: the call's own, those that were granted, or every one; and never more than the user may use", async () => {
        const read = (room: string, one: Case) => use({ readMessages: { room } }, { caller: user("ann"), ...one });
        assertEquals((await read("", { room: "hall" })).messages?.messages[0]?.content, "The kettle is in the hall");
        assertEquals(await refusal(read("", {})), "invalid_argument: Field `room` must be named, because the call happens in no room");
        assertEquals(await refusal(read("yard", { room: "hall" })), 'permission_denied: Plugin poll was not granted room "yard"');
        assertEquals(
          await refusal(read("hall", { room: "hall", rooms: ["yard"] })),
          'permission_denied: Plugin poll was not granted room "hall"',
        );
        assertEquals((await read("yard", { rooms: ["yard"] })).messages?.totalCount, 0);
        assertEquals((await read("yard", { rooms: ["*"] })).messages?.totalCount, 0);
        const keyed = user("ann", { rooms: ["hall"] });
        assertEquals(
          await refusal(read("yard", { rooms: ["*"], caller: keyed })),
          'permission_denied: The caller key:ann may not use room "yard"',
        );
        for (const rooms of [["*"], ["board"]]) {
          const denied = 'permission_denied: The caller key:ann is no member of room "board"';
          const reads = { searchDocuments: { query: "secret", collection: "room:board" } };
          assertEquals(await refusal(read("board", { rooms })), denied);
          assertEquals(await refusal(use(post("x", "board"), { rooms, caller: user("ann") })), denied);
          assertEquals(await refusal(use(reads, { rooms, caller: user("ann") })), denied);
          assertEquals(await refusal(use({ generate: { prompt: "x", room: "board" } }, { rooms, caller: user("ann") })), denied);
          assertEquals((await read("board", { rooms, caller: user("bea") })).messages?.totalCount, 1);
        }
      });

      await t.step(
        "a user known by a certificate is held to its own rights too, though other services know this process only",
        async () => {
          const caller: Caller = { ...user("ann"), kind: "certificate", id: "certificate:ann" };
          assertMatch(await refusal(use({ readMessages: { room: "board" } }, { caller, rooms: ["*"] })), /no member of room "board"/);
        },
      );

      await t.step("a plugin writes as itself, whatever it says, and its message tells whose work it is", async () => {
        const asked: unknown[] = [];
        const spy = new Proxy(messages, {
          get: (target, name) =>
            name === "createMessage"
              ? (request: object, context: never) => (asked.push(request), target.createMessage(request as never, context))
              : Reflect.get(target, name).bind?.(target),
        });
        const host = createHosts({ ...system, messages: spy })(callOf({ room: "hall", via: ["greeter"], caller: user("ann") }));
        const request = { ...post("Vote").postMessage!, via: ["nobody"], metadata: { kind: "poll" }, messageType: "poll" };
        const { message } = await host.use({ postMessage: request });
        assertEquals([message?.username, message?.content, message?.metadata], ["poll", "Vote", { kind: "poll" }]);
        assertEquals(asked, [{
          content: "Vote",
          messageType: "poll",
          metadata: { kind: "poll" },
          room: "hall",
          username: "poll",
          via: ["greeter", "poll"],
        }]);
        assertMatch(
          await refusal(use(post("x"), { room: "hall", via: Array(8).fill("ring") })),
          /^failed_precondition: Plugins have caused/,
        );
      });

      await t.step("a key of a message is the plugin's own: it repeats its own message and finds nobody else's", async () => {
        const secret = await messages.createMessage(
          { room: "hall", username: "bea", content: "hers", clientMessageId: "k" },
          callContext(),
        );
        const keyed = (one: Case) => use({ postMessage: { content: "its", username: "", clientMessageId: "k" } }, { room: "hall", ...one });
        const [first, again, others] = [await keyed({}), await keyed({}), await keyed({ name: "quiz" })];
        assertEquals([first.message?.content, again.message?.id], ["its", first.message?.id]);
        assert(new Set([first.message?.id, others.message?.id, secret.id]).size === 3);
        const taken = `plugin:poll:${first.message?.clientMessageId.split(":")[2]}`;
        await messages.createMessage({ room: "yard", username: "eve", content: "squat", clientMessageId: taken }, callContext());
        assertMatch(
          await refusal(use({ postMessage: { content: "x", username: "", clientMessageId: "k", room: "yard" } }, { rooms: ["yard"] })),
          /^already_exists/,
        );
      });

      await t.step("an answer is grounded only where the plugin and its user may look, and is never another's", async () => {
        const caller = user("ann");
        const { generation } = await use({ generate: { prompt: "Where is the kettle?", room: "hall" } }, { caller, room: "hall" });
        assertMatch(generation?.response ?? "", /kettle is in the hall/);
        const grounded = { generate: { prompt: "x", room: "hall" } };
        assertMatch(await refusal(use(grounded, { room: "hall", capabilities: ["ai.generate"] })), /not granted messages.read/);
        const byDocuments = { generate: { prompt: "x", collection: "default" } };
        assertMatch(await refusal(use(byDocuments, { capabilities: ["ai.generate"] })), /not granted documents.search/);
        assertMatch(
          await refusal(
            use({ searchDocuments: { query: "x", collection: "room:hall" } }, { room: "hall", capabilities: ["documents.search"] }),
          ),
          /not granted messages.read/,
        );
        await system.ai!.generateResponse({ prompt: "My diary", requestId: "diary" }, callContext({ caller }));
        assertMatch(await refusal(use({ generate: { prompt: "", requestId: "diary" } }, { caller })), /^not_found/);
        assertMatch(
          await refusal(use({ generate: { prompt: "x", tools: ["poll/vote"] } }, { caller })),
          /^invalid_argument: Field `tools`/,
        );
      });

      await t.step("without a user it is itself: in its rooms, and in restricted ones only where they were granted by name", async () => {
        const caller = pluginIdentity("poll");
        assertEquals((await use({ readMessages: { room: "board" } }, { caller, rooms: ["board"] })).messages?.totalCount, 1);
        assertMatch(await refusal(use({ readMessages: { room: "board" } }, { caller, rooms: ["*"] })), /no member of room "board"/);
        assertEquals((await use({ readMessages: { room: "board" } }, { caller, room: "board" })).messages?.totalCount, 1);
        assertEquals((await use(post("Time!", "board"), { caller, rooms: ["*"] })).message?.username, "poll");
        assertMatch(await refusal(use(post("x", "hall"), { caller })), /not granted room "hall"/);
        const caused = { caller: pluginIdentity("quiz"), via: ["quiz"] };
        assertMatch(await refusal(use({ readMessages: { room: "board" } }, { ...caused, rooms: ["*"] })), /no member of room "board"/);
        assertEquals((await use({ readMessages: { room: "board" } }, { ...caused, rooms: ["board"] })).messages?.totalCount, 2);
        const forged = { caller: user("ann"), via: ["quiz"] };
        assertMatch(
          await refusal(use({ readMessages: { room: "board" } }, { ...forged, rooms: ["board"] })),
          /key:ann is no member of room "board"/,
        );
        const other = pluginIdentity("quiz");
        assertMatch(
          await refusal(
            use({ readMessages: { room: "board" } }, { name: "poll", caller: { ...other, scopes: new Set() }, rooms: ["board"] }),
          ),
          /^unauthenticated/,
        );
      });

      await t.step("a dry run changes nothing and reads all the same", async () => {
        const dry: Case = { room: "hall", dryRun: true };
        const changes: CapabilityRequest[] = [
          ...[post("x"), { generate: { prompt: "x" } }, { storage: { operation: "set", key: "k", value: "v" } }],
          { storage: { operation: "delete", key: "k" } },
        ];
        for (const request of changes) assertMatch(await refusal(use(request, dry)), /^failed_precondition: .* in a dry run/);
        assert((await use({ readMessages: {} }, dry)).messages !== undefined);
        assertEquals((await use({ storage: { operation: "get", key: "k" } }, dry)).storage?.entries, []);
      });

      await t.step("nothing is answered once the call is over, and what is under way ends", async () => {
        const host = open({ room: "hall" });
        host.close();
        assertMatch(await refusal(host.use({ readMessages: {} })), /^unauthenticated: The call is over/);
        const caller = new AbortController();
        const gone = open({ room: "hall", signal: caller.signal });
        caller.abort(new ChatError("cancelled", "The caller left"));
        assertMatch(await refusal(gone.use({ readMessages: {} })), /^unauthenticated/);
        const busy = open({ room: "hall" });
        const asking = refusal(busy.use({ readMessages: {} }));
        busy.close();
        assertMatch(await asking, /^cancelled: The plugin's call is over/);
      });

      await t.step("so many questions a call, and no more", async () => {
        const host = open({});
        const all = await Promise.allSettled(Array.from({ length: 105 }, () => host.use({ storage: { operation: "get", key: "k" } })));
        assertEquals(all.filter(({ status }) => status === "fulfilled").length, 100);
        assertMatch(await refusal(host.use({ storage: { operation: "get", key: "k" } })), /^resource_exhausted/);
      });

      await t.step("nonsense is refused in words and never a fault of the server", async () => {
        const nonsense: unknown[] = [
          ...[{ readMessages: "x" }, { readMessages: { limit: "9" } }, { readMessages: { metadata: { a: 1 } } }, {
            readMessages: { metadata: [] },
          }],
          ...[{ postMessage: { content: 7 } }, { postMessage: { content: "" } }, { postMessage: { content: "a\0b" } }, {
            postMessage: { content: "\ud800" },
          }],
          ...[{ generate: { prompt: "x", context: "y" } }, { generate: { prompt: "x", turns: [{ role: "user" }, null] } }, {
            generate: { prompt: "x", context: Array(2000).fill("y") },
          }],
          ...[{ searchDocuments: { query: {} } }, { searchDocuments: { query: "x", exact: "yes" } }],
          ...[{ storage: { operation: "drop" } }, { storage: { operation: "get" } }, {
            storage: { operation: "set", key: "k".repeat(257), value: "" },
          }],
          ...[{ storage: { operation: "set", key: "k", value: "v".repeat(65_537) } }, {
            storage: { operation: "set", key: "k", value: "", ifVersion: -1 },
          }],
          ...[{ storage: { operation: "list", limit: 1_001 } }, { storage: { operation: "set", key: "k", value: "a\0" } }],
          JSON.parse('{"readMessages": {"__proto__": {"limit": "x"}, "limit": NaN}}'.replace("NaN", "1.5")),
        ];
        for (const request of nonsense) {
          assertMatch(
            await refusal(use(request as CapabilityRequest, { room: "hall" })),
            /^invalid_argument: [A-Z]/,
            JSON.stringify(request),
          );
        }
      });

      await t.step("a service that this process has no way to is told of", async () => {
        const alone = createHosts({ database, log: testLog() })(callOf({ room: "hall" }));
        for (const request of [{ readMessages: {} }, post("x"), { searchDocuments: { query: "x" } }, { generate: { prompt: "x" } }]) {
          assertMatch(await refusal(alone.use(request)), /^failed_precondition: This server knows no \w+ service/);
        }
      });
    });
  },
);

/** One database for both tests: opening one costs a second. */
async function keepsValues(t: Deno.TestContext, database: Database): Promise<void> {
  const open = createHosts({ database, log: testLog() });
  const keeper = (name: string) => async (request: StorageRequest) => {
    const { storage } = await open(callOf({ name })).use({ storage: request });
    return storage!;
  };
  const keep = keeper("poll");
  const set = (key: string, value: string, ifVersion?: number) =>
    keep({ operation: "set", key, value, ...(ifVersion === undefined ? {} : { ifVersion }) });

  await t.step("set, get and delete, each version one more, and nobody else's", async () => {
    assertEquals((await set("a", "1")).entries, [{ key: "a", value: "1", version: 1 }]);
    assertEquals((await set("a", "2")).entries, [{ key: "a", value: "2", version: 2 }]);
    assertEquals(await keep({ operation: "get", key: "a" }), {
      success: true,
      entries: [{ key: "a", value: "2", version: 2 }],
      hasMore: false,
    });
    assertEquals((await keeper("quiz")({ operation: "get", key: "a" })).entries, []);
    assertEquals(await keep({ operation: "delete", key: "a" }), { success: true, entries: [], hasMore: false });
    assertEquals(await keep({ operation: "delete", key: "a" }), { success: false, entries: [], hasMore: false });
  });

  await t.step("if_version: the change is made at that version only, and a failed one tells the value as it is", async () => {
    assertEquals((await set("cas", "x", 1)).success, false);
    assertEquals((await set("cas", "x", 0)).success, true);
    assertEquals(await set("cas", "y", 0), { success: false, entries: [{ key: "cas", value: "x", version: 1 }], hasMore: false });
    assertEquals((await keep({ operation: "delete", key: "cas", ifVersion: 2 })).success, false);
    assertEquals((await keep({ operation: "delete", key: "cas", ifVersion: 1 })).success, true);
  });

  await t.step("of many that count up at once each counts", async () => {
    const countUp = async () => {
      for (;;) {
        const [found] = (await keep({ operation: "get", key: "n" })).entries;
        if ((await set("n", `${Number(found?.value ?? 0) + 1}`, found?.version ?? 0)).success) return;
      }
    };
    await Promise.all(Array.from({ length: 10 }, countUp));
    assertEquals((await keep({ operation: "get", key: "n" })).entries[0], { key: "n", value: "10", version: 10 });
  });

  await t.step("list: by prefix, in order, page by page, and no page is larger than a message", async () => {
    for (const key of ["p/b", "p/a", "p%c", "p/é", "q/a"]) await set(key, key);
    const keysOf = async (request: Partial<StorageRequest>) => {
      const { entries, hasMore } = await keep({ operation: "list", key: "", ...request });
      return [entries.map(({ key }) => key), hasMore];
    };
    assertEquals(await keysOf({ key: "p/" }), [["p/a", "p/b", "p/é"], false]);
    assertEquals(await keysOf({ key: "p/", limit: 2 }), [["p/a", "p/b"], true]);
    assertEquals(await keysOf({ key: "p/", afterKey: "p/b" }), [["p/é"], false]);
    assertEquals(await keysOf({ key: "p%" }), [["p%c"], false]);
    assertEquals(await keysOf({ key: "nothing" }), [[], false]);
    for (let index = 0; index < 20; index++) await set(`large/${index}`, "x".repeat(65_536));
    const [page, hasMore] = await keysOf({ key: "large/" });
    assertEquals([(page as string[]).length, hasMore], [15, true]);
  });

  await t.step("quotas hold, in bytes and in keys, also for writers at once, and what is there may shrink", async () => {
    const full = keeper("full");
    await database.kysely.insertInto("plugin_storage_use").values({
      plugin: "full",
      keys: STORAGE_LIMITS.keys - 1,
      bytes: STORAGE_LIMITS.allBytes - 100,
    })
      .execute();
    const writes = await Promise.allSettled([1, 2, 3].map((n) => full({ operation: "set", key: `k${n}`, value: "v" })));
    assertEquals(writes.filter(({ status }) => status === "fulfilled").length, 1);
    const [kept] = (await full({ operation: "list", key: "" })).entries;
    assertMatch(await refusal(full({ operation: "set", key: kept!.key, value: "v".repeat(200) })), /^resource_exhausted: .* bytes in all/);
    assertEquals((await full({ operation: "set", key: kept!.key, value: "" })).success, true);
    assertEquals((await full({ operation: "delete", key: kept!.key })).success, true);
    const [use] = await database.kysely.selectFrom("plugin_storage_use").selectAll().where("plugin", "=", "full").execute();
    assertEquals(use, { plugin: "full", keys: STORAGE_LIMITS.keys - 1, bytes: STORAGE_LIMITS.allBytes - 100 });
  });

  await t.step("clearStorage forgets one plugin's values", async () => {
    await keeper("quiz")({ operation: "set", key: "stays", value: "1" });
    await clearStorage(database.kysely, "poll");
    assertEquals((await keep({ operation: "list", key: "" })).entries, []);
    assertEquals((await keeper("quiz")({ operation: "list", key: "" })).entries.length, 1);
  });
}
