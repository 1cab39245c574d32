/**
 * Plugins on every database: installed, upgraded, gone back, switched, removed and called, while the service runs.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { HookTable, PluginLogLine } from "../../src/contracts/mod.ts";
import type { Caller } from "../../src/core/caller.ts";
import { ChatError } from "../../src/core/errors.ts";
import { createMemoryBus } from "../../src/bus/memory.ts";
import { createMessageService } from "../../src/message/service.ts";
import { digestOf } from "../../src/plugin/packages/archive.ts";
import { callContext } from "../support/call_context.ts";
import { eachDatabase } from "../support/database.ts";
import { within } from "../support/deadline.ts";
import { testLog } from "../support/log.ts";
import { archiveOf, testPluginService } from "../support/plugin_service.ts";
import { tempDir } from "../support/temp_dir.ts";

const PATIENCE_MS = 20_000;
const HOOKS = { hooks: [{ event: "message.before_create" }] };
/** Waits until it is told to go on, by way of this process. */
const SLOW = "export default { actions: { say: (input) => new Promise((resolve) => globalThis.pluginTurns.push(() => resolve(input))) } };";
const turns: (() => void)[] = [];
Object.assign(globalThis, { pluginTurns: turns });

async function eventually(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const wait = async () => {
    while (!await holds()) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await within(PATIENCE_MS, what, wait());
}

async function refusal(work: Promise<unknown>): Promise<[string, string | undefined]> {
  const { code, field } = await assertRejects(() => work, ChatError);
  return [code, field];
}

eachDatabase("PluginService", async (t, { database }) => {
  await t.step("installPlugin puts a version in force at once, and the same again changes nothing", async () => {
    await using plugins = await testPluginService(database);
    const archive = archiveOf({ name: "first", description: "Says it" });
    const { plugin, unchanged } = await plugins.installPlugin({ archive }, callContext());
    assertEquals([plugin?.name, plugin?.version, plugin?.digest, unchanged], ["first", "1.0.0", await digestOf(archive), false]);
    assertEquals([plugin?.description, plugin?.versions.map(({ installedBy }) => installedBy)], ["Says it", ["anonymous"]]);
    const said = await plugins.executePlugin({ name: "first", action: "say", inputJson: '{"a":[1]}' }, callContext());
    assertEquals([said.outputJson, said.version], ['{"a":[1]}', "1.0.0"]);
    assertEquals(plugins.load, { running: 1, failing: 0, calls: 1, failures: 0, underWay: 0 });
    const again = await plugins.installPlugin({ archive, disabled: true }, callContext());
    assertEquals([again.unchanged, again.plugin?.state, again.plugin?.updatedAtMs], [true, "enabled", plugin?.updatedAtMs]);
    await plugins.uninstallPlugin({ name: "first" }, callContext());
  });

  await t.step("a version follows another without dropping the call that is under way, and the way back goes by digest", async () => {
    await using plugins = await testPluginService(database);
    const first = await plugins.installPlugin({ archive: archiveOf({ name: "up" }, SLOW) }, callContext());
    const call = plugins.executePlugin({ name: "up", action: "say", inputJson: "1" }, callContext());
    await eventually("the call", () => turns.length === 1);
    await plugins.installPlugin({ archive: archiveOf({ name: "up", version: "2.0.0" }, SLOW) }, callContext());
    const later = plugins.executePlugin({ name: "up", action: "say" }, callContext());
    await eventually("the other call", () => turns.length === 2);
    assertEquals(plugins.launcher.closed, []);
    turns.splice(0).forEach((go) => go());
    assertEquals([(await call).version, (await later).version], ["1.0.0", "2.0.0"]);
    await eventually("the end of the old one", () => plugins.launcher.closed.includes("up 1.0.0"));
    const back = await plugins.installPlugin({ digest: first.plugin?.digest ?? "" }, callContext());
    assertEquals([back.plugin?.version, back.plugin?.versions.map(({ version }) => version)], ["1.0.0", ["2.0.0", "1.0.0"]]);
    assertEquals(await refusal(plugins.installPlugin({ digest: "0".repeat(64) }, callContext())), ["not_found", "digest"]);
    await plugins.uninstallPlugin({ name: "up" }, callContext());
  });

  await t.step(
    "what a plugin asks for must be granted, again at each version that asks for more, and nothing is changed before",
    async () => {
      await using plugins = await testPluginService(database);
      const asking = (version: string, permissions: unknown) => archiveOf({ name: "ask", version, permissions });
      const archive = asking("1.0.0", { net: ["api.example"], capabilities: ["storage"] });
      const refused = await assertRejects(
        () => plugins.installPlugin({ archive, granted: { net: ["api.example"] } }, callContext()),
        ChatError,
      );
      assertEquals([refused.code, refused.field], ["permission_denied", "granted"]);
      assertMatch(refused.message, /capabilities storage$/);
      assertEquals(await refusal(plugins.getPlugin({ name: "ask" }, callContext())), ["not_found", "name"]);
      const checked = await plugins.installPlugin({ archive, checkOnly: true }, callContext());
      assertEquals(checked.missing, { net: ["api.example"], env: [], data: false, capabilities: ["storage"], rooms: [] });
      assertEquals(plugins.launcher.checked, [], "what is not granted is not tried");
      const granted = { net: ["API.example", "other.example"], capabilities: ["storage"] };
      const { plugin } = await plugins.installPlugin({ archive, granted }, callContext());
      assertEquals(plugin?.granted, { net: ["api.example"], env: [], data: false, capabilities: ["storage"], rooms: [] });
      const less = await plugins.installPlugin({ archive: asking("1.1.0", { capabilities: ["storage"] }) }, callContext());
      assertEquals([less.plugin?.version, less.plugin?.granted?.net], ["1.1.0", []]);
      const more = asking("1.2.0", { net: ["api.example"], capabilities: ["storage"] });
      assertEquals(await refusal(plugins.installPlugin({ archive: more }, callContext())), ["permission_denied", "granted"]);
      assertEquals((await plugins.getPlugin({ name: "ask" }, callContext())).version, "1.1.0");
      await plugins.installPlugin({ archive: more, granted: { net: ["api.example"] } }, callContext());
      await plugins.uninstallPlugin({ name: "ask" }, callContext());
    },
  );

  await t.step("with trusted keys only what they have signed is installed and runs, also when the keys came later", async () => {
    const archive = archiveOf({ name: "signed" });
    const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]) as CryptoKeyPair;
    const trusted = { id: "team", publicKey: new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)) };
    const hash = Uint8Array.fromHex(await digestOf(archive));
    const signatures = [{ keyId: "team", signature: new Uint8Array(await crypto.subtle.sign("Ed25519", pair.privateKey, hash)) }];
    {
      await using plugins = await testPluginService(database);
      const { plugin } = await plugins.installPlugin(
        { archive, signatures: [{ keyId: "other", signature: new Uint8Array(64) }] },
        callContext(),
      );
      assertEquals(plugin?.signedBy, [], "nobody looks at signatures where no key is trusted");
    }
    await using plugins = await testPluginService(database, { trustedKeys: [trusted] });
    const stopped = await plugins.getPlugin({ name: "signed" }, callContext());
    assertEquals([stopped.state, /needs a signature by one of the trusted keys team/.test(stopped.problem)], ["failing", true]);
    assertEquals((await refusal(plugins.executePlugin({ name: "signed", action: "say" }, callContext())))[0], "failed_precondition");
    assertEquals(await refusal(plugins.installPlugin({ archive }, callContext())), ["permission_denied", "signatures"]);
    const { plugin, unchanged } = await plugins.installPlugin({ archive, signatures }, callContext());
    assertEquals([unchanged, plugin?.signedBy, plugin?.state !== "failing"], [true, ["team"], true]);
    assertEquals((await plugins.executePlugin({ name: "signed", action: "say" }, callContext())).outputJson, "{}");
    await plugins.uninstallPlugin({ name: "signed" }, callContext());
  });

  await t.step("an archive of the largest size is stored and runs", async () => {
    await using plugins = await testPluginService(database);
    const archive = archiveOf(
      { name: "large" },
      `export default { actions: { say: () => text.length } }; const text = "${"x".repeat(3_660_000)}";`,
    );
    await plugins.installPlugin({ archive }, callContext());
    assertEquals((await plugins.executePlugin({ name: "large", action: "say" }, callContext())).outputJson, "3660000");
    await plugins.uninstallPlugin({ name: "large" }, callContext());
  });

  await t.step("what does not start is not installed, and the version before stays in force", async () => {
    await using plugins = await testPluginService(database);
    await plugins.installPlugin({ archive: archiveOf({ name: "sound" }) }, callContext());
    const broken = archiveOf({ name: "sound", version: "2.0.0" }, "export default {");
    assertEquals((await refusal(plugins.installPlugin({ archive: broken }, callContext())))[0], "failed_precondition");
    assertEquals((await plugins.executePlugin({ name: "sound", action: "say" }, callContext())).version, "1.0.0");
    await plugins.uninstallPlugin({ name: "sound" }, callContext());
  });

  await t.step("of many installations at once each is whole, and every server ends with the same version", async () => {
    await using here = await testPluginService(database);
    await using there = await testPluginService(database);
    const archives = [1, 2, 3, 4, 5, 6].map((major) => archiveOf({ name: "race", version: `${major}.0.0` }));
    const done = await Promise.all(archives.map((archive, index) => (index % 2 ? here : there).installPlugin({ archive }, callContext())));
    for (const { plugin } of done) assertEquals(plugin?.name, "race");
    const { version, versions } = await here.getPlugin({ name: "race" }, callContext());
    assertEquals(versions.length, 6);
    for (const plugins of [here, there]) {
      await eventually(
        "the same version",
        async () => (await plugins.executePlugin({ name: "race", action: "say" }, callContext())).version === version,
      );
    }
    for (let major = 7; major <= 13; major++) {
      await here.installPlugin({ archive: archiveOf({ name: "race", version: `${major}.0.0` }) }, callContext());
    }
    const kept = (await here.getPlugin({ name: "race" }, callContext())).versions.map((one) => one.version);
    assertEquals([kept.length, kept[0]], [10, "13.0.0"]);
    assert((await here.uninstallPlugin({ name: "race" }, callContext())).success);
    await eventually("its end elsewhere", () => there.registry.find("race") === undefined);
  });

  await t.step(
    "disablePlugin ends calls under way with unavailable, survives a restart, and tells its reason until enablePlugin",
    async () => {
      {
        await using plugins = await testPluginService(database);
        await plugins.installPlugin({ archive: archiveOf({ name: "off", ...HOOKS }, SLOW) }, callContext());
        const call = refusal(plugins.executePlugin({ name: "off", action: "say" }, callContext()));
        await eventually("the call", () => turns.splice(0).length === 1);
        const { state, problem } = await plugins.disablePlugin({ name: "off", reason: "Too loud" }, callContext());
        assertEquals([await call, state, problem], [["unavailable", undefined], "disabled", "Too loud"]);
        assertEquals(plugins.registry.table().hooks, []);
      }
      await using plugins = await testPluginService(database);
      const refused = await assertRejects(() => plugins.executePlugin({ name: "off", action: "say" }, callContext()), ChatError);
      assertEquals([refused.code, refused.message], ["failed_precondition", 'Plugin "off" is disabled: Too loud']);
      assertEquals((await plugins.enablePlugin({ name: "off" }, callContext())).problem, "");
      assertEquals(plugins.registry.table().hooks.length, 1);
      assertEquals(await refusal(plugins.enablePlugin({ name: "none" }, callContext())), ["not_found", "name"]);
      await plugins.uninstallPlugin({ name: "off" }, callContext());
    },
  );

  await t.step("a plugin that its runner gives up is disabled on every server, with the problem", async () => {
    await using here = await testPluginService(database);
    await using there = await testPluginService(database);
    await here.installPlugin({ archive: archiveOf({ name: "weak" }) }, callContext());
    await eventually("it elsewhere", () => there.registry.find("weak") !== undefined);
    const listener = here.launcher.listeners.get("weak");
    listener?.onState({ state: "failing", problem: "It crashed" });
    assertEquals((await here.getPlugin({ name: "weak" }, callContext())).problem, "It crashed");
    listener?.onState({ state: "disabled", problem: "It crashed 5 times" });
    await eventually("its end", () => there.registry.find("weak") === undefined && here.registry.find("weak") === undefined);
    const { state, problem } = await there.getPlugin({ name: "weak" }, callContext());
    assertEquals([state, problem], ["disabled", "It crashed 5 times"]);
    await here.uninstallPlugin({ name: "weak" }, callContext());
  });

  await t.step(
    "uninstallPlugin takes a plugin's folder with it unless it is kept, and a later plugin of that name finds nothing",
    async () => {
      await using folder = await tempDir();
      await using plugins = await testPluginService(database, { dataDir: folder.path });
      const request = { archive: archiveOf({ name: "files", permissions: { data: true } }), granted: { data: true } };
      const folders = () => [...Deno.readDirSync(folder.path)].map(({ name }) => name);
      const fill = async () => {
        await plugins.installPlugin(request, callContext());
        const { data_id } = await database.kysely.selectFrom("plugin_data").select("data_id").where("name", "=", "files")
          .executeTakeFirstOrThrow();
        await Deno.mkdir(`${folder.path}/files.${data_id}`, { recursive: true });
        return `files.${data_id}`;
      };
      const first = await fill();
      await plugins.uninstallPlugin({ name: "files", keepData: true }, callContext());
      assertEquals(folders(), [first]);
      assertEquals(await fill(), first);
      await plugins.uninstallPlugin({ name: "files" }, callContext());
      assertEquals(folders(), []);
      assert(await fill() !== first);
      const gone = await plugins.uninstallPlugin({ name: "files" }, callContext());
      const none = await plugins.uninstallPlugin({ name: "files" }, callContext());
      assertEquals([gone.success, none.success, none.message], [true, false, 'There is no plugin "files"']);
    },
  );

  await t.step("what goes into an action and comes out of it is held against its schemas", async () => {
    await using plugins = await testPluginService(database);
    const schema = JSON.stringify({ type: "object", properties: { n: { type: "integer", minimum: 1 } }, required: ["n"] });
    const actions = [
      { name: "double", input_schema_json: schema, output_schema_json: JSON.stringify({ type: "integer", maximum: 10 }) },
      { name: "count", streams: true, output_schema_json: JSON.stringify({ type: "integer", maximum: 3 }) },
    ];
    const module = "export default { actions: { double: ({ n }) => 2 * n, async *count() { for (let i = 1;; i++) yield i; } } };";
    await plugins.installPlugin({ archive: archiveOf({ name: "held", actions }, module) }, callContext());
    const double = (inputJson: string) => plugins.executePlugin({ name: "held", action: "double", inputJson }, callContext());
    assertEquals((await double('{"n":5}')).outputJson, "10");
    for (
      const [inputJson, field] of [['{"n":0}', "input_json.n"], ["{}", "input_json.n"], ["[]", "input_json"], ["{", "input_json"]] as const
    ) {
      assertEquals(await refusal(double(inputJson)), ["invalid_argument", field], inputJson);
    }
    const wrong = await assertRejects(() => double('{"n":6}'), ChatError);
    assertEquals(wrong.code, "failed_precondition");
    assertMatch(wrong.message, /^Plugin "held" gave an output of action "double" .*maximum 10, got 12$/);
    assertEquals(await refusal(plugins.executePlugin({ name: "held", action: "count" }, callContext())), ["invalid_argument", "action"]);
    assertEquals(await refusal(plugins.executePlugin({ name: "held", action: "no" }, callContext())), ["not_found", "action"]);
    const outputs: unknown[] = [];
    const stream = async () => {
      for await (const output of plugins.streamPlugin({ name: "held", action: "count" }, callContext())) outputs.push(output);
    };
    assertEquals((await assertRejects(stream, ChatError)).code, "failed_precondition");
    assertEquals(outputs, [1, 2, 3].map((seq) => ({ outputJson: `${seq}`, seq })));
    await plugins.uninstallPlugin({ name: "held" }, callContext());
  });

  await t.step("executePlugin happens only in rooms that the caller may use", async () => {
    const messages = createMessageService({ database, bus: createMemoryBus(), log: testLog(), pageBytes: 1_048_576 });
    await using plugins = await testPluginService(database, { messages });
    await plugins.installPlugin({ archive: archiveOf({ name: "placed" }) }, callContext());
    await messages.updateRoom({ room: "closed", restricted: true, members: ["ann"], replaceMembers: true }, callContext());
    const as = (name: string, rooms?: string[]): Caller => ({
      ...{ kind: "api_key", id: `key:${name}`, name, scopes: new Set(["plugins:execute"]) },
      ...(rooms === undefined ? {} : { rooms: new Set(rooms) }),
    });
    const call = (room: string, caller: Caller) => plugins.executePlugin({ name: "placed", action: "say", room }, callContext({ caller }));
    await call("closed", as("ann"));
    await call("open", as("eve"));
    assertEquals(await refusal(call("closed", as("eve"))), ["permission_denied", "room"]);
    assertEquals(await refusal(call("open", as("ann", ["closed"]))), ["permission_denied", "room"]);
    await plugins.uninstallPlugin({ name: "placed" }, callContext());
    await messages.close();
  });

  await t.step("listPlugins goes by names and by events, page by page", async () => {
    await using plugins = await testPluginService(database);
    for (const name of ["list-c", "list-a", "list-b"]) {
      await plugins.installPlugin({ archive: archiveOf({ name, ...(name === "list-b" ? HOOKS : {}) }) }, callContext());
    }
    const page = async (request: object) => {
      const { plugins: found, hasMore } = await plugins.listPlugins(request, callContext());
      return [found.map(({ name }) => name), hasMore];
    };
    assertEquals(await page({}), [["list-a", "list-b", "list-c"], false]);
    assertEquals(await page({ limit: 2 }), [["list-a", "list-b"], true]);
    assertEquals(await page({ afterName: "list-b" }), [["list-c"], false]);
    assertEquals(await page({ event: "message.before_create" }), [["list-b"], false]);
    const [listed] = (await plugins.listPlugins({}, callContext())).plugins;
    assertEquals([listed?.manifest, listed?.versions], [undefined, []]);
    for (const name of ["list-c", "list-a", "list-b"]) await plugins.uninstallPlugin({ name }, callContext());
  });

  await t.step(
    "watchHooks tells the table in its order now and at each change, and streamPluginLogs what was written and what comes",
    async () => {
      await using plugins = await testPluginService(database);
      const caller = new AbortController();
      const context = callContext({ signal: caller.signal });
      const tables = plugins.watchHooks({}, context)[Symbol.asyncIterator]();
      const next = async () =>
        ((await tables.next()).value as HookTable).hooks.map(({ plugin, hook }) => `${plugin} ${hook?.event} ${hook?.order}`);
      assertEquals(await next(), []);
      const hooks = [{ event: "message.after_create", order: 1 }, { event: "message.before_create", order: -1 }];
      await plugins.installPlugin({ archive: archiveOf({ name: "watch-b", hooks }) }, callContext());
      assertEquals(await next(), ["watch-b message.before_create -1", "watch-b message.after_create 1"]);
      await plugins.installPlugin(
        { archive: archiveOf({ name: "watch-a", hooks: [{ event: "message.after_create", order: 1 }] }) },
        callContext(),
      );
      assertEquals((await next()).slice(1), ["watch-a message.after_create 1", "watch-b message.after_create 1"]);
      const write = (text: string) => plugins.launcher.listeners.get("watch-a")?.onLog({ level: "info", text, requestId: "r" });
      for (const text of ["one", "two", "three"]) write(text);
      const lines = plugins.streamPluginLogs({ name: "watch-a", tail: 2, follow: true }, context)[Symbol.asyncIterator]();
      const line = async () => ((await lines.next()).value as PluginLogLine).text;
      assertEquals([await line(), await line()], ["two", "three"]);
      write("é".repeat(4_000));
      assertEquals(await line(), "é".repeat(2_048));
      const all: string[] = [];
      for await (const { text } of plugins.streamPluginLogs({ name: "watch-a" }, callContext())) all.push(text.slice(0, 5));
      assertEquals(all, ["one", "two", "three", "ééééé"]);
      caller.abort(new ChatError("cancelled", "Enough"));
      assertEquals((await assertRejects(() => lines.next(), ChatError)).message, "Enough");
      assertEquals((await assertRejects(() => tables.next(), ChatError)).message, "Enough");
      for (const name of ["watch-a", "watch-b"]) await plugins.uninstallPlugin({ name }, callContext());
    },
  );

  await t.step(
    "a plugin that comes with the system is there without consent, stays disabled, cannot be removed, and goes when it is named no longer",
    async () => {
      const builtIn = [archiveOf({ name: "own", permissions: { capabilities: ["storage"] } })];
      {
        await using plugins = await testPluginService(database, { builtIn });
        const { builtIn: told, granted } = await plugins.getPlugin({ name: "own" }, callContext());
        assertEquals([told, granted?.capabilities], [true, ["storage"]]);
        assertEquals(await refusal(plugins.uninstallPlugin({ name: "own" }, callContext())), ["failed_precondition", "name"]);
        assertEquals(await refusal(plugins.installPlugin({ archive: archiveOf({ name: "own" }) }, callContext())), [
          "failed_precondition",
          "archive",
        ]);
        await plugins.disablePlugin({ name: "own" }, callContext());
      }
      {
        await using plugins = await testPluginService(database, { builtIn: [archiveOf({ name: "own", version: "2.0.0" })] });
        const { version, state } = await plugins.getPlugin({ name: "own" }, callContext());
        assertEquals([version, state], ["2.0.0", "disabled"]);
        await plugins.enablePlugin({ name: "own" }, callContext());
      }
      {
        await using plugins = await testPluginService(database);
        assertEquals((await plugins.getPlugin({ name: "own" }, callContext())).problem, "PLUGIN_BUILT_IN does not name it");
      }
      await using plugins = await testPluginService(database, { builtIn });
      assert((await plugins.getPlugin({ name: "own" }, callContext())).state !== "disabled");
    },
  );
});
