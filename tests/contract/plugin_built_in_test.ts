/**
 * The plugins that come with this system, in the sandbox and with what a real host gives them.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { createHmac } from "node:crypto";
import { createMemoryBus } from "../../src/bus/memory.ts";
import type { CreateMessageRequest, Message, MessageService } from "../../src/contracts/mod.ts";
import { ANYBODY, type Caller } from "../../src/core/caller.ts";
import { ChatError } from "../../src/core/errors.ts";
import type { Database } from "../../src/database/database.ts";
import { openDatabase } from "../../src/database/open.ts";
import { createMessageService } from "../../src/message/service.ts";
import { Actions } from "../../src/plugin/actions.ts";
import { builtInArchives } from "../../src/plugin/built_in/archives.ts";
import { createHosts } from "../../src/plugin/host/host.ts";
import { pluginIdentity } from "../../src/plugin/host/identity.ts";
import type { HostedCall, OpenHost } from "../../src/plugin/launch.ts";
import { readArchive } from "../../src/plugin/packages/archive.ts";
import type { ActivePlugin } from "../../src/plugin/registry.ts";
import type { HookAnswer } from "../../src/plugin/runner.ts";
import type { Sandboxes } from "../../src/plugin/sandbox/sandboxes.ts";
import { callContext } from "../support/call_context.ts";
import { databasePlace } from "../support/database.ts";
import { testLog } from "../support/log.ts";
import { withSandboxes } from "../support/sandbox.ts";

const PATIENCE_MS = 20_000;

interface System {
  readonly sandboxes: Sandboxes;
  readonly database: Database;
  readonly messages: MessageService;
  readonly openHost: OpenHost;
}

/** One of them, running. */
class BuiltIn implements AsyncDisposable {
  readonly #plugin: ActivePlugin;
  readonly #system: System;
  readonly #actions: Actions;

  private constructor(plugin: ActivePlugin, system: System) {
    this.#plugin = plugin;
    this.#system = system;
    this.#actions = new Actions(system.openHost);
  }

  static async start(name: string, system: System, net: readonly string[] = []): Promise<BuiltIn> {
    const [archive] = await builtInArchives([name], { [name]: net });
    const { digest, manifest, code } = await readArchive(archive!, new Set());
    assert(code.kind === "module");
    const granted = manifest.permissions!;
    await system.sandboxes.check({ manifest, code, granted }, new AbortController().signal);
    const runner = await system.sandboxes.createRunner({ manifest, code, granted }, { onLog: () => {}, onState: () => {} });
    return new BuiltIn({ name, version: manifest.version, digest, manifest, granted, runner }, system);
  }

  /** Runs an action as a user in a room; gives its output. */
  // deno-lint-ignore no-explicit-any -- a test looks into whatever came
  async run(action: string, input: object, { user = "ann", caller = ANYBODY, room = "hall" } = {}): Promise<any> {
    return JSON.parse(await this.#actions.run(this.#call({ caller, room, username: user }), action, JSON.stringify(input)));
  }

  /** What a command answers. */
  async say(command: string, args: string, user = "ann", room = "hall"): Promise<string> {
    return (await this.run(command, { args, text: `/${command} ${args}` }, { user, room })).text;
  }

  /** What it is called for by nobody. */
  // deno-lint-ignore no-explicit-any -- the same
  tick(action: string): Promise<any> {
    return this.run(action, { due: "2031-01-01T00:00:00Z" }, { user: "", caller: pluginIdentity(this.#plugin.name), room: "" });
  }

  async decide(content: string, room = "hall"): Promise<HookAnswer> {
    return await this.#hook("message.before_create", { draft: { content, username: "ann", room, metadata: {} } }, {
      caller: ANYBODY,
      room,
    });
  }

  async tell(event: string, message: Message): Promise<void> {
    await this.#hook(event, { message }, { caller: pluginIdentity(this.#plugin.name), room: message.room });
  }

  async #hook(
    event: string,
    question: { draft?: CreateMessageRequest; message?: Message },
    { caller, room }: { caller: Caller; room: string },
  ) {
    const host = this.#system.openHost(this.#call({ caller, room }));
    const work = { requestId: "r", username: "ann", room, signal: new AbortController().signal, host };
    try {
      return await this.#plugin.runner.runHook({ event, dryRun: false, ...question }, work);
    } finally {
      host.close();
    }
  }

  #call({ caller, ...rest }: { caller: Caller; room: string; username?: string }): HostedCall {
    return { plugin: this.#plugin, context: callContext({ caller }), via: [], dryRun: false, ...rest };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#plugin.runner.close();
  }
}

async function refusal(work: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => work, ChatError)).message;
}

