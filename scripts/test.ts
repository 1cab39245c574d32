/**
 * `deno task test`: starts one Postgres for all tests (unless `TEST_DATABASE_URL` names one) and makes one PGlite database to copy, runs
 * `deno test` with the permissions below, and ends with its exit code. Arguments are handed on, such as a file or `--filter`.
 *
 * @module
 */
import { createLog } from "../src/observability/log.ts";
import { openDatabase } from "../src/database/open.ts";
import { startPostgresServer } from "../tests/support/postgres_server.ts";

/**
 * Tests start the real program, clients and Postgres as processes, in folders of their own, so they may run programs and use files;
 * the network is loopback, and an address of nobody (203.0.113.7) that a server cannot take. Postgres is started as another user where this one is root, which takes knowing who this one is.
 */
const PERMISSIONS = [
  "--no-prompt",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-run",
  "--allow-sys",
  "--allow-net=127.0.0.1,localhost,[::1],0.0.0.0,203.0.113.7",
];

/** PGlite is WebAssembly that is opened a hundred times, for a moment each: to make its code quick took longer than to run it as it comes. */
const PLAIN_WEBASSEMBLY = "--v8-flags=--liftoff-only";

/** Half of the whole suite's time is waiting for processes, timers and pages, so two files run at a time; more would only be in each other's way. */
const FILES_AT_ONCE = "2";

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  await using server = await sharedPostgres();
  await using template = await pgliteTemplate();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", PLAIN_WEBASSEMBLY, ...PERMISSIONS, ...(isWhole(args) ? ["--parallel"] : []), ...args],
    env: { DENO_JOBS: FILES_AT_ONCE, TEST_DATABASE_URL: server.url, TEST_PGLITE_TEMPLATE: template.path },
  }).spawn();
  // The child gets the terminal's Ctrl-C by itself; this process only has to outlive it.
  const onInterrupt = () => {};
  const onTerminate = () => child.kill("SIGTERM");
  Deno.addSignalListener("SIGINT", onInterrupt);
  Deno.addSignalListener("SIGTERM", onTerminate);
  const { code } = await child.status;
  Deno.removeSignalListener("SIGINT", onInterrupt);
  Deno.removeSignalListener("SIGTERM", onTerminate);
  return code;
}

/** Whoever names files or tests wants to read them one after the other. */
function isWhole(args: readonly string[]): boolean {
  return args.every((arg) => arg.startsWith("-") && !arg.startsWith("--filter"));
}

/** Without fsync: what crashes must not lose is tested on servers of their own. */
async function sharedPostgres(): Promise<AsyncDisposable & { readonly url: string }> {
  const given = Deno.env.get("TEST_DATABASE_URL");
  if (given) return { url: given, [Symbol.asyncDispose]: () => Promise.resolve() };
  const server = await startPostgresServer({ fsync: false });
  return { url: server.url, [Symbol.asyncDispose]: () => server.close() };
}

async function pgliteTemplate(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await Deno.makeTempDir({ prefix: "chat-pglite-" });
  const database = await openDatabase({ kind: "pglite", dataDir: path }, { log: createLog("warn", console.error) });
  await database.close();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}
