import { abortError } from "../core/errors.ts";

/** The writing half of a call. */
interface Answers<T> {
  write(message: T): boolean;
  end(): unknown;
  once(event: "drain" | "close", listener: () => void): unknown;
  removeListener(event: "drain" | "close", listener: () => void): unknown;
}

/**
 * Sends everything and ends the stream, never faster than its client reads. Throws what the source throws, and what `signal` stands for when it
 * aborts; then the source is told to stop.
 */
export async function writeAll<T>(edge: Answers<T>, source: AsyncIterable<T>, signal: AbortSignal): Promise<void> {
  for await (const message of source) {
    if (!edge.write(message)) await drained(edge, signal);
    if (signal.aborted) throw abortError(signal);
  }
  edge.end();
}

/** Waits until the client has read, or is gone. */
function drained<T>(edge: Answers<T>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      edge.removeListener("drain", done);
      edge.removeListener("close", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    edge.once("drain", done);
    edge.once("close", done);
    signal.addEventListener("abort", done, { once: true });
    if (signal.aborted) done();
  });
}
