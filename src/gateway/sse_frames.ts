/**
 * The frames of a server-sent event stream. Every frame that moves the reader on carries `id:`, which a browser sends back as `Last-Event-ID`.
 *
 * @module
 */
import type { Message, MessageBatch } from "../contracts/mod.ts";
import { ChatError } from "../core/errors.ts";
import { joinBytes } from "./bytes.ts";
import { messageJson } from "./schemas/message.ts";
import { problemOf } from "./problem.ts";

const encoder = new TextEncoder();
/** Subscribers who stand at the same place get the same array, and those with different filters the same messages: each is encoded once for all. */
const batchFrames = new WeakMap<MessageBatch, Uint8Array>();
const messageFrames = new WeakMap<Message, Uint8Array>();

/** A stream that breaks off comes back after one to three seconds, spread so that not all come at once. */
const RETRY_MS = { least: 1000, spread: 2000 } as const;

/**
 * The first frame, so that a reader who loses the connection before the first message still resumes from the right place, with the time after
 * which a browser reconnects.
 */
export function readyFrame(startSeq: number): Uint8Array {
  const retryMs = RETRY_MS.least + Math.floor(Math.random() * RETRY_MS.spread);
  return encoder.encode(`retry: ${retryMs}\nevent: ready\nid: ${startSeq}\ndata: {"seq":${startSeq}}\n\n`);
}

/** A comment, which no reader's code sees, and the position looked through: whoever follows a quiet user in a busy room moves on all the same. */
export function heartbeatFrame(position: number): Uint8Array {
  return encoder.encode(`: heartbeat\nid: ${position}\n\n`);
}

/** The last frame of a stream that failed: the problem as JSON, and as `id` the position to resume after. */
export function failureFrame(error: unknown, options: { readonly requestId: string; readonly position: number }): Uint8Array {
  const resumeSeq = error instanceof ChatError && error.resumeSeq !== undefined ? error.resumeSeq : options.position;
  const problem = { ...problemOf(error, options.requestId), resume_seq: resumeSeq };
  return encoder.encode(`event: error\nid: ${resumeSeq}\ndata: ${JSON.stringify(problem)}\n\n`);
}

/** One frame a message, in order. */
export function encodeBatch(batch: MessageBatch): Uint8Array {
  const known = batchFrames.get(batch);
  if (known !== undefined) return known;
  const frames = joinBytes(batch.map(messageFrame));
  batchFrames.set(batch, frames);
  return frames;
}

function messageFrame(message: Message): Uint8Array {
  const known = messageFrames.get(message);
  if (known !== undefined) return known;
  const frame = encoder.encode(`id: ${message.seq}\nevent: ${message.eventType}\ndata: ${JSON.stringify(messageJson(message))}\n\n`);
  messageFrames.set(message, frame);
  return frame;
}
