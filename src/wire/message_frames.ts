/**
 * Encode once: however many subscribers, a message becomes bytes one time. A batch becomes a few buffers of ready gRPC messages, each of which
 * is one HTTP/2 write for each subscriber.
 *
 * @module
 */
import type { Message, MessageBatch } from "../contracts/mod.ts";
import { messageServiceDefinition } from "./definitions.ts";
import { messageToWire } from "./message_codec.ts";

/** A gRPC message on the wire: one byte that says "not compressed", four bytes of length, the message. */
const FRAME_HEADER_BYTES = 5;
/** A batch goes out in pieces of about this size, so that a slow reader's queue is counted in sensible steps. */
const PIECE_BYTES = 64 * 1024;

const encode = messageServiceDefinition.StreamMessages.responseSerialize;

/** Keeps encodings for as long as the messages and batches themselves are held by somebody. */
export class MessageFrames {
  readonly #frames = new WeakMap<Message, Buffer>();
  readonly #pieces = new WeakMap<MessageBatch, readonly Buffer[]>();
  #encodings = 0;

  /** How many messages have been encoded so far. */
  get encodings(): number {
    return this.#encodings;
  }

  /** A batch as ready gRPC messages, in order, in one or more pieces; the same pieces for the same array. */
  pieces(batch: MessageBatch): readonly Buffer[] {
    let pieces = this.#pieces.get(batch);
    if (pieces === undefined) {
      pieces = joined(batch.map((message) => this.frame(message)));
      this.#pieces.set(batch, pieces);
    }
    return pieces;
  }

  /** One message with its gRPC header. */
  frame(message: Message): Buffer {
    let frame = this.#frames.get(message);
    if (frame === undefined) {
      frame = this.#encode(message);
      this.#frames.set(message, frame);
    }
    return frame;
  }

  /** One message without its header, as grpc-js wants it from a serializer. */
  body(message: Message): Buffer {
    return this.frame(message).subarray(FRAME_HEADER_BYTES);
  }

  #encode(message: Message): Buffer {
    this.#encodings++;
    const body = encode(messageToWire(message));
    const frame = Buffer.allocUnsafeSlow(FRAME_HEADER_BYTES + body.length);
    frame[0] = 0;
    frame.writeUInt32BE(body.length, 1);
    frame.set(body, FRAME_HEADER_BYTES);
    return frame;
  }
}

/** Neighbours are put together until a piece is large enough. */
function joined(frames: readonly Buffer[]): readonly Buffer[] {
  const pieces: Buffer[] = [];
  let open: Buffer[] = [];
  let openBytes = 0;
  const close = () => {
    if (open.length > 0) pieces.push(open.length === 1 ? open[0]! : Buffer.concat(open, openBytes));
    open = [];
    openBytes = 0;
  };
  for (const frame of frames) {
    if (openBytes + frame.length > PIECE_BYTES) close();
    open.push(frame);
    openBytes += frame.length;
  }
  close();
  return pieces;
}
