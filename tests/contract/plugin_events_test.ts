/**
 * Plugins told of what has happened, and called at times, on every database: each event, once as a rule, on however many servers.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { sql } from "kysely";
import { createMemoryBus } from "../../src/bus/memory.ts";
import type { Message } from "../../src/contracts/mod.ts";
import { ChatError } from "../../src/core/errors.ts";
import type { Database } from "../../src/database/database.ts";
import { createMessageService, type RunningMessageService } from "../../src/message/service.ts";
import { AfterHooks } from "../../src/plugin/hooks/after/after_hooks.ts";
import { readFollowers } from "../../src/plugin/hooks/after/positions.ts";
import { Schedules } from "../../src/plugin/hooks/schedule/schedules.ts";
import { lastDue, readCron } from "../../src/plugin/packages/cron.ts";
import { callContext } from "../support/call_context.ts";
import { eachDatabase } from "../support/database.ts";
import { archiveOf, testPluginService } from "../support/plugin_service.ts";
import { testLog } from "../support/log.ts";
import { plainAction, type PlainPlugin, PlainRegistry, postingHost } from "../support/plugins.ts";

const context = callContext();
const AFTER = [{ event: "message.after_create" }, { event: "message.after_delete" }];

/** Some servers of one system that tell plugins of events. */
class Place implements AsyncDisposable {
  readonly registry = new PlainRegistry();
  readonly messages: RunningMessageService;
  readonly #bus = createMemoryBus();
  readonly #database: Database;
  #servers: readonly AfterHooks[] = [];

