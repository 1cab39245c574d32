import { ChatError } from "../../core/errors.ts";
import { ProviderError } from "../provider.ts";
import { bodyOf, type Exchange, type Fetch, fromChunk, hashOf } from "./exchange.ts";

/** Recorded exchanges by their request's hash, in the order of their recording. */
export type Records = ReadonlyMap<string, readonly Exchange[]>;

/** Reads the exchanges of a folder. Throws `failed_precondition` that names what cannot be read. */
export async function readRecords(directory: string): Promise<Records> {
  const found: Exchange[] = [];
  let path = directory;
  try {
    const names = (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name).filter((name) => name.endsWith(".json"));
    for (const name of names.toSorted()) {
      path = `${directory}/${name}`;
      found.push(toExchange(JSON.parse(await Deno.readTextFile(path))));
    }
  } catch (error) {
    throw new ChatError("failed_precondition", `AI_REPLAY has something that is no recorded exchange: ${path}`, { cause: error });
  }
  if (found.length === 0) throw new ChatError("failed_precondition", `AI_REPLAY has no recorded exchange: ${directory}`);
  return Map.groupBy(found.toSorted((a, b) => a.recorded_at < b.recorded_at ? -1 : 1), (exchange) => exchange.request_hash);
}

/**
 * Answers as was recorded, in the time that it took, and calls nobody. The same request again gets what came to it the next time, and in the end the last
 * answer over and over.
 */
export function replayingFetch(records: Records): Fetch {
  const asked = new Map<string, number>();
  return async (_, init) => {
    const hash = await hashOf(bodyOf(init));
    const known = records.get(hash);
    const count = asked.get(hash) ?? 0;
    asked.set(hash, count + 1);
    const exchange = known?.[Math.min(count, known.length - 1)];
    if (exchange === undefined) {
      throw new ProviderError("failed_precondition", `No exchange is recorded for this request, whose hash is ${hash}`, { passing: false });
    }
    const clock = performance.now();
    const signal = init?.signal ?? undefined;
    if (exchange.response === undefined) {
      await until(clock + exchange.at_ms, signal);
      throw new TypeError("The recorded request failed");
    }
    const { status, headers, chunks } = exchange.response;
    await until(clock + (chunks[0]?.at_ms ?? 0), signal);
    return new Response(ReadableStream.from(replayed(exchange, chunks, { clock, signal })), { status, headers });
  };
}

async function* replayed(
  { end, at_ms: endMs }: Exchange,
  chunks: NonNullable<Exchange["response"]>["chunks"],
  { clock, signal }: { readonly clock: number; readonly signal: AbortSignal | undefined },
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (const chunk of chunks) {
    await until(clock + chunk.at_ms, signal);
    yield fromChunk(chunk);
  }
  await until(clock + endMs, signal);
  if (end !== "complete") throw new TypeError(`The recorded answer ends here: ${end}`);
}

/** Throws what the signal stands for. */
function until(time: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(id);
      reject(signal?.reason);
    };
    if (signal?.aborted) return reject(signal.reason);
    const id = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, Math.max(0, time - performance.now()));
    signal?.addEventListener("abort", stop, { once: true });
  });
}

function toExchange(value: Exchange): Exchange {
  const { request_hash: hash, recorded_at: recordedAt, response, at_ms: atMs } = value;
  const chunks = response?.chunks ?? [];
  const readable = typeof hash === "string" && typeof recordedAt === "string" && Number.isFinite(atMs) && Array.isArray(chunks) &&
    (response === undefined || Number.isInteger(response.status));
  if (!readable) throw new SyntaxError("The file lacks request_hash, recorded_at, at_ms or response.chunks");
  return value;
}
