import { Child } from "./child.ts";
import type { BenchContext } from "./context.ts";
import { ratioFigure } from "./figures.ts";

/** A way to a service: what `rest_client.ts` is told to do, and the processes that serve it. */
export interface Way {
  readonly options: Readonly<Record<string, unknown>>;
  readonly servers: readonly Child[];
}

/** Two ways to the same service, the second the one that the first is held against. */
export interface Ways {
  readonly row: string;
  readonly name: string;
  readonly first: Way;
  readonly second: Way & { readonly name: string };
}

interface Took {
  readonly ms: number;
  readonly serverCpuMs: number;
  readonly clientCpuMs: number;
}

/** Has a client of each way do the same work in alternation, and reports the time and the processor time that it took. */
export async function compareWays(context: BenchContext, { row, name, first, second }: Ways): Promise<void> {
  await using firstClient = await startClient(first);
  await using secondClient = await startClient(second);
  const [firstRuns, secondRuns]: [Took[], Took[]] = [[], []];
  // Once for nothing, so that both are warm.
  for (let run = -1; run < context.runs; run++) {
    const [left, right] = [await work(first, firstClient), await work(second, secondClient)];
    if (run < 0) continue;
    firstRuns.push(left);
    secondRuns.push(right);
  }
  const report = (part: string, of: (took: Took) => number) =>
    context.report(
      ratioFigure({ row, name: `${name}: ${part}`, unit: "ms" }, firstRuns.map(of), { name: second.name, runs: secondRuns.map(of) }),
    );
  report("time", (took) => took.ms);
  report("processor, server", (took) => took.serverCpuMs);
  report("processor, client", (took) => took.clientCpuMs);
}

async function startClient({ options }: Way): Promise<Child> {
  const script = [new URL("rest_client.ts", import.meta.url).pathname, JSON.stringify(options)];
  const client = new Child(Deno.execPath(), ["run", "--no-prompt", "--allow-net=127.0.0.1", "--allow-env", ...script]);
  await client.next();
  return client;
}

async function work({ servers }: Way, client: Child): Promise<Took> {
  const serversCpuMs = () => servers.reduce((sum, server) => sum + server.cpuMs, 0);
  const [serverBefore, clientBefore] = [serversCpuMs(), client.cpuMs];
  const { ms } = await client.ask({});
  return { ms: Number(ms), serverCpuMs: serversCpuMs() - serverBefore, clientCpuMs: client.cpuMs - clientBefore };
}
