import { abortError, ChatError } from "../core/errors.ts";
import { pauseUntil } from "../core/pause.ts";
import type { ServerMessage } from "./websocket_protocol.ts";

/** More is not handed to a socket before its peer has read some: the rest waits in the room's feed, which all readers share. */
const FULL_BYTES = 64 * 1024;
/** What answers may add to that before the peer counts as one that does not read. */
const MAX_BYTES = 1024 * 1024;
/** How often a full socket is looked at, which has no event for it: soon at first, then less often. */
const LOOK_MS = { first: 5, last: 250 } as const;

/** What goes out by one socket: in order, and no more of it in memory than a peer that does not read is worth. */
export class Outbox {
  readonly #socket: WebSocket;
  readonly #patienceMs: number;
  readonly #onStuck: (reason: ChatError) => void;
  /** Characters sent, for the access log. */
  sent = 0;

  /** A peer that takes nothing for `patienceMs` while there is something for it is told of to `onStuck`. */
  constructor(socket: WebSocket, { patienceMs, onStuck }: { readonly patienceMs: number; onStuck(reason: ChatError): void }) {
    this.#socket = socket;
    this.#patienceMs = patienceMs;
    this.#onStuck = onStuck;
  }

  get isFull(): boolean {
    return this.#socket.bufferedAmount >= FULL_BYTES;
  }

  /** Sends at once. */
  tell(message: ServerMessage): void {
    this.send(JSON.stringify(message));
    if (this.#socket.bufferedAmount > MAX_BYTES) this.#onStuck(notReading());
  }

  /** Sends a frame at once; after the socket's end it is nobody's. */
  send(frame: string): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.sent += frame.length;
    this.#socket.send(frame);
  }

  /** Like {@link tell}, but left out where the socket is full: for what is worth nothing later. */
  whisper(frame: string): void {
    if (!this.isFull) this.send(frame);
  }

  /** Resolves when there is room. Rejects with the reason of the first of the signals to fire. */
  async room(...signals: readonly AbortSignal[]): Promise<void> {
    const signal = AbortSignal.any([...signals]);
    let [lookMs, waitedMs, leastBytes] = [LOOK_MS.first as number, 0, this.#socket.bufferedAmount];
    while (this.isFull) {
      await pauseUntil(lookMs, signal);
      if (signal.aborted) throw abortError(signal);
      const bytes = this.#socket.bufferedAmount;
      waitedMs = bytes < leastBytes ? 0 : waitedMs + lookMs;
      leastBytes = Math.min(bytes, leastBytes);
      if (waitedMs >= this.#patienceMs) this.#onStuck(notReading());
      lookMs = Math.min(lookMs * 2, LOOK_MS.last);
    }
  }
}

function notReading(): ChatError {
  return new ChatError("resource_exhausted", "The reader does not read what it is sent", { retryAfterMs: 1000 });
}
