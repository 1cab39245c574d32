import type { Message, MessageStream, StreamMessagesRequest } from "../contracts/mod.ts";
import { abortError, ChatError } from "../core/errors.ts";
import { type Backoff, backoffMs, pause } from "./retry.ts";

/** How a resuming stream goes on after an end. */
export interface ResumeOptions extends Backoff {
  /** Attempts at the very first connection; a stream that once stood is resumed without limit. */
  readonly maxAttempts: number;
  readonly signals: readonly AbortSignal[];
  /** Whether a stream that ended because its token expired can go on with a new one; default: it cannot. */
  readonly renewsToken?: boolean;
  readonly onOpen?: (afterSeq: number) => void;
  readonly onRetry?: (error: ChatError, delayMs: number) => void;
}

/** Opens one subscription, which ends for good with its first error. */
export type OpenStream = (request: StreamMessagesRequest) => Promise<MessageStream>;

/**
 * One endless subscription made of many: when one ends by the server or the network, the next goes on after the last message handed out.
 * Ordered, no gap, no repeat. Throws what cannot be mended by trying again, such as `out_of_range`, and what the signals stand for.
 *
 * The position in a failed stream's trailers is not used: grpc-js drops messages that it holds unread when a call fails, so the server
 * may have looked further than what arrived here.
 */
export async function* resumingMessages(open: OpenStream, request: StreamMessagesRequest, options: ResumeOptions): AsyncGenerator<Message> {
  let position = request.afterSeq;
  let failures = 0;
  let opened = false;
  for (;;) {
    let openedAtMs = Infinity;
    let ended = new ChatError("unavailable", "The server ended the stream");
    try {
      const stream = await open(position === undefined ? request : { ...request, afterSeq: position });
      opened = true;
      openedAtMs = Date.now();
      position ??= stream.startSeq;
      options.onOpen?.(position);
      for await (const batch of stream) {
        for (const message of batch) {
          failures = 0;
          position = message.seq;
          yield message;
        }
      }
    } catch (error) {
      // Once it stood, the token was good.
      const hasExpired = options.renewsToken === true && openedAtMs < Infinity && error instanceof ChatError &&
        error.code === "unauthenticated";
      if (!hasExpired && !isResumable(error)) throw error;
      ended = error;
    }
    const aborted = options.signals.find((signal) => signal.aborted);
    if (aborted !== undefined) throw abortError(aborted);
    // A subscription that stood for a while without a message is progress too.
    if (Date.now() - openedAtMs >= options.backoffMaxMs) failures = 0;
    failures++;
    if (!opened && failures >= options.maxAttempts) throw ended;
    const delayMs = Math.max(backoffMs(failures, options), ended.retryAfterMs ?? 0);
    options.onRetry?.(ended, delayMs);
    await pause(delayMs, options.signals);
  }
}

/** Whether opening the stream again can help: the server went away or is stopping, or this reader fell behind. */
function isResumable(error: unknown): error is ChatError {
  if (!(error instanceof ChatError)) return false;
  if (error.code === "unavailable" || error.code === "cancelled") return true;
  return error.code === "resource_exhausted" && (error.resumeSeq !== undefined || error.retryAfterMs !== undefined);
}
