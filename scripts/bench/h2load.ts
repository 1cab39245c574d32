import { findProgram, run } from "./machine.ts";

/** What one run of h2load found. */
export interface H2loadRun {
  readonly perSecond: number;
  readonly failed: number;
}

/** How many calls are in flight, and for how long. */
export interface H2loadOptions {
  readonly port: number;
  readonly connections: number;
  readonly streams: number;
  readonly seconds: number;
  readonly warmupSeconds?: number;
  /** A file with the request's bytes, gRPC header included. */
  readonly body: string;
}

/** Where h2load lies, if it is here. */
export const h2loadPath: string | undefined = findProgram("h2load");

/** Calls CreateMessage with the same body again and again. */
export async function h2load({ port, connections, streams, seconds, warmupSeconds = 2, body }: H2loadOptions): Promise<H2loadRun> {
  const shape = ["-c", `${connections}`, "-m", `${streams}`, "-t", "1", "-D", `${seconds}`, "--warm-up-time", `${warmupSeconds}`];
  const call = ["-d", body, "-H", "content-type: application/grpc", "-H", "te: trailers"];
  const text = await run(h2loadPath ?? "h2load", [...shape, ...call, `http://127.0.0.1:${port}/chat.MessageService/CreateMessage`]);
  const perSecond = Number(/finished in [^,]+, ([\d.]+) req\/s/.exec(text)?.[1]);
  const [, failed, errored] = /(\d+) failed, (\d+) errored/.exec(text) ?? [];
  return { perSecond, failed: Number(failed) + Number(errored) };
}
