import { type Row, startLoad, startServer } from "./context.ts";

const STREAMS = 1_000;
/** After which a server that has nothing to do has let go of what the start of the streams took. */
const SETTLE_MS = 3_000;

/** What an idle stream costs the server in memory. */
export const idleRow: Row = {
  name: "idle",
  async measure(context) {
    for (const kind of ["Postgres", "PGlite"] as const) {
      const place = await context.place("idle", kind);
      if (place === undefined) continue;
      for (const connections of [10, 1_000]) {
        const { child, grpcPort } = await startServer(place);
        await using server = child;
        await warmUp(grpcPort);
        const before = server.rssBytes;
        await using clients = startLoad({ mode: "idle", port: grpcPort, connections, subscribers: STREAMS });
        await clients.next();
        await settled();
        const name = `${STREAMS} idle streams on ${connections} connections (${kind})`;
        const value = (server.rssBytes - before) / STREAMS / 1024;
        context.report({ row: "idle", name, value, unit: "KiB a stream", target: { atMost: 60 } });
      }
    }
  },
};

/** Loads and compiles what the first streams of a process need, which is no stream's cost. */
async function warmUp(port: number): Promise<void> {
  {
    await using clients = startLoad({ mode: "idle", port, connections: 10, subscribers: 100 });
    await clients.next();
  }
  await settled();
}

function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
}
