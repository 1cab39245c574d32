import { ChatError } from "../../core/errors.ts";
import type { Log } from "../../observability/log.ts";
import { bodyOf, type Exchange, type Fetch, hashOf, KEPT_HEADERS, toChunk } from "./exchange.ts";

/** What a recorder works with. */
export interface RecorderOptions {
  /** Made if it is not there. */
  readonly directory: string;
  readonly provider: string;
  /** Stars stand in its place where a server quotes it. */
  readonly apiKey?: string;
  readonly log: Log;
  readonly fetch?: Fetch;
}

/** Bytes that came at once, and when. */
interface Arrival {
  readonly atMs: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** How a response ended. */
type End = Exchange["end"];

/** Makes requests and writes each with its answer into a file of its own, once that has ended. A file that cannot be written is told to the log. */
export function recordingFetch({ directory, provider, apiKey = "", log, fetch: send = fetch }: RecorderOptions): Fetch {
  return async (input, init) => {
    const sent = { at: new Date(), clock: performance.now(), body: bodyOf(init) };
    const arrivals: Arrival[] = [];
    let kept = false;
    const keep = async (response: Response | undefined, end: End) => {
      // Whoever has read the last event may leave while the end is being told.
      if (kept) return;
      kept = true;
      const exchange = await toExchange({ provider, apiKey, sent, response, arrivals, end });
      await write(directory, exchange).catch((error) => log.error("An exchange with a model server could not be recorded", { error }));
    };
    let response: Response;
    try {
      response = await send(input, init);
    } catch (error) {
      await keep(undefined, init?.signal?.aborted ? "cancelled" : "failed");
      throw error;
    }
    const body = noted(response, (bytes) => arrivals.push({ atMs: elapsed(sent.clock), bytes }), (end) => keep(response, end));
    return new Response(body, { status: response.status, statusText: response.statusText, headers: response.headers });
  };
}

/** Makes the folder, so that a start tells what is in the way. Throws `failed_precondition`. */
export async function prepareRecords(directory: string): Promise<void> {
  try {
    await Deno.mkdir(directory, { recursive: true });
  } catch (error) {
    throw new ChatError("failed_precondition", `The folder of AI_RECORD cannot be made: ${directory}`, { cause: error });
  }
}

/** The response's body, of which each piece and the end are told. */
function noted(
  { body }: Response,
  arrived: (bytes: Uint8Array<ArrayBuffer>) => void,
  ended: (end: End) => Promise<void>,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = (body ?? new Blob([]).stream()).getReader();
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) {
          await ended("complete");
          return controller.close();
        }
        arrived(value);
        controller.enqueue(value);
      } catch (error) {
        await ended(error instanceof DOMException && error.name === "AbortError" ? "cancelled" : "failed");
        controller.error(error);
      }
    },
    async cancel(reason) {
      await reader.cancel(reason);
      await ended("cancelled");
    },
  }, { highWaterMark: 0 });
}

async function toExchange({ provider, apiKey, sent, response, arrivals, end }: {
  readonly provider: string;
  readonly apiKey: string;
  readonly sent: { readonly at: Date; readonly clock: number; readonly body: string };
  readonly response: Response | undefined;
  readonly arrivals: readonly Arrival[];
  readonly end: End;
}): Promise<Exchange> {
  const headers = KEPT_HEADERS.flatMap((name) => {
    const value = response?.headers.get(name);
    return value ? [[name, value]] : [];
  });
  const chunks = hidden(arrivals, apiKey).map(({ bytes, atMs }) => toChunk(bytes, atMs));
  return {
    ...{ provider, recorded_at: sent.at.toISOString(), request_hash: await hashOf(sent.body), request: JSON.parse(sent.body) },
    ...(response === undefined ? {} : { response: { status: response.status, headers: Object.fromEntries(headers), chunks } }),
    ...{ end, at_ms: elapsed(sent.clock) },
  };
}

/** The same bytes with stars for the key, also where it lies across pieces. */
function hidden(arrivals: readonly Arrival[], apiKey: string): readonly Arrival[] {
  const key = new TextEncoder().encode(apiKey);
  const all = new Uint8Array(arrivals.reduce((sum, { bytes }) => sum + bytes.length, 0));
  arrivals.reduce((at, { bytes }) => (all.set(bytes, at), at + bytes.length), 0);
  for (let at = all.indexOf(key[0] ?? -1); key.length > 0 && at >= 0; at = all.indexOf(key[0]!, at + 1)) {
    if (key.every((byte, offset) => all[at + offset] === byte)) all.fill("*".charCodeAt(0), at, at + key.length);
  }
  let at = 0;
  return arrivals.map(({ bytes, atMs }) => ({ atMs, bytes: all.slice(at, at += bytes.length) }));
}

/** Names sort by time; whole or not there. */
async function write(directory: string, exchange: Exchange): Promise<void> {
  const time = exchange.recorded_at.replaceAll(/[:.]/g, "-");
  const path = `${directory}/${time}-${exchange.request_hash.slice(0, 12)}-${crypto.randomUUID().slice(0, 8)}.json`;
  await Deno.writeTextFile(`${path}.part`, JSON.stringify(exchange, undefined, 2) + "\n");
  await Deno.rename(`${path}.part`, path);
}

function elapsed(since: number): number {
  return Math.round(performance.now() - since);
}
