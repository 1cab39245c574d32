/**
 * Plugins' say over messages while every service is a process of its own, and while the plugin service is gone.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { PluginServiceClient } from "../../src/clients/mod.ts";
import { within } from "../support/deadline.ts";
import { archiveOf } from "../support/plugin_service.ts";
import type { SplitSystem } from "../support/split_system.ts";

const PATIENCE_MS = 30_000;

/** Decides about messages, answers `/roll`, and tells once of what it was told. */
const WARDEN = `export default {
  actions: { roll: ({ args }, { username }) => ({ text: username + " rolled " + args }) },
  hooks: {
    "message.before_create": (draft) =>
      draft.content === "buy" ? { decision: "drop", reason: "No advertising" } : { decision: "rewrite", draft: { content: draft.content + "!" } },
    "message.after_create": async (message, { messages }) => void await messages.post({ content: "Told of " + message.id }),
  },
};`;
const WARDENS_HOOKS = [
  { event: "message.before_create", rooms: ["open"] },
  { event: "message.after_create", rooms: ["open"] },
  { event: "command", command: "roll", action: "roll" },
];
const GUARD = `export default { hooks: { "message.before_create": () => ({ decision: "allow", reason: "Fine" }) } };`;

// deno-lint-ignore no-explicit-any -- a test looks into whatever came
type Answer = { readonly status: number; readonly body: any };

/** Installs plugins in a running system, and holds it to what they decide; the plugin service and the message service are killed meanwhile. */
export async function holdToPlugins(system: SplitSystem): Promise<void> {
  const { url, addresses, tls } = system.place;
  await using client = new PluginServiceClient({ address: addresses["plugin"] ?? "", tls });
  const guardsHooks = [{ event: "message.before_create", rooms: ["shut"], on_failure: "closed" }];
  await client.installPlugin({ archive: archiveOf({ name: "guard", actions: [], hooks: guardsHooks }, GUARD) });
  const permissions = { capabilities: ["messages.post"] };
  const warden = archiveOf({ name: "warden", actions: [{ name: "roll" }], hooks: WARDENS_HOOKS, permissions }, WARDEN);
  await client.installPlugin({ archive: warden, granted: permissions });

  const say = async (room: string, content: string, key: string = crypto.randomUUID()): Promise<Answer> => {
    const body = JSON.stringify({ room, content, username: "ann", client_message_id: key });
    const response = await fetch(`${url}/v1/messages`, { method: "POST", headers: { "content-type": "application/json" }, body });
    return { status: response.status, body: await response.json() };
  };
  const read = async (room: string) => (await (await fetch(`${url}/v1/messages?room=${room}`)).json()).messages;

  const first = await until("the message service to know the hooks", () => say("open", "hi"), ({ body }) => body.content === "hi!");
  assertEquals([(await say("open", "buy")).status, (await say("open", "buy")).body.detail], [
    403,
    "The plugin warden does not let the message through: No advertising",
  ]);
  const told = `Told of ${first.body.id}`;
  const posts = () => read("open").then((all: Answer["body"][]) => all.filter(({ content }) => content === told));
  const [post] = await until("it to be told of the message", posts, (found) => found.length > 0);
  assertEquals([post.username, post.via], ["warden", ["warden"]]);
  const [rolled, again] = [await say("free", "/roll 6", "roll"), await say("free", "/roll 6", "roll")];
  assertEquals([rolled.status, rolled.body.content, again.body], [200, "ann rolled 6", rolled.body]);
  assertEquals((await say("shut", "hi")).body.decisions[0].reason, "Fine");

  await system.killPart("plugin");
  const holdsWithout = async () => {
    const passed = await until("open hooks to let pass", () => say("open", "alone"), ({ status }) => status === 201);
    assertEquals([passed.body.content, passed.body.decisions[0].plugin, passed.body.decisions[0].failure !== ""], [
      "alone",
      "warden",
      true,
    ]);
    assertEquals([(await say("shut", "alone")).status, (await say("free", "alone")).status], [503, 201]);
    assertEquals((await say("free", "/roll 6")).status, 503);
  };
  await holdsWithout();
  await system.killPart("message");
  await system.startPart("message");
  await holdsWithout();
  await system.startPart("plugin");
  await until("closed hooks to be asked again", () => say("shut", "back"), ({ status }) => status === 201);
  assertEquals((await posts()).length, 1, "an event is told of once");
  for (const name of ["warden", "guard"]) await client.uninstallPlugin({ name });
  await until("the hooks to be gone", () => say("shut", "free"), ({ body }) => body.decisions === undefined);
}

async function until<T>(what: string, look: () => Promise<T>, isSo: (found: T) => boolean): Promise<T> {
  const wait = async () => {
    for (;;) {
      const found = await look();
      if (isSo(found)) return found;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  return await within(PATIENCE_MS, what, wait());
}
