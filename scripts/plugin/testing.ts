/**
 * A chat system of its own for the tests of one plugin: embedded database, the real services, the real sandbox.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert";
import { cp } from "node:fs/promises";
import { createApp } from "../../src/app.ts";
import { MessageServiceClient } from "../../src/clients/message_client.ts";
import { PluginServiceClient } from "../../src/clients/plugin_client.ts";
import { readConfig } from "../../src/config/read.ts";
import type { CreateMessageRequest, Message } from "../../src/contracts/mod.ts";
import { createLog } from "../../src/observability/log.ts";
import { packArchive } from "../../src/plugin/packages/archive.ts";
import { readManifest } from "../../src/plugin/packages/manifest.ts";
import { packFolder } from "./package.ts";

/** Throws unless both are the same in all their parts. */
export function assertEquals<T>(actual: T, expected: T, message?: string): void {
  deepStrictEqual(actual, expected, message as string);
}

/** A plugin that is installed, with everything granted that it asks for. */
export interface StartedPlugin extends AsyncDisposable {
  /** Calls an action, in a room if one is named. */
  call(action: string, input?: unknown, options?: { readonly room?: string }): Promise<unknown>;
  /** Calls an action that streams. */
  outputs(action: string, input?: unknown, options?: { readonly room?: string }): Promise<readonly unknown[]>;
  /** Writes a message; where the plugin's hooks respond, their response. */
  say(content: string, options: Omit<CreateMessageRequest, "content">): Promise<Message>;
  /** The messages of a room, oldest first. */
  messages(room?: string): Promise<readonly Message[]>;
  /** What it has written to its log. */
  log(): Promise<readonly string[]>;
}

/** Settings under which a system listens nowhere but on free ports of this machine. */
const QUIET = { SERVICES: "message,plugin", GRPC_ENABLED: "true", GRPC_SERVER_PORT: "0", METRICS_PORT: "off", LOG_LEVEL: "error" };

/** Packs the plugin in a folder and installs it; `env` are variables that it may be granted. */
export async function startPlugin(
  folder: string,
  options: { readonly env?: Readonly<Record<string, string>> } = {},
): Promise<StartedPlugin> {
  await using belongings = new AsyncDisposableStack();
  const { name, archive } = await packFolder(folder);
  const place = await Deno.makeTempDir({ prefix: "plugin-test-" });
  belongings.defer(() => Deno.remove(place, { recursive: true }));
  // Making a database takes seconds, copying an empty one does not.
  const template = Deno.env.get("TEST_PGLITE_TEMPLATE");
  if (template) await cp(template, `${place}/data`, { recursive: true });
  const envPath = `${place}/env`;
  await Deno.writeTextFile(envPath, Object.entries(options.env ?? {}).map(([name, value]) => `${name}=${value}\n`).join(""));
  const config = readConfig({ ...QUIET, DATA_DIR: `${place}/data`, PLUGIN_ENV_PATH: envPath });
  const app = createApp(config, { log: createLog("error", (line) => console.error(line)) });
  belongings.defer(() => app.stop());
  const address = `127.0.0.1:${(await app.start()).grpcPort}`;
  const messages = belongings.use(new MessageServiceClient({ address }));
  const plugins = belongings.use(new PluginServiceClient({ address }));
  await untilHooksAreHeardOf(plugins, messages);
  await install(plugins, archive);
  return new TestedPlugin(name, { messages, plugins, belongings: belongings.move() });
}

async function install(plugins: PluginServiceClient, archive: Uint8Array): Promise<void> {
  const { missing } = await plugins.installPlugin({ archive, checkOnly: true });
  await plugins.installPlugin({ archive, ...(missing === undefined ? {} : { granted: missing }) });
}

/**
 * The message service hears of hooks a moment after its start, and from then on at once. A hook of our own shows when: it drops whatever is said in a room of
 * its own.
 */
async function untilHooksAreHeardOf(plugins: PluginServiceClient, messages: MessageServiceClient): Promise<void> {
  const name = "heard-of";
  const hooks = [{ event: "message.before_create", rooms: [name] }];
  const text = 'export default { hooks: { "message.before_create": () => ({ decision: "drop" }) } };';
  const manifest = readManifest("manifest", { name, version: "1.0.0", hooks }, new Set());
  await install(plugins, packArchive(manifest, { kind: "module", language: "javascript", text }));
  const passes = () =>
    messages.createMessage({ room: name, username: name, content: "Who hears this?" }).then(
      () => true,
      (error) => error.code === "unavailable",
    );
  while (await passes()) await new Promise((resolve) => setTimeout(resolve, 20));
  await plugins.uninstallPlugin({ name });
}

interface TestedPluginTools {
  readonly messages: MessageServiceClient;
  readonly plugins: PluginServiceClient;
  readonly belongings: AsyncDisposableStack;
}

class TestedPlugin implements StartedPlugin {
  readonly #name: string;
  readonly #tools: TestedPluginTools;

  constructor(name: string, tools: TestedPluginTools) {
    this.#name = name;
    this.#tools = tools;
  }

  async call(action: string, input: unknown = {}, { room = "" }: { readonly room?: string } = {}): Promise<unknown> {
    const { outputJson } = await this.#tools.plugins.executePlugin({ name: this.#name, action, inputJson: JSON.stringify(input), room });
    return JSON.parse(outputJson);
  }

  async outputs(action: string, input: unknown = {}, { room = "" }: { readonly room?: string } = {}): Promise<readonly unknown[]> {
    const found: unknown[] = [];
    const request = { name: this.#name, action, inputJson: JSON.stringify(input), room };
    for await (const { outputJson } of this.#tools.plugins.streamPlugin(request)) found.push(JSON.parse(outputJson));
    return found;
  }

  async say(content: string, options: Omit<CreateMessageRequest, "content">): Promise<Message> {
    return await this.#tools.messages.createMessage({ ...options, content });
  }

  async messages(room?: string): Promise<readonly Message[]> {
    return (await this.#tools.messages.getMessages(room === undefined ? {} : { room })).messages;
  }

  async log(): Promise<readonly string[]> {
    const found: string[] = [];
    for await (const { text } of this.#tools.plugins.streamPluginLogs({ name: this.#name, tail: 10_000 })) found.push(text);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tools.belongings.disposeAsync();
  }
}
