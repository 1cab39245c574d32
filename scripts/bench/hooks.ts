import { PluginServiceClient } from "../../src/clients/mod.ts";
import type { PluginManifest } from "../../src/contracts/mod.ts";
import { packArchive } from "../../src/plugin/packages/archive.ts";
import { ServerProcess } from "../../tests/support/server_process.ts";
import { type BenchContext, load, type Row } from "./context.ts";
import { median, ratioFigure } from "./figures.ts";

/** What a late hook is given; it takes longer. */
const LATE_MS = 20;

interface Asked {
  readonly name: string;
  /** The hook's body; absent: there is no plugin. */
  readonly hook?: string;
  readonly services: string;
}

const SERVERS: Readonly<Record<"alone" | "none" | "warm" | "late", Asked>> = {
  alone: { name: "no plugin service", services: "message" },
  none: { name: "no hook", services: "message,plugin" },
  warm: { name: "a hook", services: "message,plugin", hook: "() => ({ decision: 'allow', reason: 'fine' })" },
  late: { name: "a late hook", services: "message,plugin", hook: "() => new Promise((done) => setTimeout(done, 1_000))" },
};

/** What plugins cost the path of messages: nothing where there are none, and little where one is asked. */
export const hooksRow: Row = {
  name: "hooks",
  async measure(context) {
    await using belongings = new AsyncDisposableStack();
    const ports: Record<string, number> = {};
    for (const [key, asked] of Object.entries(SERVERS)) {
      const place = await context.place("hooks", "Postgres") ?? await context.place("hooks", "PGlite");
      if (place === undefined) return;
      const server = belongings.use(new ServerProcess({ env: { ...place.env, SERVICES: asked.services, GRPC_MAX_TURN_DELAY_MS: "0" } }));
      const { grpcAddress } = await server.ready();
      if (asked.hook !== undefined) await install(grpcAddress, asked.hook);
      ports[key] = Number(grpcAddress.split(":").at(-1));
    }
    for (const inFlight of [1, 32]) await compare(context, ports, inFlight);
  },
};

async function install(address: string, hook: string): Promise<void> {
  await using client = new PluginServiceClient({ address });
  const noHook = { onFailure: "open", action: "", command: "", cron: "", rooms: [], order: 0 };
  const manifest: PluginManifest = {
    ...{ name: "asked", version: "1.0.0", description: "", actions: [] },
    hooks: [{ ...noHook, event: "message.before_create", timeoutMs: hook.includes("setTimeout") ? LATE_MS : 0 }],
  };
  const text = `export default { hooks: { "message.before_create": ${hook} } };`;
  await client.installPlugin({ archive: packArchive(manifest, { kind: "module", language: "javascript", text }) });
}

interface Took {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

async function compare(context: BenchContext, ports: Readonly<Record<string, number>>, inFlight: number): Promise<void> {
  const runs: Record<string, Took[]> = Object.fromEntries(Object.keys(ports).map((key) => [key, []]));
  // Once for nothing, so that all are warm.
  for (let run = -1; run < context.runs; run++) {
    for (const [key, port] of Object.entries(ports)) {
      const found = await load({ mode: "unary", port, connections: 1, inFlight, seconds: context.seconds, warmup: 0.5, kind: "same" });
      if (found["failed"] !== 0) throw new Error(`${found["failed"]} calls failed with ${key}`);
      if (run >= 0) runs[key]?.push({ perSecond: found["perSecond"] ?? NaN, p50: found["p50"] ?? NaN, p99: found["p99"] ?? NaN });
    }
  }
  const of = (key: string, part: keyof Took) => (runs[key] ?? []).map((took) => took[part]);
  const about = (what: string) => `CreateMessage, ${inFlight} at a time, ${what}`;
  for (const key of ["none", "warm", "late"] as const) {
    const other = key === "none" ? "alone" : "none";
    for (const part of ["p50", "p99"] as const) {
      const more = median(of(key, part)) - median(of(other, part));
      const note = `${more.toFixed(1)} ms more; ${median(of(key, "perSecond")).toFixed(0)} calls/s`;
      const figure = { row: "hooks", name: about(`${SERVERS[key].name}: ${part}`), unit: "ms", note };
      context.report(ratioFigure(figure, of(key, part), { name: SERVERS[other].name, runs: of(other, part) }));
    }
    if (key !== "warm" || inFlight > 1) continue;
    // A difference of two that were measured one right after the other, each on a machine as busy as the other's.
    const more = of(key, "p99").map((took, run) => took - (of(other, "p99")[run] ?? NaN));
    const figure = { row: "hooks", name: about("what a hook adds to the p99"), unit: "ms", target: { atMost: 10 } };
    context.report({ ...figure, value: median(more), runs: more });
  }
}
