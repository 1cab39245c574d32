import { effectiveLimits } from "../../src/plugin/sandbox/limits.ts";
import { manifest, NOTHING, withSandboxes, work } from "../../tests/support/sandbox.ts";
import type { BenchContext, Row } from "./context.ts";
import { quantile } from "./figures.ts";
import { neighbours } from "./plugin_neighbours.ts";
import { remotePlugins } from "./plugin_remote.ts";

const CODE = `export default { actions: { echo: (input: unknown) => input } };`;
const COLD = 40;
const WARM = 3_000;
const CALLERS = 16;
const COLD_TARGET_MS = 250;
const WARM_TARGET_MS = 5;

/** What the sandbox costs a call, and what others notice of a plugin that goes too far. */
export const pluginRow: Row = {
  name: "plugin",
  async measure(context) {
    await withSandboxes(async (sandboxes) => {
      const create = () =>
        sandboxes.createRunner({
          ...{ manifest: manifest(), granted: NOTHING, limits: { ...effectiveLimits({}), concurrency: 2 }, keepWarm: 0 },
          code: { text: CODE, language: "typescript" },
        }, { onLog() {}, onState() {} });
      const cold: number[] = [];
      for (let start = -2; start < COLD; start++) {
        const runner = await create();
        const ms = await timed(() => runner.runAction("echo", "{}", work()));
        if (start >= 0) cold.push(ms);
        await runner.close();
      }
      report(context, "first call of a plugin, its process started for it", cold, COLD_TARGET_MS);
      const runner = await create();
      const warm: number[] = [];
      for (let call = -200; call < WARM; call++) {
        const ms = await timed(() => runner.runAction("echo", `{"text":"hello"}`, work()));
        if (call >= 0) warm.push(ms);
      }
      report(context, "call of a warm plugin", warm, WARM_TARGET_MS);
      await throughput(context, () => runner.runAction("echo", `{"text":"hello"}`, work()));
      await runner.close();
    });
    await remotePlugins(context);
    await neighbours(context);
  },
};

function report(context: BenchContext, name: string, times: number[], atMost: number): void {
  const sorted = times.toSorted((a, b) => a - b);
  for (const q of [0.5, 0.99]) {
    context.report({ row: "plugin", name: `${name}, p${q * 100}`, value: quantile(sorted, q), unit: "ms", target: { atMost } });
  }
}

async function throughput(context: BenchContext, call: () => Promise<unknown>): Promise<void> {
  let calls = 0;
  const untilMs = performance.now() + context.seconds * 1_000;
  await Promise.all(Array.from({ length: CALLERS }, async () => {
    for (; performance.now() < untilMs; calls++) await call();
  }));
  context.report({
    row: "plugin",
    name: `calls of a warm plugin, ${CALLERS} callers, 2 processes`,
    value: calls / context.seconds,
    unit: "calls/s",
  });
}

async function timed(call: () => Promise<unknown>): Promise<number> {
  const startedAtMs = performance.now();
  await call();
  return performance.now() - startedAtMs;
}
