import type { Child, Line } from "./child.ts";
import { type BenchContext, loadRuntime, type Row, startLoad, startServer } from "./context.ts";
import { median } from "./figures.ts";

type Over = "sse" | "ws";
type Found = Readonly<Record<"perSecond" | "p50" | "p99", number>>;

const TITLES: Readonly<Record<Over, string>> = { sse: "event streams", ws: "WebSockets" };
const FOLLOWERS = 1_000;
const CASES = [
  { name: "flat out", order: { inFlight: 16 } },
  { name: "20 messages/s", order: { rate: 20 } },
];
/** Of each of the two kinds. */
const CROWD = 2_500;
/** After which a server that has nothing to do has let go of what the start of the connections took. */
const SETTLE_MS = 3_000;

/** One sender over REST to many who follow by server-sent events or by WebSocket; in a full run to 5,000 connections too, with their memory. */
export const liveRow: Row = {
  name: "live",
  async measure(context) {
    const place = await context.place("live", "Postgres") ?? await context.place("live", "PGlite");
    if (place === undefined) return;
    for (const over of ["sse", "ws"] as const) {
      const { child, httpPort } = await startServer(place);
      await using _server = child;
      await thousand(context, over, httpPort);
    }
    if (!context.full) return;
    const { child, httpPort } = await startServer(place);
    await using server = child;
    await crowd(context, server, httpPort);
  },
};

async function thousand(context: BenchContext, over: Over, port: number): Promise<void> {
  await using client = startLoad({ port, over, followers: FOLLOWERS }, "live_client.mjs");
  await client.next();
  for (const { name, order } of CASES) {
    const runs: Found[] = [];
    for (let run = 0; run < context.runs; run++) runs.push(await carryOut(client, { ...order, seconds: context.seconds }));
    reportRuns(context, `1 sender to 1,000 ${TITLES[over]}, ${name}`, runs);
  }
}

/** What 5,000 connections take, half of each kind, and how soon a message is with all of them. */
async function crowd(context: BenchContext, server: Child, port: number): Promise<void> {
  // Loads and compiles what the first connections of a process need, which is no connection's cost.
  for (const over of ["sse", "ws"] as const) {
    await using first = startLoad({ port, over, followers: 100 }, "live_client.mjs");
    await first.next();
  }
  await using streams = await follow(context, server, { over: "sse", port });
  await using sockets = await follow(context, server, { over: "ws", port });
  const [streamRuns, socketRuns]: [Found[], Found[]] = [[], []];
  const seconds = context.seconds;
  for (let run = 0; run < context.runs; run++) {
    const [byStream, bySocket] = await Promise.all([carryOut(streams, { rate: 2, seconds }), carryOut(sockets, { seconds })]);
    streamRuns.push(byStream);
    socketRuns.push(bySocket);
  }
  reportRuns(context, `1 sender to 5,000 connections, 2 messages/s, ${TITLES.sse}`, streamRuns);
  reportRuns(context, `1 sender to 5,000 connections, 2 messages/s, ${TITLES.ws}`, socketRuns);
}

/** Opens half of the crowd and reports what it takes of the server's memory. */
async function follow(context: BenchContext, server: Child, options: { readonly over: Over; readonly port: number }): Promise<Child> {
  await settled();
  const before = server.rssBytes;
  const client = startLoad({ ...options, followers: CROWD }, "live_client.mjs");
  await client.next();
  await settled();
  const value = (server.rssBytes - before) / CROWD / 1024;
  context.report({ row: "live", name: `2,500 idle ${TITLES[options.over]}`, value, unit: "KiB each" });
  return client;
}

async function carryOut(client: Child, order: Line): Promise<Found> {
  const found = await client.ask(order);
  const { gaps, failed, ended } = found;
  if (gaps !== 0 || failed !== 0 || ended !== 0) {
    throw new Error(`${JSON.stringify(order)}: ${gaps} gaps, ${failed} calls failed, ${ended} connections ended`);
  }
  return found as unknown as Found;
}

function reportRuns(context: BenchContext, name: string, found: readonly Found[]): void {
  const middle = (of: (one: Found) => number) => ({ value: median(found.map(of)), runs: found.map(of) });
  context.report({ row: "live", name, unit: "deliveries/s", note: `client in ${loadRuntime}`, ...middle((one) => one.perSecond) });
  context.report({ row: "live", name: `${name}: commit to arrival, p50`, unit: "ms", ...middle((one) => one.p50) });
  context.report({ row: "live", name: `${name}: commit to arrival, p99`, unit: "ms", ...middle((one) => one.p99) });
}

function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
}
