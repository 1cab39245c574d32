import { type BenchContext, load, loadRuntime, type Place, type Row, type ServerChild, startServer } from "./context.ts";
import { median } from "./figures.ts";

/** What the load generator found, and what the server did meanwhile. */
interface Found {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly encodingsPerMessage: number;
  readonly serverBusy: number;
}

/** A way to load the server, and what it should come to. */
interface Case {
  readonly name: string;
  readonly load: Readonly<Record<string, unknown>>;
  readonly perSecond?: number;
  readonly p99Ms?: number;
}

const THOUSAND = { connections: 10, subscribers: 1_000 };
const CASES: readonly Case[] = [
  { name: "1 sender to 1,000 subscribers, flat out", load: { ...THOUSAND, senders: 128, untilDelivered: true }, perSecond: 80_000 },
  { name: "1 sender to 1,000 subscribers, 80 messages/s", load: { ...THOUSAND, rate: 80 }, p99Ms: 30 },
  { name: "1 sender to 1,000 subscribers, 20 messages/s", load: { ...THOUSAND, rate: 20 } },
  { name: "100 senders to 1 subscriber, flat out", load: { connections: 1, subscribers: 1, senders: 100 } },
];

/** One message to many, and many to one: deliveries per second and how long after the commit's time stamp they arrive. */
export const fanoutRow: Row = {
  name: "fanout",
  async measure(context) {
    for (const kind of ["Postgres", "PGlite"] as const) {
      const place = await context.place("fanout", kind);
      if (place === undefined) continue;
      const server = await startServer(place);
      await using _server = server.child;
      for (const one of CASES) await measureCase(context, place, { server, one });
    }
  },
};

async function measureCase(context: BenchContext, { kind }: Place, { server, one }: { server: ServerChild; one: Case }): Promise<void> {
  const runs: Found[] = [];
  for (let run = 0; run < context.runs; run++) runs.push(await deliver(context, server, one));
  const middle = (of: (found: Found) => number) => ({ value: median(runs.map(of)), runs: runs.map(of) });
  const name = `${one.name} (${kind})`;
  const busy = `server ${Math.round(middle((found) => found.serverBusy).value * 100)} % of a core, client in ${loadRuntime}`;
  const rate = one.perSecond === undefined ? {} : { target: { atLeast: one.perSecond } };
  const late = one.p99Ms === undefined ? {} : { target: { atMost: one.p99Ms } };
  context.report({ row: "fanout", name, unit: "deliveries/s", note: busy, ...rate, ...middle((found) => found.perSecond) });
  context.report({ row: "fanout", name: `${name}: commit to arrival, p50`, unit: "ms", ...middle((found) => found.p50) });
  context.report({ row: "fanout", name: `${name}: commit to arrival, p99`, unit: "ms", ...late, ...middle((found) => found.p99) });
  const once = { target: { atMost: 1 } };
  context.report({
    row: "fanout",
    name: `${name}: encodings a message`,
    unit: "",
    ...once,
    ...middle((found) => found.encodingsPerMessage),
  });
}

async function deliver(context: BenchContext, { child, grpcPort }: ServerChild, one: Case): Promise<Found> {
  const [before, cpuBefore, beganMs] = [await child.ask({}), child.cpuMs, performance.now()];
  const found = await load({ mode: "stream", port: grpcPort, seconds: context.seconds, ...one.load });
  const after = await child.ask({});
  const { perSecond = NaN, p50 = NaN, p99 = NaN, sent = NaN, gaps, failed, ended } = found;
  if (gaps !== 0 || failed !== 0 || ended !== 0) {
    throw new Error(`${one.name}: ${gaps} gaps, ${failed} calls failed, ${ended} streams ended`);
  }
  return {
    ...{ perSecond, p50, p99 },
    encodingsPerMessage: (Number(after["encodings"]) - Number(before["encodings"])) / sent,
    serverBusy: (child.cpuMs - cpuBefore) / (performance.now() - beganMs),
  };
}
