import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { UsageError } from "../../scripts/chat/usage.ts";
import { parsePluginCommand } from "../../scripts/plugin/arguments.ts";
import { ServerProcess } from "../support/server_process.ts";
import { dataDir } from "../support/database.ts";
import { tempDir } from "../support/temp_dir.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** What a finished command left behind. */
interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `deno task plugin` to its end, as from `folder`. */
async function plugin(folder: string, ...args: readonly string[]): Promise<Result> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "--config", `${ROOT}deno.json`, "plugin", ...args],
    cwd: folder,
    // Where this test runs as a task itself, the variable names the folder of that one.
    env: { INIT_CWD: folder, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

async function done(folder: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await plugin(folder, ...args);
  assertEquals(code, 0, `${args.join(" ")}: ${stdout}${stderr}`);
  return stdout;
}

Deno.test("plugin makes one whose tests pass, and installs only what is signed and agreed to", async (t) => {
  await using dir = await tempDir();
  const at = dir.path;

  await t.step("new makes a folder whose tests pass in the real sandbox, and overwrites nothing", async () => {
    await done(at, "new", "hello", "made");
    assertMatch(await done(at, "test", "made"), /1 passed/);
    const again = await plugin(at, "new", "hello", "made");
    assertEquals([again.code, /has such files already/.test(again.stderr)], [1, true], again.stderr);
  });

  const keyLine = (await done(at, "keygen", "key.json", "--id", "team")).trim();
  await using data = await dataDir();
  await using server = new ServerProcess({ env: { SERVICES: "message,plugin", DATA_DIR: data.path, PLUGIN_TRUSTED_KEYS: keyLine } });
  const { grpcAddress: address } = await server.ready();
  const on = ["--address", address];

  await t.step("pack refuses what is wrong with the place and the value, and signs", async () => {
    assertMatch(keyLine, /^team:[A-Za-z0-9+/]{43}=$/);
    assertEquals((await Deno.stat(`${at}/key.json`)).mode! & 0o777, 0o600);
    assertMatch(
      await done(at, "pack", "made", "--sign", "key.json"),
      /hello-0\.1\.0\.chatplugin\nsha256 [0-9a-f]{64}, \d+ bytes, signed\n$/,
    );
    const manifest = JSON.parse(await Deno.readTextFile(`${at}/made/manifest.json`));
    await Deno.writeTextFile(`${at}/made/manifest.json`, JSON.stringify({ ...manifest, version: "two" }));
    const wrong = await plugin(at, "pack", "made");
    assertEquals([wrong.code, /`manifest\.version` must be .*, got "two"/.test(wrong.stderr)], [1, true], wrong.stderr);
  });

  await t.step("install takes a signed archive, and call and logs reach it", async () => {
    await Deno.copyFile(`${at}/hello-0.1.0.chatplugin`, `${at}/unsigned.chatplugin`);
    const unsigned = await plugin(at, "install", "unsigned.chatplugin", ...on);
    assertEquals([unsigned.code, /needs a signature by one of the trusted keys team/.test(unsigned.stderr)], [1, true], unsigned.stderr);
    const shown = await done(at, "install", "hello-0.1.0.chatplugin", ...on);
    assertMatch(shown, /actions {2}greet\n {2}hooks {4}command \/hello\n {2}asks for nothing\n {2}signed {3}by team\n/);
    assertEquals(await done(at, "call", "hello", "greet", '{"args":"Ann"}', ...on), '{"text":"Hello, Ann!"}\n');
    assertMatch(await done(at, "logs", "hello", ...on), /^\S+Z info {2}Greeting Ann\n$/);
  });

  await t.step("install asks for consent, and grants what is named", async () => {
    await done(at, "pack", `${ROOT}tests/examples/faq`, "--sign", "key.json");
    const refused = await plugin(at, "install", "faq-1.0.0.chatplugin", ...on);
    assertEquals(refused.code, 1);
    assertStringIncludes(refused.stderr, "It asks for capabilities storage, rooms *: name that with --grant, or say --yes");
    const installed = await done(at, "install", "faq-1.0.0.chatplugin", "--grant", "storage", "--grant", "room:*", ...on);
    assertMatch(installed, /\nfaq 1\.0\.0 (starting|enabled)\n$/);
    const removed = await done(at, "uninstall", "faq", ...on);
    assertEquals(removed, 'Plugin "faq" was removed, with its data\n');
  });
});

Deno.test("parsePluginCommand understands each command with its options, and refuses others", () => {
  const parse = (line: string) => parsePluginCommand(line.split(" ")) as unknown as Record<string, unknown>;
  assertEquals(parse("install a.chatplugin --grant data --grant net:a.b:443 --grant storage --yes")["granted"], {
    ...{ net: ["a.b:443"], env: [], data: true, capabilities: ["storage"], rooms: [] },
  });
  assertEquals(parse("new dice")["folder"], "dice");
  assertEquals([parse("logs a -f --tail 5")["follow"], parse("logs a --tail 5")["tail"]], [true, 5]);
  assertEquals(parse("rollback a 1.0.0")["version"], "1.0.0");
  const wrong = [
    "fly",
    "new",
    "new a b c",
    "pack --yes",
    "install",
    "install a --grant all",
    "logs a --tail 0",
    "list x",
    "keygen k --id a/b",
    "new a --address x:1",
  ];
  for (const line of wrong) {
    const error = assertThrows(() => parse(line), UsageError);
    assert(error.message !== "", line);
  }
});
