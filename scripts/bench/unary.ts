import { creationFile } from "./bodies.ts";
import { Child } from "./child.ts";
import { alternate, type BenchContext, load, type Row, startServer } from "./context.ts";
import { ratioFigure } from "./figures.ts";
import { h2load, h2loadPath } from "./h2load.ts";
import { findProgram, run } from "./machine.ts";

/** The same two versions as in deno.json. */
const PACKAGES = ["@grpc/grpc-js", "@grpc/proto-loader"];
const PROTO = new URL("../../protos/message_service.proto", import.meta.url).pathname;
const OTHER = "grpc-js on Node";

/** An empty handler behind the project's gRPC server, against grpc-js on Node. */
export const unaryRow: Row = {
  name: "unary",
  async measure(context) {
    if (h2loadPath === undefined) return context.leaveOut({ row: "unary", why: "h2load is not installed" });
    await using other = await startNode(context);
    if (other === undefined) return;
    const body = await creationFile(context.folder);
    const ours = await startServer();
    await using server = ours.child;
    const otherPort = Number((await other.next())["grpcPort"]);
    const under = (port: number, child: Child) => async () => {
      const before = child.cpuMs;
      const { perSecond, failed } = await h2load({ port, connections: 8, streams: 16, seconds: context.seconds, body });
      if (failed > 0) throw new Error(`${failed} calls failed`);
      return { perSecond, microseconds: (child.cpuMs - before) * 1000 / (perSecond * context.seconds) };
    };
    const [mine, theirs] = await alternate(context.runs, under(ours.grpcPort, server), under(otherPort, other));
    const name = "empty handler, 128 calls in flight";
    const about = { row: "unary", name, unit: "calls/s", target: { atLeast: 0.85 } };
    context.report(ratioFigure(about, mine.map((r) => r.perSecond), { name: OTHER, runs: theirs.map((r) => r.perSecond) }));
    // Steadier than the rate on a machine that does other things too.
    const cost = { row: "unary", name: `${name}: processor time of the server`, unit: "µs a call" };
    context.report(ratioFigure(cost, mine.map((r) => r.microseconds), { name: OTHER, runs: theirs.map((r) => r.microseconds) }));
    await oneAtATime(context, ours.grpcPort, otherPort);
  },
};

async function oneAtATime(context: BenchContext, ours: number, other: number): Promise<void> {
  const on = (port: number) => async () => {
    const { perSecond = NaN } = await load({ mode: "unary", port, connections: 1, inFlight: 1, seconds: context.seconds });
    return perSecond;
  };
  const [mine, theirs] = await alternate(context.runs, on(ours), on(other));
  const about = { row: "unary", name: "empty handler, one call at a time", unit: "calls/s" };
  context.report(ratioFigure(about, mine, { name: OTHER, runs: theirs }));
}

async function startNode(context: BenchContext): Promise<Child | undefined> {
  const [node, npm] = [findProgram("node"), findProgram("npm")];
  if (node === undefined || npm === undefined) {
    context.leaveOut({ row: "unary", why: "node and npm are needed for the comparison" });
    return undefined;
  }
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
  const packages = PACKAGES.map((name) => String(imports[name]).replace(/^npm:/, ""));
  const folder = `${context.folder}/node`;
  await Deno.mkdir(folder);
  await run(npm, ["install", "--no-audit", "--no-fund", "--silent", "--prefix", folder, ...packages], { cwd: folder });
  return new Child(node, [new URL("node_server.mjs", import.meta.url).pathname, PROTO, folder]);
}
