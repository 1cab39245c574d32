import { ChatError } from "../../src/core/errors.ts";
import { NAME } from "../../src/plugin/packages/manifest.ts";

const ROOT = new URL("../../", import.meta.url);

/** Makes a plugin's folder; its tests pass, and it can be packed. */
export async function makePlugin(name: string, folder: string): Promise<readonly string[]> {
  if (!NAME.test(name)) {
    throw new ChatError(
      "invalid_argument",
      `A plugin's name must be 1 to 64 of a-z, 0-9 and "-", beginning with a letter, got ${JSON.stringify(name)}`,
    );
  }
  const files = { "manifest.json": manifest(name), "plugin.ts": code(name), "plugin_test.ts": test(name), "deno.json": config() };
  try {
    await Deno.mkdir(folder, { recursive: true });
    for (const [file, text] of Object.entries(files)) await Deno.writeTextFile(`${folder}/${file}`, text, { createNew: true });
  } catch (cause) {
    if (!(cause instanceof Deno.errors.AlreadyExists)) throw cause;
    throw new ChatError("failed_precondition", `The folder ${folder} has such files already: ${cause.message}`, { cause });
  }
  return Object.keys(files).map((file) => `${folder}/${file}`);
}

function manifest(name: string): string {
  const text = { type: "object", properties: { text: { type: "string" } }, required: ["text"] };
  return json({
    ...{ name, version: "0.1.0", description: "Greets whoever asks for it" },
    actions: [{
      ...{ name: "greet", description: "Greets somebody by name", read_only: true },
      input_schema: { type: "object", properties: { args: { type: "string", maxLength: 100 } } },
      output_schema: text,
    }],
    hooks: [{ event: "command", command: name, action: "greet" }],
    permissions: {},
  });
}

function code(name: string): string {
  return `import type { Plugin } from "@chat/system/plugin";

/** \`/${name} NAME\` in a room, or the action \`greet\`, greets NAME. */
export default {
  actions: {
    greet(input: { args?: string }, context) {
      const name = input.args?.trim() || context.username || "stranger";
      context.log.info("Greeting", name);
      return { text: \`Hello, \${name}!\` };
    },
  },
} satisfies Plugin;
`;
}

function test(name: string): string {
  return `import { assertEquals, startPlugin } from "@chat/system/plugin/testing";

Deno.test("${name} greets by name, as an action and as a command", async () => {
  await using plugin = await startPlugin(import.meta.dirname!);
  assertEquals(await plugin.call("greet", { args: "Ann" }), { text: "Hello, Ann!" });
  const answer = await plugin.say("/${name} Bob", { username: "cleo" });
  assertEquals([answer.username, answer.content], ["${name}", "Hello, Bob!"]);
});
`;
}

/** Editors and tests find the types and the test server here. */
function config(): string {
  const at = (path: string) => new URL(path, ROOT).href;
  return json({
    imports: { "@chat/system/plugin": at("src/plugin/author.ts"), "@chat/system/plugin/testing": at("scripts/plugin/testing.ts") },
  });
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
