import { MessageServiceClient } from "../../src/clients/message_client.ts";
import { PluginServiceClient } from "../../src/clients/plugin_client.ts";
import type { PluginAction } from "../../src/contracts/mod.ts";
import { packArchive } from "../../src/plugin/packages/archive.ts";
import { manifest } from "../../tests/support/sandbox.ts";
import { ServerProcess } from "../../tests/support/server_process.ts";
import type { BenchContext } from "./context.ts";
import { quantile, ratioFigure } from "./figures.ts";

/** What a plugin does that goes too far; each until it is ended. */
const EXCESSES: Readonly<Record<string, string>> = {
  loops: `for (;;);`,
  allocates: `const all: number[][] = []; for (;;) all.push(new Array(10_000).fill(1.5));`,
  floods: `const text = "x".repeat(4_000); for (;;) console.log(text);`,
};

/** Calls a second of each kind that is measured: neither saturates the machine by itself. */
const EVERY_MS = 10;

/** What people who write messages, and callers of another plugin, notice while a plugin loops, allocates or floods. */
export async function neighbours(context: BenchContext): Promise<void> {
  const place = await context.place("plugin", "Postgres");
  if (place === undefined) return;
  await using server = new ServerProcess({ env: { ...place.env, PLUGIN_DATA_DIR: `${context.folder}/plugins`, AUTH_MODE: "none" } });
  const { grpcAddress: address } = await server.ready();
  await using plugins = new PluginServiceClient({ address });
  await using messages = new MessageServiceClient({ address });
  await install(plugins, "quiet", { echo: "return input;" });
  await install(plugins, "hostile", EXCESSES);
  const create = () => messages.createMessage({ content: "Hello", username: "ann" });
  const echo = () => plugins.executePlugin({ name: "quiet", action: "echo" });
  await Promise.all([steadily(1_000, create), steadily(1_000, echo)]);
  for (const excess of Object.keys(EXCESSES)) await besides(context, { plugins, create, echo }, excess);
}

interface Neighbours {
  readonly plugins: PluginServiceClient;
  create(): Promise<unknown>;
  echo(): Promise<unknown>;
}

/** The same calls alone and besides an excess, in alternation. */
async function besides(context: BenchContext, { plugins, create, echo }: Neighbours, excess: string): Promise<void> {
  const found = { messages: { alone: [] as number[], besides: [] as number[] }, calls: { alone: [] as number[], besides: [] as number[] } };
  for (let run = 0; run < context.runs; run++) {
    for (const when of ["alone", "besides"] as const) {
      // It may have been disabled by the run before.
      await plugins.enablePlugin({ name: "hostile" });
      const going = when === "besides" ? goTooFar(plugins, excess, context.seconds * 1_000) : undefined;
      const [messages, calls] = await Promise.all([steadily(context.seconds * 1_000, create), steadily(context.seconds * 1_000, echo)]);
      found.messages[when].push(quantile(messages, 0.99));
      found.calls[when].push(quantile(calls, 0.99));
      await going;
    }
  }
  for (const [what, times] of Object.entries({ "CreateMessage, p99": found.messages, "call of another plugin, p99": found.calls })) {
    context.report(
      ratioFigure({ row: "plugin", name: `${what}, while a plugin ${excess}`, unit: "ms" }, times.besides, {
        name: "without it",
        runs: times.alone,
      }),
    );
  }
}

/** Calls at a steady pace, whether earlier ones are answered or not; gives the sorted times. */
async function steadily(forMs: number, call: () => Promise<unknown>): Promise<readonly number[]> {
  const times: number[] = [];
  const open: Promise<void>[] = [];
  const untilMs = performance.now() + forMs;
  while (performance.now() < untilMs) {
    const startedAtMs = performance.now();
    open.push(call().then(() => void times.push(performance.now() - startedAtMs)));
    await new Promise((go) => setTimeout(go, EVERY_MS));
  }
  await Promise.all(open);
  return times.sort((a, b) => a - b);
}

/** Two callers who call again as soon as they are refused, for as long. */
async function goTooFar(plugins: PluginServiceClient, action: string, forMs: number): Promise<void> {
  const untilMs = performance.now() + forMs;
  await Promise.all([1, 2].map(async () => {
    while (performance.now() < untilMs) {
      await plugins.executePlugin({ name: "hostile", action }).catch(() => {});
      await new Promise((go) => setTimeout(go, EVERY_MS));
    }
  }));
}

async function install(plugins: PluginServiceClient, name: string, bodies: Readonly<Record<string, string>>): Promise<void> {
  const actions = Object.keys(bodies).map((action): PluginAction => (
    { name: action, description: "", inputSchemaJson: "", outputSchemaJson: "", streams: false, readOnly: true }
  ));
  const text = `export default { actions: { ${
    Object.entries(bodies).map(([action, body]) => `${action}(input: unknown) { ${body} }`).join(", ")
  } } };`;
  await plugins.installPlugin({ archive: packArchive(manifest({ name, actions }), { kind: "module", language: "typescript", text }) });
}
