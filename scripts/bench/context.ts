/**
 * What the rows share: where the run keeps its files, how servers and load generators are started, and the databases under test.
 *
 * @module
 */
import type { Comparison, Figure, LeftOut } from "./figures.ts";
import { Child, type Line } from "./child.ts";
import { findProgram } from "./machine.ts";

/** A database of a server under test. */
export interface Place {
  readonly kind: "PGlite" | "Postgres";
  /** The settings that lead there. */
  readonly env: Readonly<Record<string, string>>;
}

/** What a row is handed. */
export interface BenchContext {
  /** How often each figure is taken. */
  readonly runs: number;
  /** Seconds a figure is measured for. */
  readonly seconds: number;
  /** Also what takes minutes. */
  readonly full: boolean;
  /** A folder with Cranfield, to make the searched documents of instead of made-up words. */
  readonly texts: string | undefined;
  /** A folder that goes when the bench ends. */
  readonly folder: string;
  report(figure: Figure): void;
  leaveOut(row: LeftOut): void;
  /** A fresh PGlite folder, or a fresh database on the bench's own Postgres (fsync on); undefined, and told, when there is none. */
  place(row: string, kind: Place["kind"]): Promise<Place | undefined>;
}

/** One row of the bench. */
export interface Row {
  readonly name: string;
  measure(context: BenchContext): Promise<void>;
}

/** A server under test. */
export interface ServerChild {
  readonly child: Child;
  readonly grpcPort: number;
  readonly httpPort: number;
}

const HERE = new URL(".", import.meta.url).pathname;

/** Starts the server under test over a database, or over nothing at all. */
export async function startServer(
  place?: Place,
  denoFlags: readonly string[] = [],
  settings: Readonly<Record<string, string>> = {},
): Promise<ServerChild> {
  const permissions = ["--allow-net=127.0.0.1", "--allow-env", "--allow-read", "--allow-write"];
  const script = [...permissions, ...denoFlags, `${HERE}server.ts`, ...(place === undefined ? ["--empty"] : [])];
  const child = new Child(Deno.execPath(), ["run", "--no-prompt", ...script], { ...place?.env, ...settings });
  const { grpcPort, httpPort } = await child.next();
  return { child, grpcPort: Number(grpcPort), httpPort: Number(httpPort) };
}

/** Starts a gateway apart that calls the message service at this port. */
export async function startGatewayApart(grpcPort: number): Promise<Pick<ServerChild, "child" | "httpPort">> {
  const permissions = ["--allow-net=127.0.0.1", "--allow-env", "--allow-read", "--allow-sys=systemMemoryInfo"];
  const settings = { MESSAGE_SERVICE_ADDR: `127.0.0.1:${grpcPort}` };
  const child = new Child(Deno.execPath(), ["run", "--no-prompt", ...permissions, `${HERE}gateway.ts`], settings);
  const { httpPort } = await child.next();
  return { child, httpPort: Number(httpPort) };
}

const node = findProgram("node");

/** What runs the load generator: Node where it is, because its HTTP/2 costs the machine less; else Deno. */
export const loadRuntime: string = node === undefined ? "Deno" : "Node";

/** Starts the load generator. */
export function startLoad(options: Line, script: "load_client.mjs" | "live_client.mjs" | "nats_client.mjs" = "load_client.mjs"): Child {
  const args = [`${HERE}${script}`, JSON.stringify(options)];
  return node === undefined ? new Child(Deno.execPath(), ["run", "--no-prompt", "--allow-net=127.0.0.1", ...args]) : new Child(node, args);
}

/** Runs the load generator to its end and gives what it found. */
export async function load(options: Line): Promise<Readonly<Record<string, number>>> {
  await using child = startLoad(options);
  return await child.next() as Readonly<Record<string, number>>;
}

/** The same over NATS. */
export async function natsLoad(options: Line): Promise<Readonly<Record<string, number>>> {
  await using child = startLoad(options, "nats_client.mjs");
  return await child.next() as Readonly<Record<string, number>>;
}

/** Makes the databases of a run; `close` ends the Postgres that it started. */
export class Places {
  readonly #folder: string;
  #postgres: { readonly url: string; close(): Promise<void> } | undefined;
  #made = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The server's address, started when first asked for: `TEST_DATABASE_URL`, else one of our own with fsync. */
  async postgresUrl(): Promise<string> {
    const given = Deno.env.get("TEST_DATABASE_URL");
    this.#postgres ??= given ? { url: given, close: () => Promise.resolve() } : await startOwn();
    return this.#postgres.url;
  }

  async make(kind: Place["kind"]): Promise<Place> {
    const name = `bench_${Deno.pid}_${++this.#made}`;
    if (kind === "PGlite") return { kind, env: { DATABASE_URL: "", DATA_DIR: `${this.#folder}/${name}` } };
    const url = new URL(await this.postgresUrl());
    const { default: postgres } = await import("postgres");
    const sql = postgres(url.href, { max: 1, onnotice: () => {} });
    await sql.unsafe(`create database ${name}`);
    await sql.end();
    url.pathname = `/${name}`;
    return { kind, env: { DATABASE_URL: url.href } };
  }

  async close(): Promise<void> {
    await this.#postgres?.close();
  }
}

/** Loaded only when it is needed: a machine without the package still has the other rows. */
async function startOwn() {
  const { startPostgresServer } = await import("../../tests/support/postgres_server.ts");
  return await startPostgresServer({ fsync: true });
}

/** Runs alternately, so that what else the machine does falls on both sides; gives both lists. */
export async function alternate<A, B>(runs: number, first: () => Promise<A>, second: () => Promise<B>): Promise<[A[], B[]]> {
  const [left, right]: [A[], B[]] = [[], []];
  for (let run = 0; run < runs; run++) {
    left.push(await first());
    right.push(await second());
  }
  return [left, right];
}

/** A comparison within one run. */
export function compared(name: string, value: number, other: number): Comparison {
  return { name, value: other, ratio: value / other };
}