async function eventually<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  const giveUpAt = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > giveUpAt) throw new Error(`Not seen in ${PATIENCE_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A web server that answers as its test says, and what it was asked. */
class Web implements AsyncDisposable {
  readonly asked: { readonly path: string; readonly headers: Headers; readonly body: string }[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(answer: (path: string) => Response) {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
      const { pathname } = new URL(request.url);
      this.asked.push({ path: pathname, headers: request.headers, body: await request.text() });
      return answer(pathname);
    });
  }

  get host(): string {
    return `127.0.0.1:${this.#server.addr.port}`;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server.shutdown();
  }
}

async function wordFilter(system: System): Promise<void> {
  await using filter = await BuiltIn.start("word-filter", system);
  const masked = async (content: string, room?: string) => (await filter.decide(content, room)).draft?.content ?? content;
  assertEquals((await filter.decide("Anything")).decision, "allow");
  await filter.run("add", { words: ["darn", "blast it", "Straße", "heck*", "馬鹿", "ﬁg"] });
  const cases: readonly (readonly [string, string])[] = [
    ["Oh DARN, darn!", "Oh ***, ***!"],
    ["darned darning undarn", "darned darning undarn"],
    ["ｄａｒｎ and da\u200Brn and d\u00ADarn", "*** and *** and ***"],
    ["blast  \n it, blast", "***, blast"],
    ["Die STRASSE, die Straße", "Die STRASSE, die ***"],
    ["heck hecking check", "*** *** check"],
    ["この馬鹿者", "この***者"],
    ["a fig for 🇩🇪👩‍👩‍👧 figs", "a *** for 🇩🇪👩‍👩‍👧 figs"],
    ["дarn", "дarn"],
  ];
  for (const [content, expected] of cases) assertEquals(await masked(content), expected);
  await filter.run("add", { words: ["poison"], mode: "drop" });
  const dropped = await filter.decide("some POISON here, darn");
  assertEquals([dropped.decision, dropped.reason], ["drop", "It holds a word that is not allowed here: POISON"]);
  await filter.run("add", { words: ["tea"], rooms: ["office"] });
  assertEquals([await masked("tea"), await masked("tea", "office")], ["tea", "***"]);
  await Promise.all(["a1", "b2", "c3", "d4"].map((word) => filter.run("add", { words: [word] })));
  await filter.run("remove", { words: ["DARN"] });
  const { words } = await filter.run("list", {});
  assertEquals(
    words.map(({ word }: { word: string }) => word).toSorted(),
    ["Straße", "a1", "b2", "blast it", "c3", "d4", "heck*", "poison", "tea", "ﬁg", "馬鹿"].toSorted(),
  );
  assertEquals(await masked("darn"), "darn");
  await filter.run("add", { words: Array.from({ length: 500 }, (_, index) => `${"é".repeat(index % 20 + 1)}${index}`) });
  for (
    const hostile of ["a ".repeat(32_000), "é".repeat(32_000), "e\u0301".repeat(20_000), "\u200d".repeat(20_000), "\u1100".repeat(20_000)]
  ) {
    assertEquals((await filter.decide(hostile)).decision, "allow");
  }
  assertMatch(await refusal(filter.run("add", { words: ["*"] })), /"\*" is no word/);
  const caller: Caller = { kind: "api_key", id: "key:ann", name: "ann", scopes: new Set(["plugins:execute"]) };
  assertMatch(await refusal(filter.run("add", { words: ["x"] }, { caller })), /key:ann lacks the scope plugins:manage/);
}

