import { CallTokens } from "../../src/plugin/remote/tokens.ts";
import { HostClient, RemotePlugin } from "../../tests/support/remote_plugin.ts";
import { Running } from "../../tests/support/remote_runner.ts";
import { startServer } from "../../tests/transport/grpc_support.ts";
import type { BenchContext } from "./context.ts";
import { quantile } from "./figures.ts";

const CALLS = 2_000;
const WARM_UP = 200;
/** As for code in the sandbox. */
const TARGET_MS = 5;

/** What a call of a plugin costs that is a server of its own, here in the same process, and what a question of its to the system adds. */
export async function remotePlugins(context: BenchContext): Promise<void> {
  const tokens = new CallTokens();
  await using server = await startServer({ pluginHost: tokens, services: {} });
  using host = new HostClient(server.address);
  using plugin = await RemotePlugin.start();
  await using running = new Running(plugin.address, { tokens });
  await report(context, "call of a remote plugin", () => running.run());
  plugin.behaviour = {
    runAction: async ({ caller }) => {
      await host.use({ token: caller!.token, storage: { operation: "get", key: "k" } });
      return { outputJson: "1", seq: 1 };
    },
  };
  await report(context, "call of a remote plugin that asks the system once", () => running.run());
}

async function report(context: BenchContext, name: string, call: () => Promise<unknown>): Promise<void> {
  const times: number[] = [];
  for (let count = -WARM_UP; count < CALLS; count++) {
    const startedAtMs = performance.now();
    await call();
    if (count >= 0) times.push(performance.now() - startedAtMs);
  }
  const sorted = times.toSorted((a, b) => a - b);
  for (const q of [0.5, 0.99]) {
    context.report({ row: "plugin", name: `${name}, p${q * 100}`, value: quantile(sorted, q), unit: "ms", target: { atMost: TARGET_MS } });
  }
}
