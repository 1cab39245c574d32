import { creationFile } from "./bodies.ts";
import { type BenchContext, load, loadRuntime, type Place, type Row, type ServerChild, startServer } from "./context.ts";
import { alternate } from "./context.ts";
import { median, ratioFigure } from "./figures.ts";
import { h2load, h2loadPath } from "./h2load.ts";
import { findProgram, run } from "./machine.ts";

const INSERT =
  "insert into pgbench_line (username, content) values ('user-1', 'Hello, this is an ordinary line of chat, neither short nor long.');\n";

/** Durable creation on both databases, against the empty handler and against what Postgres itself can do. */
export const createRow: Row = {
  name: "create",
  async measure(context) {
    if (h2loadPath === undefined) return context.leaveOut({ row: "create", why: "h2load is not installed" });
    const empty = await startServer();
    await using _empty = empty.child;
    for (const kind of ["Postgres", "PGlite"] as const) {
      const place = await context.place("create", kind);
      if (place === undefined) continue;
      const server = await startServer(place);
      await using _server = server.child;
      await againstEmpty(context, place, { server, empty });
      if (kind === "Postgres") await againstPgbench(context, place, server);
      for (const bodies of ["users", "keyed"] as const) await otherBodies(context, place, { server, empty, bodies });
    }
  },
};

interface Pair {
  readonly server: ServerChild;
  readonly empty: ServerChild;
}

async function rate(context: BenchContext, port: number): Promise<number> {
  const body = await creationFile(context.folder);
  const { perSecond, failed } = await h2load({ port, connections: 8, streams: 16, seconds: context.seconds, body });
  if (failed > 0) throw new Error(`${failed} calls failed`);
  return perSecond;
}

async function againstEmpty(context: BenchContext, { kind }: Place, { server, empty }: Pair): Promise<void> {
  const [durable, nothing] = await alternate(
    context.runs,
    () => rate(context, server.grpcPort),
    () => rate(context, empty.grpcPort),
  );
  const target = kind === "Postgres" ? { target: { atLeast: 0.8 } } : {};
  const about = { row: "create", name: `CreateMessage on ${kind}, fsync on, 128 in flight`, unit: "calls/s", ...target };
  context.report(ratioFigure(about, durable, { name: "empty handler", runs: nothing }));
}

async function againstPgbench(context: BenchContext, place: Place, server: ServerChild): Promise<void> {
  const [pgbench, psql] = ["pgbench", "psql"].map(findProgram);
  if (pgbench === undefined || psql === undefined) return context.leaveOut({ row: "create", why: "pgbench or psql is not installed" });
  const url = place.env["DATABASE_URL"] ?? "";
  const script = `${context.folder}/insert.sql`;
  await Deno.writeTextFile(script, INSERT);
  await run(psql, [
    "-q",
    "-c",
    "create table pgbench_line (id int generated always as identity primary key, username text, content text)",
    url,
  ]);
  const line = async () => {
    const args = ["-n", "-M", "prepared", "-c", "10", "-j", "2", "-T", `${context.seconds}`, "-f", script, url];
    return Number(/tps = ([\d.]+)/.exec(await run(pgbench, args))?.[1]);
  };
  const [durable, plain] = await alternate(context.runs, () => rate(context, server.grpcPort), line);
  const name = "CreateMessage on Postgres, fsync on, 128 in flight";
  context.report(ratioFigure({ row: "create", name, unit: "calls/s", target: { atLeast: 1 } }, durable, {
    name: "pgbench, one-row INSERT, 10 clients, prepared",
    runs: plain,
  }));
}

/** Bodies that differ need our own load generator, which takes more of the machine than h2load: only its ratios tell something. */
async function otherBodies(context: BenchContext, place: Place, { server, empty, bodies }: Pair & { bodies: string }): Promise<void> {
  const on = (port: number) => async () => {
    const found = await load({ mode: "unary", port, connections: 8, inFlight: 128, seconds: context.seconds, kind: bodies });
    if (found["failed"] !== 0) throw new Error(`${found["failed"]} calls failed`);
    return { perSecond: found["perSecond"] ?? NaN, p99: found["p99"] ?? NaN };
  };
  const [durable, nothing] = await alternate(Math.min(2, context.runs), on(server.grpcPort), on(empty.grpcPort));
  const what = bodies === "users" ? "1,000 user names" : "1,000 user names and a key each";
  const name = `CreateMessage on ${place.kind}, ${what}`;
  const note = `p99 ${median(durable.map((found) => found.p99)).toFixed(0)} ms; load from ${loadRuntime}`;
  context.report(ratioFigure({ row: "create", name, unit: "calls/s", note }, durable.map((found) => found.perSecond), {
    name: "empty handler",
    runs: nothing.map((found) => found.perSecond),
  }));
}
