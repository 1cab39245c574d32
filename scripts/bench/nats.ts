import { type BenchContext, loadRuntime, natsLoad, type Row } from "./context.ts";
import { median } from "./figures.ts";
import { findProgram } from "./machine.ts";

const SHAPE = { connections: 10, subscribers: 1_000, senders: 128 };

/** The fan-out through NATS core, which keeps nothing: how far there is to go on this machine. */
export const natsRow: Row = {
  name: "nats",
  async measure(context) {
    const program = findProgram("nats-server");
    if (program === undefined) return context.leaveOut({ row: "nats", why: "nats-server is not installed" });
    const port = freePort();
    const server = new Deno.Command(program, { args: ["-a", "127.0.0.1", "-p", `${port}`], stdin: "null", stdout: "null", stderr: "null" })
      .spawn();
    try {
      await listening(port);
      await measure(context, port);
    } finally {
      server.kill();
      await server.status;
    }
  },
};

async function measure(context: BenchContext, port: number): Promise<void> {
  const runs: Readonly<Record<string, number>>[] = [];
  for (let run = 0; run < context.runs; run++) runs.push(await natsLoad({ ...SHAPE, port, seconds: context.seconds }));
  const middle = (of: "perSecond" | "p50" | "p99") => {
    const values = runs.map((found) => found[of] ?? NaN);
    return { value: median(values), runs: values };
  };
  const name = "1 sender to 1,000 subscribers, flat out (NATS core, keeps nothing)";
  context.report({ row: "nats", name, unit: "deliveries/s", note: `client in ${loadRuntime}`, ...middle("perSecond") });
  context.report({ row: "nats", name: `${name}: p50`, unit: "ms", ...middle("p50") });
  context.report({ row: "nats", name: `${name}: p99`, unit: "ms", ...middle("p99") });
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    try {
      return (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error("nats-server did not start");
}
