import { alternate, load, type Row, startServer } from "./context.ts";
import { median, ratioFigure } from "./figures.ts";

/** Twenty workers of 10 ms each: 1,800 calls a second or so, which leaves the processor time to refuse the others. */
const SETTINGS = { GRPC_MAX_WORKERS: "20", SLOW_MS: "10" };
const CAPACITY = 1_750;
/** Whoever is answered later than this has given up. */
const PATIENCE_MS = 1_000;

/** What is left of a server's work at twice the load that it can carry, from callers who do not wait for each other. */
export const overloadRow: Row = {
  name: "overload",
  async measure(context) {
    const { child, grpcPort: port } = await startServer(undefined, [], SETTINGS);
    await using _server = child;
    const at = (rate: number) => () =>
      load({ mode: "open", port, rate, connections: 8, seconds: context.seconds, patience: PATIENCE_MS }) as Promise<
        Record<"goodPerSecond" | "refusedP99" | "goodP99", number>
      >;
    const [peak, twice] = await alternate(context.runs, at(CAPACITY), at(2 * CAPACITY));
    const about = { row: "overload", name: "answered at twice the capacity", unit: "calls/s", target: { atLeast: 0.8 } };
    const good = (runs: typeof peak) => runs.map(({ goodPerSecond }) => goodPerSecond);
    context.report(ratioFigure(about, good(twice), { name: "answered at the capacity", runs: good(peak) }));
    const refused = twice.map(({ refusedP99 }) => refusedP99);
    const target = { atMost: 100 };
    context.report({
      row: "overload",
      name: "the rest is refused within (p99)",
      value: median(refused),
      runs: refused,
      unit: "ms",
      target,
    });
  },
};