  private constructor(database: Database) {
    this.#database = database;
    this.messages = createMessageService({ database, bus: this.#bus, log: testLog() });
  }

  static async open(database: Database, plugins: readonly PlainPlugin[], servers = 1): Promise<Place> {
    const place = new Place(database);
    for (const plugin of plugins) await place.install(plugin);
    place.start(servers);
    return place;
  }

  start(count: number): void {
    const { registry, messages } = this;
    const options = { db: this.#database.kysely, registry, messages, openHost: postingHost(() => messages), log: testLog() };
    this.#servers = Array.from({ length: count }, () => new AfterHooks({ ...options, pollMs: 5, retryMs: 5 }));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.close()));
    this.#servers = [];
  }

  async install(plugin: PlainPlugin): Promise<void> {
    const { name } = plugin;
    const atMs = Date.now();
    const row = { digest: "", enabled: true, problem: "", built_in: false, installed_at_ms: atMs, updated_at_ms: atMs };
    await this.#database.kysely.insertInto("plugins").values({ name, ...row })
      .onConflict((conflict) => conflict.column("name").doUpdateSet(row)).execute();
    this.registry.install(plugin);
  }

  async disable(name: string): Promise<void> {
    await this.#database.kysely.updateTable("plugins").set({ enabled: false }).where("name", "=", name).execute();
    this.registry.remove(name);
  }

  say(room: string, content: string, more: object = {}): Promise<Message> {
    return this.messages.createMessage({ room, username: "ann", content, ...more }, context);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    for (const { name } of this.registry.all()) await this.disable(name);
    // As the next look of a server would.
    await readFollowers(this.#database.kysely);
    await this.messages.close();
    await this.#bus.close();
  }
}

/** A plugin that notes what it is told. */
function listener(name: string, told: string[], more: Partial<PlainPlugin> = {}): PlainPlugin {
  const hook: PlainPlugin["hook"] = ({ event, message }) => {
    told.push(`${event.split("_")[1]} ${message!.room} ${message!.id} ${message!.content}`);
    return {};
  };
  return { name, hooks: AFTER, hook, ...more };
}

async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const giveUpAt = Date.now() + 30_000; !await holds();) {
    assert(Date.now() < giveUpAt, `Not seen in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

eachDatabase("Plugins that nobody calls", async (t, { database }) => {
  await t.step(
    "they tell a plugin of each creation and deletion since it is in force, in order, and of no edit and nothing of its own",
    async () => {
      const told: string[] = [];
      await using place = await Place.open(database, []);
      await place.say("a", "before");
      // Times have milliseconds: what was said in the same one counts as after.
      await new Promise((resolve) => setTimeout(resolve, 2));
      await place.install(listener("ears", told, { granted: { rooms: ["a", "b"] } }));
      const one = await place.say("a", "one");
      await place.messages.updateMessage({ room: "a", id: one.id, content: "edited" }, context);
      await place.say("a", "own", { via: ["ears"] });
      await place.say("a", "own", { username: "ears" });
      await place.say("elsewhere", "not granted");
      const two = await place.say("a", "two");
      await eventually("both creations", () => told.length === 2);
      await place.messages.deleteMessage({ room: "a", id: one.id }, context);
      await place.say("b", "new room");
      await eventually("everything", () => told.length === 4);
      const inA = told.filter((event) => event.split(" ")[1] === "a");
      assertEquals(inA, [`create a ${one.id} one`, `create a ${two.id} two`, `delete a ${one.id} `]);
      assertEquals(told.filter((event) => !inA.includes(event)), ["create b 1 new room"]);
    },
  );

  await t.step("several AfterHooks tell of each event once, and go on after a restart where they were", async () => {
    const told: string[] = [];
    await using place = await Place.open(database, [listener("ears", told)], 3);
    const rooms = ["r1", "r2", "r3"];
    const say = (from: number) =>
      Promise.all(rooms.flatMap((room) => Array.from({ length: 20 }, (_, index) => place.say(room, `${from + index}`))));
    await say(0);
    await eventually("the first", () => told.length >= 60);
    await place.stop();
    await say(20);
    place.start(2);
    await eventually("the rest", () => told.length >= 120);
    for (const room of rooms) {
      const ids = told.filter((event) => event.split(" ")[1] === room).map((event) => Number(event.split(" ")[2]));
      assertEquals(ids, Array.from({ length: 40 }, (_, index) => index + 1));
    }
  });

  await t.step("a plugin that fails is told again, in order, and then no more; another one does not notice", async () => {
    const [told, tries]: [string[], string[]] = [[], []];
    const hook: PlainPlugin["hook"] = ({ message }) => {
      tries.push(message!.content);
      const isBad = message!.content === "bad" || (message!.content === "late" && tries.length < 12);
      if (isBad) throw new ChatError("failed_precondition", "No");
      return {};
    };
    await using place = await Place.open(database, [listener("ears", told), { name: "picky", hooks: AFTER, hook }]);
    for (const content of ["bad", "late", "good"]) await place.say("picked", content);
    await eventually("the end", () => tries.at(-1) === "good" && told.length === 3);
    assertEquals(tries, [...Array(8).fill("bad"), ...Array(4).fill("late"), "good"]);
  });

  await t.step("a room that a dead server holds is gone on with once its time is over", async () => {
    const told: string[] = [];
    await using place = await Place.open(database, [listener("ears", told)]);
    await place.say("held", "one");
    await eventually("the first", () => told.length === 1);
    await sql`update plugin_positions set holder = 'dead', held_until_ms = (extract(epoch from clock_timestamp()) * 1000)::bigint + 300
      where room = 'held'`.execute(database.kysely);
    await place.say("held", "two");
    await eventually("the next", () => told.length === 2);
  });

  await t.step("what happens while a plugin is disabled is passed over", async () => {
    const told: string[] = [];
    const ears = listener("ears", told);
    await using place = await Place.open(database, [ears]);
    await place.say("off", "one");
    await eventually("the first", () => told.length === 1);
    await place.disable("ears");
    await place.say("off", "two");
    const { kysely } = database;
    await eventually("it is forgotten", async () => (await kysely.selectFrom("plugin_followers").selectAll().execute()).length === 0);
    await new Promise((resolve) => setTimeout(resolve, 2));
    await place.install(ears);
    await place.say("off", "three");
    await eventually("the next", () => told.length === 2);
    assertEquals(told.map((event) => event.split(" ")[3]), ["one", "three"]);
  });

  await t.step(
    "what plugins post goes to no plugin that it comes from, so that two of them do not answer each other for ever",
    async () => {
      const answers = (name: string): PlainPlugin => ({
        ...{ name, hooks: AFTER },
        async hook({ message }, { host }) {
          await host.use({ postMessage: { content: `${name} of ${message!.content}`, username: "" } });
          return {};
        },
      });
      await using place = await Place.open(database, [answers("ping"), answers("pong")]);
      await place.say("circle", "hi");
      const all = async () => (await place.messages.getMessages({ room: "circle" }, context)).messages;
      await eventually("the end", async () => (await all()).length >= 5);
      // Two more looks of the server: nothing comes of what is there.
      await new Promise((resolve) => setTimeout(resolve, 100));
      assertEquals((await all()).map(({ content }) => content).sort(), [
        ...["hi", "ping of hi", "ping of pong of hi", "pong of hi", "pong of ping of hi"],
      ]);
    },
  );

  await t.step("a closed hook stays closed when its plugin has failed too often, and not when somebody has disabled it", async () => {
    const plugins = await testPluginService(database);
    const hook = { event: "message.before_create", rooms: ["a", "b"], on_failure: "closed" };
    const permissions = { capabilities: ["messages.read"], rooms: ["b", "c"] };
    const archive = archiveOf({ name: "guard", actions: [], hooks: [hook], permissions }, "export default {};");
    await plugins.installPlugin({ archive, granted: permissions }, context);
    const decided = async (room: string) => {
      const draft = { content: "hi", username: "ann", room };
      const { outcome, decisions } = await plugins.runHooks({ event: "message.before_create", draft }, context);
      return [outcome, decisions[0]?.plugin, decisions[0]?.failure];
    };
    plugins.launcher.listeners.get("guard")?.onState({ state: "disabled", problem: "It crashed 5 times" });
    await eventually("its end", () => plugins.registry.find("guard") === undefined);
    assertEquals(await decided("b"), ["drop", "guard", "It does not run, because it failed too often or cannot run here"]);
    for (const room of ["a", "c"]) assertEquals((await decided(room))[0], "allow");
    assertEquals(plugins.registry.table().hooks.map(({ hook }) => hook?.rooms), [["b"]]);
    await plugins.disablePlugin({ name: "guard" }, context);
    assertEquals([(await decided("b"))[0], plugins.registry.table().hooks], ["allow", []]);
    await plugins.close();
  });

  await t.step("each time of a schedule is run once on all servers, and what was missed meanwhile runs once together", async () => {
    const minute = (at: string) => Date.parse(`2026-03-01T${at}:00Z`);
    const runs: string[] = [];
    let nowMs = minute("10:00") + 500;
    const actions = { tick: (input: unknown) => void runs.push((input as { due: string }).due.slice(11, 16)) };
    const registry = new PlainRegistry({ name: "clock", hooks: [{ event: "schedule", action: "tick", cron: "*/5 * * * *" }], actions });
    const openHost = postingHost(() => {
      throw new Error("Nobody posts here");
    });
    const options = { db: database.kysely, registry, runAction: plainAction(openHost), log: testLog(), nowMs: () => nowMs, lookMs: 5 };
    const start = (count: number) => Array.from({ length: count }, () => new Schedules(options));
    let servers = start(3);
    const known = async () => (await database.kysely.selectFrom("plugin_schedules").selectAll().execute()).length === 1;
    await eventually("it is known", known);
    nowMs = minute("10:05");
    await eventually("the first", () => runs.length === 1);
    nowMs = minute("10:11");
    await eventually("the second", () => runs.length === 2);
    await Promise.all(servers.map((server) => server.close()));
    nowMs = minute("11:02");
    servers = start(2);
    await eventually("what was missed", () => runs.length === 3);
    nowMs = minute("11:05");
    await eventually("the next", () => runs.length === 4);
    await Promise.all(servers.map((server) => server.close()));
    assertEquals(runs, ["10:05", "10:10", "11:00", "11:05"]);
  });
});

Deno.test("lastDue finds the last time that a schedule names, also years ago", () => {
  const last = (cron: string, after: string, until: string) => {
    const found = lastDue(readCron("cron", cron), Date.parse(after), Date.parse(until));
    return found === undefined ? undefined : new Date(found).toISOString().slice(0, 16);
  };
  assertEquals(last("*/5 * * * *", "2026-03-01T10:00Z", "2026-03-01T10:14:59Z"), "2026-03-01T10:10");
  assertEquals(last("*/5 * * * *", "2026-03-01T10:10Z", "2026-03-01T10:14Z"), undefined);
  assertEquals(last("30 6 * * *", "2026-03-01T06:30Z", "2026-03-02T06:29Z"), undefined);
  assertEquals(last("30 6 * * *", "2026-02-27T06:30Z", "2026-03-02T06:29Z"), "2026-03-01T06:30");
  assertEquals(last("0 0 29 2 *", "2023-01-01T00:00Z", "2026-03-01T00:00Z"), "2024-02-29T00:00");
  assertEquals(last("59 23 * * 0", "2026-03-01T12:00Z", "2026-03-05T00:00Z"), "2026-03-01T23:59");
});
