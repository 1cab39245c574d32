/**
 * Plugins in the real program, with its own permissions and the real sandbox: changed while calls run, broken, and attacked by what is no archive.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { ChatError, PluginServiceClient } from "../../src/clients/mod.ts";
import type { Plugin } from "../../src/contracts/mod.ts";
import { dataDir } from "../support/database.ts";
import { within } from "../support/deadline.ts";
import { archiveOf } from "../support/plugin_service.ts";
import { ServerProcess } from "../support/server_process.ts";
import { tempDir } from "../support/temp_dir.ts";

const PATIENCE_MS = 60_000;
/** Ends that are the server's own fault, or nobody's word. */
const NEVER: readonly string[] = ["internal", "unavailable", "unimplemented"];

/** Says which version it is, a moment after it was asked. */
const versioned = (version: string) =>
  archiveOf(
    { name: "turning", version },
    `export default { actions: { say: async (input) => { await new Promise((go) => setTimeout(go, 20)); return { version: "${version}", input }; } } };`,
  );

async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  const wait = async () => {
    while (!await holds()) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  await within(PATIENCE_MS, what, wait());
}

Deno.test("main runs plugins while they are changed, breaks with none of them, and takes nothing for an archive that is none", async (t) => {
  await using data = await dataDir();
  await using folder = await tempDir();
  const envPath = `${folder.path}/plugins.env`;
  await Deno.writeTextFile(envPath, "# for plugins\nGREETING=Hi there\nOTHER=secret\n");
  const env = { SERVICES: "message,plugin", DATA_DIR: data.path, PLUGIN_DATA_DIR: `${folder.path}/state`, PLUGIN_ENV_PATH: envPath };
  await using server = new ServerProcess({ env });
  const address = (await server.ready()).grpcAddress;
  await using client = new PluginServiceClient({ address, deadlineMs: PATIENCE_MS, maxAttempts: 1 });
  const call = async (name: string, input: unknown = {}) => {
    return JSON.parse((await client.executePlugin({ name, action: "say", inputJson: JSON.stringify(input) })).outputJson);
  };

  await t.step("versions change to and fro while calls run: none fails, and each ends in the version that it says", async () => {
    const archives = ["1.0.0", "2.0.0"].map(versioned);
    await client.installPlugin({ archive: archives[0]! });
    let [sent, stopped] = [0, false];
    const versions = new Set<string>();
    const caller = async () => {
      while (!stopped) {
        const input = ++sent;
        const answer = await client.executePlugin({ name: "turning", action: "say", inputJson: `${input}` });
        assertEquals(JSON.parse(answer.outputJson), { version: answer.version, input });
        versions.add(answer.version);
      }
    };
    const callers = Promise.all([caller(), caller()]);
    for (const archive of [...archives, ...archives].toReversed()) {
      const { plugin } = await client.installPlugin({ archive });
      const before = sent;
      await Promise.race([callers, eventually("calls of the new version", () => Promise.resolve(sent > before + 4))]);
      assertEquals((await client.executePlugin({ name: "turning", action: "say" })).version, plugin?.version);
    }
    stopped = true;
    await callers;
    assertEquals([...versions].sort(), ["1.0.0", "2.0.0"]);
  });

  await t.step("a plugin has the folder and the variables that it was granted, and its folder goes with it", async () => {
    const permissions = { data: true, env: ["GREETING"] };
    const code = `export default { actions: { say: async (_, { dataDir }) => {
      await Deno.writeTextFile(dataDir + "/kept", "x", { append: true });
      return [Deno.env.get("GREETING"), await Deno.readTextFile(dataDir + "/kept")];
    } } };`;
    const request = { archive: archiveOf({ name: "keeping", permissions }, code), granted: permissions };
    await client.installPlugin(request);
    assertEquals([await call("keeping"), await call("keeping")], [["Hi there", "x"], ["Hi there", "xx"]]);
    await client.uninstallPlugin({ name: "keeping" });
    await client.installPlugin(request);
    assertEquals(await call("keeping"), ["Hi there", "x"]);
    await client.uninstallPlugin({ name: "keeping" });
    assertEquals([...Deno.readDirSync(`${folder.path}/state/data`)].map(({ name }) => name), []);
  });

  await t.step("a plugin that goes on breaking is told to be failing, and no other one notices", async () => {
    await client.installPlugin({ archive: archiveOf({ name: "weak" }, "export default { actions: { say: () => Deno.exit(3) } };") });
    const neighbours = Promise.all([1, 2, 3, 4].map((n) => call("turning", n)));
    const stateOf = async (): Promise<Plugin> => await client.getPlugin({ name: "weak" });
    await eventually("its failure", async () => {
      await call("weak").catch((error) => assert(error instanceof ChatError && error.code !== "internal", String(error)));
      return (await stateOf()).state === "failing";
    });
    assertMatch((await stateOf()).problem, /./);
    assertEquals((await neighbours).map(({ input }) => input), [1, 2, 3, 4]);
    await client.uninstallPlugin({ name: "weak" });
  });

  await t.step("changed archives and strange requests are refused, and are never the server's fault", async () => {
    const archive = archiveOf({
      name: "changed",
      actions: [{ name: "say", input_schema_json: '{"type":"object"}' }],
      permissions: { net: ["a.b"] },
    });
    const asked = async (work: () => Promise<unknown>) => {
      await work().catch((error) => assert(error instanceof ChatError && !NEVER.includes(error.code), `${error.code}: ${error.message}`));
    };
    const change = fc.record({ at: fc.nat(archive.length - 1), cut: fc.nat(2), insert: fc.uint8Array({ maxLength: 2 }) });
    await fc.assert(
      fc.asyncProperty(change, ({ at, cut, insert }) => {
        const bytes = Uint8Array.from([...archive.subarray(0, at), ...insert, ...archive.subarray(at + cut)]);
        return asked(() => client.installPlugin({ archive: bytes, checkOnly: true, granted: { net: ["a.b"] } }));
      }),
      { numRuns: 60 },
    );
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 40 }),
      fc.constantFrom("turning", "say", "\0", "{", "[1]", "a".repeat(300), "-1"),
    );
    await fc.assert(
      fc.asyncProperty(text, text, text, fc.integer(), async (name, action, inputJson, number) => {
        await asked(() => client.executePlugin({ name, action, inputJson, room: action }));
        await asked(() => client.executePlugin({ name: "turning", action: "say", inputJson }));
        await asked(() => client.listPlugins({ limit: number, afterName: name, event: action }));
        await asked(() => client.getPlugin({ name }));
        await asked(() => client.disablePlugin({ name: `${name}!`, reason: inputJson }));
        await asked(() => client.installPlugin({ digest: name, archive: new TextEncoder().encode(inputJson) }));
        await asked(() =>
          client.installPlugin({ archive, signatures: [{ keyId: name, signature: new Uint8Array(Math.abs(number) % 99) }] })
        );
        await asked(() => client.uninstallPlugin({ name: `${name}!` }));
        await asked(() => client.dryRunHooks({ event: action, via: [name] }));
      }),
      { numRuns: 10 },
    );
    assertEquals((await call("turning", 6)).input, 6);
  });
});
