/// <reference lib="deno.worker" />
/**
 * PGlite's own thread: it runs a statement on the thread that asks, and would hold up every ping and timer of the main one.
 *
 * @module
 */
import { PGlite, types } from "@electric-sql/pglite";
import { vector } from "@electric-sql/pglite-pgvector";
import fs from "node:fs";
import path from "node:path";
import { DurableNodeFS } from "./durable_fs.ts";
import type { WorkerError, WorkerReply, WorkerRequest } from "./protocol.ts";

/** PGlite's own start parameters but for `-F`, which turns fsync off. */
const START_PARAMETERS = [
  ...PGlite.defaultStartParams.filter((parameter) => parameter !== "-F"),
  "-c",
  "fsync=on",
  "-c",
  "wal_sync_method=fsync",
  "-c",
  "synchronous_commit=on",
];

/** Settings that durability stands on: checked, not hoped for. */
const REQUIRED = { fsync: "on", wal_sync_method: "fsync", synchronous_commit: "on", full_page_writes: "on" } as const;

/** PGlite's own way with bytes takes a hundred times as long. */
const BYTES = {
  parsers: { [types.BYTEA]: (text: string) => Uint8Array.fromHex(text.slice(2)) },
  serializers: { [types.BYTEA]: (bytes: Uint8Array) => `\\x${bytes.toHex()}` },
};

let pglite: PGlite | undefined;

self.onmessage = ({ data }: MessageEvent<WorkerRequest>) => {
  if (data.type === "query") return void query(data.id, data.sql, data.parameters);
  const run = data.type === "open" ? open(data.dataDir) : close();
  run.then(reply, (error) => reply({ type: "failed", error: plain(error) }));
};

/** A new database is made beside its place and moved there when it is whole: a kill in between leaves nothing half made. */
async function open(dataDir: string): Promise<WorkerReply> {
  const making = `${dataDir}.new`;
  fs.rmSync(making, { recursive: true, force: true });
  const exists = fs.existsSync(path.join(dataDir, "PG_VERSION"));
  const files = new DurableNodeFS(exists ? dataDir : making);
  pglite = await PGlite.create({ fs: files, startParams: START_PARAMETERS, onStderr: watchStderr, extensions: { vector }, ...BYTES });
  for (const [name, expected] of Object.entries(REQUIRED)) {
    const { rows: [row] } = await pglite.query<Record<string, string>>(`show ${name}`);
    if (row?.[name] !== expected) throw new Error(`PGlite runs with ${name}=${row?.[name]}, needed is ${expected}`);
  }
  if (!exists) files.moveTo(dataDir);
  return { type: "opened" };
}

async function query(id: number, sql: string, parameters: readonly unknown[]): Promise<void> {
  try {
    if (pglite === undefined) throw new Error("The database is not open");
    if (parameters.length === 0) {
      const results = await pglite.exec(sql);
      const last = results.at(-1);
      return reply({ type: "rows", id, rows: last?.rows ?? [], affectedRows: last?.affectedRows ?? 0 });
    }
    const { rows, affectedRows } = await pglite.query<Record<string, unknown>>(sql, [...parameters]);
    reply({ type: "rows", id, rows, affectedRows: affectedRows ?? 0 });
  } catch (error) {
    reply(isFatal(error) ? { type: "failed", error: plain(error) } : { type: "error", id, error: plain(error) });
  }
}

async function close(): Promise<WorkerReply> {
  await pglite?.close();
  pglite = undefined;
  return { type: "closed" };
}

/**
 * After a PANIC, such as a failed fsync, Postgres must not go on: it aborts, but inside PGlite that is a loop without end. So its last words are told
 * from here, and the main thread ends this one.
 */
function watchStderr(line: string): boolean {
  const [, lastWords] = / (?:PANIC|FATAL): +(.*)/.exec(line) ?? [];
  if (lastWords !== undefined) reply({ type: "failed", error: { code: "", message: lastWords } });
  return false;
}

/** A trap or an exit of the WebAssembly: Postgres is gone, and what it held in memory with it. */
function isFatal(error: unknown): boolean {
  return error instanceof WebAssembly.RuntimeError || (error instanceof Error && error.name === "ExitStatus");
}

function plain(error: unknown): WorkerError {
  if (!(error instanceof Error)) return { code: "", message: String(error) };
  const { code, constraint } = error as { code?: unknown; constraint?: unknown };
  const base = { code: typeof code === "string" ? code : "", message: error.message };
  return typeof constraint === "string" ? { ...base, constraint } : base;
}

function reply(message: WorkerReply): void {
  self.postMessage(message);
}
