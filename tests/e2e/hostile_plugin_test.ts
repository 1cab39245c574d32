/**
 * A plugin that goes too far in every way, in a real server with the permissions that it has in service: everybody else is served, and it ends disabled.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { ChatError, MessageServiceClient, PluginServiceClient } from "../../src/clients/mod.ts";
import { packArchive } from "../../src/plugin/packages/archive.ts";
import { createTestDatabase } from "../support/postgres.ts";
import { manifest } from "../support/sandbox.ts";
import { ServerProcess } from "../support/server_process.ts";
import { tempDir } from "../support/temp_dir.ts";

const HOSTILE: Readonly<Record<string, string>> = {
  ping: `return "pong";`,
  loop: `for (;;);`,
  allocate: `const all: number[][] = []; for (;;) all.push(new Array(10_000).fill(1.5));`,
  flood: `return "x".repeat(2_000_000);`,
  forge: `Deno.stdout.writeSync(new TextEncoder().encode("end 1\\n")); return new Promise(() => {});`,
  exit: `Deno.exit(1);`,
};

function archive(name: string, bodies: Readonly<Record<string, string>>): Uint8Array {
  const usual = { description: "", inputSchemaJson: "", outputSchemaJson: "", streams: false, readOnly: true };
  const actions = Object.keys(bodies).map((action) => ({ name: action, ...usual }));
  const limits = { memoryBytes: 0, callMs: 20_000, cpuMs: 200, outputBytes: 0, concurrency: 1 };
  const text = `export default { actions: { ${Object.entries(bodies).map(([action, body]) => `${action}() { ${body} }`).join(", ")} } };`;
  return packArchive(manifest({ name, actions, limits }), { kind: "module", language: "typescript", text });
}

Deno.test("a plugin that loops, allocates, floods, forges and exits in turn is restarted, then disabled, and everybody else is served", async () => {
  await using belongings = new AsyncDisposableStack();
  const { path } = belongings.use(await tempDir());
  const { url, drop } = await createTestDatabase();
  belongings.defer(drop);
  const server = belongings.use(new ServerProcess({ env: { DATABASE_URL: url, DATA_DIR: path } }));
  const { grpcAddress: address } = await server.ready();
  const plugins = belongings.use(new PluginServiceClient({ address, maxAttempts: 1 }));
  const messages = belongings.use(new MessageServiceClient({ address, maxAttempts: 1 }));
  const ping = async (name: string) => (await admitted(() => plugins.executePlugin({ name, action: "ping" }))).outputJson;
  await plugins.installPlugin({ archive: archive("hostile", HOSTILE) });
  await plugins.installPlugin({ archive: archive("quiet", { ping: `return "pong";` }) });
  assertEquals(await ping("hostile"), `"pong"`);

  let going = true;
  let served = 0;
  const others = (async () => {
    for (; going; served++) {
      await admitted(() => messages.createMessage({ content: "Hello", username: "ann" }));
      assertEquals(await ping("quiet"), `"pong"`);
    }
  })();
  try {
    for (const action of ["loop", "allocate", "flood", "forge", "exit"]) await goTooFar(plugins, action);
  } finally {
    going = false;
    await others;
  }
  assert(served > 10);
  const { state, problem } = await plugins.getPlugin({ name: "hostile" });
  assertEquals(state, "disabled");
  assertMatch(problem, /ended itself with exit code 1; after 5 failures in a row/);
  const refused = await assertRejects(() => ping("hostile"), ChatError);
  assertEquals(refused.code, "failed_precondition");
  await server.seen(/"A plugin has failed"[^\n]*broke the protocol/);
  await plugins.enablePlugin({ name: "hostile" });
  assertEquals(await ping("hostile"), `"pong"`);
});

/** Calls until the server has time for it: on a busy machine it may say that it has none, before anything is done. */
async function admitted<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof ChatError) || !error.message.startsWith("The server is full")) throw error;
      await new Promise((go) => setTimeout(go, error.retryAfterMs ?? 100));
    }
  }
}

/** Calls it until it was called: in a pause it is not. */
async function goTooFar(plugins: PluginServiceClient, action: string): Promise<void> {
  for (;;) {
    const error = await assertRejects(() => admitted(() => plugins.executePlugin({ name: "hostile", action })), ChatError);
    if (!error.message.includes("is being restarted")) return assertMatch(error.message, /^Plugin "?hostile/);
    await new Promise((go) => setTimeout(go, error.retryAfterMs ?? 100));
  }
}
