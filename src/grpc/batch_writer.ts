import type { Message, MessageBatch } from "../contracts/mod.ts";
import type { ServerDuplexStream, ServerWritableStream } from "../wire/grpc_js.ts";
import type { MessageFrames } from "../wire/message_frames.ts";
import { bottomOf } from "./bottom.ts";
import { trackOf } from "./metrics.ts";

/** Sends batches to one subscriber. */
export interface BatchWriter {
  /** Undefined: go on at once. Else wait: it resolves when the reader has caught up, or the call is over, or `giveUp` aborts. Never rejects. */
  write(batch: MessageBatch, giveUp: AbortSignal): Promise<void> | undefined;
}

/** A call that messages are streamed to. */
export type MessageCall = ServerDuplexStream<unknown, Message> | ServerWritableStream<unknown, Message>;

/** The part of a stream that back-pressure needs. */
interface Drainable {
  once(event: "drain" | "close", listener: () => void): unknown;
  removeListener(event: "drain" | "close", listener: () => void): unknown;
}

/** What lies below a grpc-js call: the HTTP/2 stream. */
interface Http2Stream extends Drainable {
  write(bytes: Uint8Array): boolean;
  destroy(): unknown;
  readonly session?: object | undefined;
  readonly writableLength: number;
  readonly closed: boolean;
  readonly destroyed: boolean;
  readonly writable: boolean;
}

/**
 * Writes whole pieces of ready gRPC messages straight to the HTTP/2 stream where that can be reached, so that a batch costs one write and no
 * encoding; else one message at a time through grpc-js. `signal` is the call's.
 */
export function batchWriter(call: MessageCall, frames: MessageFrames, signal: AbortSignal): BatchWriter {
  const stream = http2StreamOf(call);
  if (stream === undefined) return plainWriter(call, signal);
  const track = trackOf(call);
  const written = (bytes: number) => void (track !== undefined && (track.bytesOut += bytes));
  return pieceWriter(stream, frames, { signal, written });
}

/** The private fields of grpc-js 1.14 on the way down; undefined when a version has others. */
export function http2StreamOf(call: object): Http2Stream | undefined {
  const bottom = bottomOf((call as unknown as { call?: unknown }).call) as { stream?: Partial<Http2Stream> } | undefined;
  const stream = bottom?.stream;
  return typeof stream?.write === "function" && typeof stream.once === "function" ? stream as Http2Stream : undefined;
}

interface PieceOptions {
  readonly signal: AbortSignal;
  /** Told how much went past grpc-js. */
  readonly written: (bytes: number) => void;
}

function pieceWriter(stream: Http2Stream, frames: MessageFrames, { signal, written }: PieceOptions): BatchWriter {
  return {
    write(batch, giveUp) {
      let free = true;
      // A batch is bounded, so that it may go out whole; waiting between its pieces would cost every subscriber a turn.
      for (const piece of frames.pieces(batch)) {
        if (stream.destroyed || !stream.writable) return undefined;
        free = stream.write(piece);
        written(piece.length);
      }
      return free ? undefined : drained(stream, signal, giveUp);
    },
  };
}

function plainWriter(call: MessageCall, signal: AbortSignal): BatchWriter {
  return {
    write(batch, giveUp) {
      let free = true;
      for (const message of batch) free = call.write(message);
      return free ? undefined : drained(call, signal, giveUp);
    },
  };
}

/** Resolves at `drain`, at `close`, or when one of the signals aborts, whichever is first. */
function drained(stream: Drainable, ...signals: readonly AbortSignal[]): Promise<void> {
  if (signals.some((signal) => signal.aborted)) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      stream.removeListener("drain", done);
      stream.removeListener("close", done);
      for (const signal of signals) signal.removeEventListener("abort", done);
      resolve();
    };
    stream.once("drain", done);
    stream.once("close", done);
    for (const signal of signals) signal.addEventListener("abort", done, { once: true });
  });
}