async function poll(system: System): Promise<void> {
  await using poll = await BuiltIn.start("poll", system);
  assertMatch(await refusal(poll.say("vote", "1")), /There is no poll here yet/);
  assertEquals(await poll.say("poll", "Tea “green tea” 'coffee, black' \"none\""), "Poll #1 is open.");
  const { messages: [asked] } = await system.messages.getMessages({ room: "hall" }, callContext());
  assertEquals([asked?.username, asked?.content], [
    "poll",
    "ann asks: Tea\n1. green tea\n2. coffee, black\n3. none\nVote with /vote and a number.",
  ]);
  const voters = ["ann", "bea", "cid", "dan", "eve", "__proto__", "fay", "gus"];
  await Promise.all(voters.map((name, index) => poll.say("vote", `${index % 2 + 1}`, name)));
  assertEquals(await poll.say("poll", ""), "Poll #1: Tea\n1. green tea: 4\n2. coffee, black: 4\n3. none: 0\n8 votes");
  assertMatch(await poll.say("vote", "3", "bea"), /1\. green tea: 4\n2\. coffee, black: 3\n3\. none: 1\n8 votes$/);
  assertMatch(await refusal(poll.say("vote", "4")), /has the answers 1 to 3, not 4/);
  assertMatch(await refusal(poll.say("vote", "tea")), /Vote with a number/);
  assertEquals(await poll.say("poll", "Cake? yes no", "bea"), "Poll #2 is open.");
  assertMatch(await poll.say("vote", "1 #1", "hal"), /^Poll #1: .*9 votes$/s);
  assertMatch(await refusal(poll.say("poll", "close")), /Only bea can close poll #2/);
  assertMatch(await poll.say("poll", "close", "bea"), /0 votes, closed$/);
  assertMatch(await refusal(poll.say("vote", "1")), /Poll #2 is closed/);
  assertMatch(await refusal(poll.say("vote", "1", "ann", "yard")), /There is no poll here yet/);
  assertMatch(await refusal(poll.say("poll", "why? because")), /2 to 20 answers/);
  assertMatch(await refusal(poll.say("poll", "“".repeat(21_000))), /2 to 20 answers/);
}

async function reminder(system: System): Promise<void> {
  const first = await BuiltIn.start("reminder", system);
  assertMatch(await first.say("remind", "1s the tea is ready"), /^I shall remind you at /);
  const dayMs = 86_400_000;
  const todayMs = Math.floor(Date.now() / dayMs) * dayMs;
  const clock = (ms: number) => new Date(ms).toISOString().slice(0, 16).replace("T", " ");
  const earlier = Date.now() - 60_000;
  const times: readonly (readonly [string, number])[] = [
    ["10m x", Date.now() + 600_000],
    ["in 2 hours and so on", Date.now() + 7_200_000],
    ["1h30m x", Date.now() + 5_400_000],
    ["1 day 2 hours x", Date.now() + dayMs + 7_200_000],
    ["tomorrow x", todayMs + dayMs + 9 * 3_600_000],
    ["tomorrow at 7:05 x", todayMs + dayMs + 7 * 3_600_000 + 5 * 60_000],
    [`at ${clock(earlier).slice(11)} x`, Math.floor(earlier / 60_000) * 60_000 + dayMs],
    [`${clock(todayMs + 40 * dayMs).slice(0, 10)} 14:30 x`, todayMs + 40 * dayMs + 14.5 * 3_600_000],
  ];
  for (const [args, atMs] of times) {
    const told = Date.parse((/at (.*) UTC/.exec(await first.say("remind", args, "bea"))?.[1] ?? "").replace(" ", "T") + "Z");
    assert(Math.abs(told - atMs) <= 61_000, `${args}: ${new Date(told).toISOString()} instead of ${new Date(atMs).toISOString()}`);
  }
  for (const wrong of ["tea", "10m", "at 25:00 x", "2031-02-30 x", "2020-01-01 x", "99999999d x", "500d x"]) {
    await refusal(first.say("remind", wrong));
  }
  assertEquals((await first.say("reminders", "", "bea")).split("\n").length, times.length);
  // A restart loses nothing.
  await first[Symbol.asyncDispose]();
  await using again = await BuiltIn.start("reminder", system);
  await eventually("the reminder rings", async () => (await again.tick("ring")).posted === 1);
  const { messages: [rung], totalCount } = await system.messages.getMessages({ room: "hall", username: "reminder" }, callContext());
  assertEquals([rung?.content, totalCount], ["@ann: the tea is ready", 1]);
  assertEquals([(await again.tick("ring")).posted, await again.say("reminders", "")], [0, "You have no reminders waiting."]);
  const [id] = (await again.say("reminders", "", "bea")).split(":");
  assertMatch(await refusal(again.say("remind", `cancel ${id}`)), /You have no reminder/);
  assertMatch(await again.say("remind", `cancel ${id}`, "bea"), /^Forgotten: x$/);
  for (let count = times.length; count <= 30; count++) await again.say("remind", "1w x", "bea");
  assertMatch(await refusal(again.say("remind", "1w x", "bea")), /30 reminders waiting/);
}

const message = (content: string, id: number, more: Partial<Message> = {}): Message => ({
  ...{
    id,
    content,
    username: "ann",
    messageType: "text",
    timestamp: 1,
    metadata: {},
    room: "hall",
    seq: id,
    eventType: "created",
    version: 1,
  },
  ...{ createdAtMs: 1_000, updatedAtMs: 1_000, clientMessageId: "", deleted: false },
  ...more,
});

async function linkPreview(system: System): Promise<void> {
  const html = (text: string, type = "text/html") => new Response(text, { headers: { "content-type": type } });
  await using forbidden = new Web(() => html("<title>Secret</title>"));
  const pages: Readonly<Record<string, () => Response>> = {
    "/page": () =>
      html(
        `<head><title>Plain</title><meta property="og:title" content="Tea &amp; &quot;cake&quot; &#x2615;"/><meta content='All\n about' name="description">`,
      ),
    "/moved": () => new Response(null, { status: 302, headers: { location: "/page" } }),
    "/out": () => new Response(null, { status: 302, headers: { location: `http://${forbidden.host}/` } }),
    "/loop": () => new Response(null, { status: 301, headers: { location: "/loop" } }),
    "/json": () => html("{}", "application/json"),
    "/large": () => html(`<title>Large</title>${"<meta ".repeat(500_000)}`),
    "/latin": () => html("", "text/html; charset=iso-8859-1"),
    "/hostile": () => html(`<title>\u202E${"a".repeat(100_000)}&#0;&#xD800;\n</title>`),
  };
  await using web = new Web((path) => pages[path]?.() ?? new Response("none", { status: 404 }));
  await using preview = await BuiltIn.start("link-preview", system, [web.host]);
  const shown = async (content: string, id: number) => {
    await preview.tell("message.after_create", message(content, id, { room: "links" }));
    const { messages } = await system.messages.getMessages({ room: "links", metadata: { preview_of: `${id}` } }, callContext());
    return messages.map(({ content }) => content);
  };
  const at = `http://${web.host}`;
  assertEquals(await shown(`See ${at}/page#top, and (${at}/page).`, 1), [`Tea & "cake" ☕\nAll about\n${at}/page`]);
  assertEquals(await shown(`${at}/moved`, 2), [`Tea & "cake" ☕\nAll about\n${at}/page`]);
  assertEquals(await shown(`${at}/out ${at}/json ${at}/none`, 3), []);
  assertEquals(await shown(`${at}/loop http://${forbidden.host}/ http://user:pass@${web.host}/page`, 4), []);
  assertEquals(await shown(`${at}/large`, 5), [`Large\n${at}/large`]);
  const [hostile] = await shown(`${at}/hostile`, 6);
  assertMatch(hostile ?? "", /^a{199}…\nhttp/);
  // Told twice, shown once.
  assertEquals((await shown(`${at}/page`, 1)).length, 1);
  assertEquals(forbidden.asked.length, 0);
}

async function webhook(system: System): Promise<void> {
  let status = 200;
  await using web = new Web(() => new Response("ok", { status, headers: { location: "/elsewhere" } }));
  await using hooks = await BuiltIn.start("webhook", system, [web.host]);
  assertMatch(await refusal(hooks.run("add", { url: "http://127.0.0.1:1/" })), /PLUGIN_WEBHOOK_HOSTS/);
  const { id, secret } = await hooks.run("add", { url: `http://${web.host}/in`, rooms: ["hall"] });
  await hooks.tell("message.after_create", message("Hello", 7));
  await hooks.tell("message.after_create", message("Elsewhere", 8, { room: "yard" }));
  const [{ headers, body }] = web.asked as [Web["asked"][number]];
  const [delivery, seconds] = [headers.get("webhook-id"), headers.get("webhook-timestamp")];
  const expected = createHmac("sha256", Uint8Array.fromBase64(secret.slice(6))).update(`${delivery}.${seconds}.${body}`).digest("base64");
  assertEquals([web.asked.length, headers.get("webhook-signature")], [1, `v1,${expected}`]);
  const { type, data } = JSON.parse(body);
  assertEquals([type, data.content, data.room, data.username], ["message.created", "Hello", "hall", "ann"]);
  assert(Math.abs(Number(seconds) * 1_000 - Date.now()) < 60_000);

  const queued = () =>
    system.database.kysely.selectFrom("plugin_storage").selectAll().where("plugin", "=", "webhook").where("key", "like", "queue/%")
      .execute();
  const makeDue = async (attempts: number) => {
    for (const { key, value } of await queued()) {
      await system.database.kysely.updateTable("plugin_storage")
        .set({ key: key.replace(/^queue\/\d+/, "queue/000000000000001"), value: JSON.stringify({ ...JSON.parse(value), attempts }) })
        .where("plugin", "=", "webhook").where("key", "=", key).execute();
    }
  };
  status = 302;
  await hooks.tell("message.after_delete", message("", 9, { eventType: "deleted", deleted: true }));
  assertEquals([(await queued()).length, (await hooks.tick("retry")).tried], [1, 0]);
  assertEquals(web.asked.map(({ path }) => path), ["/in", "/in"]);
  await makeDue(1);
  assertEquals(await hooks.tick("retry"), { tried: 1, delivered: 0 });
  await makeDue(7);
  assertEquals(await hooks.tick("retry"), { tried: 1, delivered: 0 });
  const { deliveries } = await hooks.run("dead", {});
  assertEquals([deliveries.length, deliveries[0].attempts, deliveries[0].problem, deliveries[0].body.type], [
    1,
    8,
    "It answered 302",
    "message.deleted",
  ]);
  assertEquals((await queued()).length, 0);
  status = 201;
  assertEquals(await hooks.run("replay", { key: deliveries[0].key }), { queued: 1 });
  assertEquals(await hooks.tick("retry"), { tried: 1, delivered: 1 });
  assertEquals((await hooks.run("dead", {})).deliveries, []);
  assertEquals(new Set(web.asked.slice(1).map(({ headers }) => headers.get("webhook-id"))).size, 1);
  assertEquals((await hooks.run("list", {})).targets, [{
    id,
    url: `http://${web.host}/in`,
    events: ["message.created", "message.deleted"],
    rooms: ["hall"],
  }]);
  assertEquals(await hooks.run("remove", { id }), { removed: true });
  const before = web.asked.length;
  await hooks.tell("message.after_create", message("Nobody hears", 10));
  assertEquals(web.asked.length, before);
}

Deno.test("the plugins that come with this system", async (t) => {
  await using place = await databasePlace("postgres");
  const database = await openDatabase(place.config, { log: testLog() });
  const bus = createMemoryBus();
  const messages = createMessageService({ database, bus, log: testLog() });
  const openHost = createHosts({ database, messages, log: testLog() });
  try {
    await withSandboxes(async (sandboxes) => {
      const system = { sandboxes, database, messages, openHost };
      await t.step("word-filter masks or refuses words as people read them, and is set up by managers only", () => wordFilter(system));
      await t.step("poll counts one vote of each user, however many vote at once", () => poll(system));
      await t.step("reminder understands times, outlives a restart, and rings once", () => reminder(system));
      await t.step(
        "link-preview shows pages of allowed hosts only, also after redirects, and lives with hostile ones",
        () => linkPreview(system),
      );
      await t.step("webhook signs what it tells, tries again, keeps what nobody took, and delivers that when asked", () => webhook(system));
    });
  } finally {
    await messages.close();
    await bus.close();
    await database.close();
  }
});
