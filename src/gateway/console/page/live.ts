import { ApiError, send, sentenceOf } from "./api.ts";
import { serverEvents } from "./sse.ts";
import type { Message } from "./types.ts";

/** How a follower stands: `live`, or why it is not. */
export type LiveState = { readonly kind: "live" } | { readonly kind: "connecting" | "lost"; readonly why: string };

/** What a follower tells. */
export interface Follower {
  /** An event of the room, in order, each once. */
  event(message: Message): void;
  state(state: LiveState): void;
  /** The position is not one that can be gone on from: read the page anew. */
  gap(): void;
}

/** The server says every 15 s that a quiet stream lives. */
const IDLE_MS = 40_000;
const RETRY_MS = { least: 500, most: 10_000 } as const;

/**
 * Follows a room's log after `position` until the signal fires. A connection that breaks, or falls silent, is opened again after the last event
 * that came, so nothing is missed and nothing comes twice.
 */
export async function follow(room: string, position: number, follower: Follower, signal: AbortSignal): Promise<void> {
  let failures = 0;
  let seq = position;
  while (!signal.aborted) {
    try {
      follower.state({ kind: "connecting", why: "Connecting" });
      for await (const next of open(room, seq, signal)) {
        follower.state({ kind: "live" });
        failures = 0;
        if (next.message !== undefined && next.seq > seq) follower.event(next.message);
        seq = Math.max(seq, next.seq);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && error.status === 400) return follower.gap();
      if (error instanceof ApiError && !error.isPassing) {
        return follower.state({ kind: "lost", why: sentenceOf(error) });
      }
    }
    if (signal.aborted) return;
    follower.state({ kind: "lost", why: navigator.onLine ? "Connection lost, trying again" : "No network" });
    const longest = Math.min(RETRY_MS.most, RETRY_MS.least * 2 ** failures++);
    await pause(longest * (0.5 + Math.random() / 2), signal);
  }
}

interface Step {
  readonly seq: number;
  readonly message: Message | undefined;
}

async function* open(room: string, afterSeq: number, signal: AbortSignal): AsyncGenerator<Step> {
  const stop = new AbortController();
  const end = () => stop.abort();
  // A network that is gone may leave a connection standing that carries nothing any more.
  addEventListener("offline", end);
  signal.addEventListener("abort", end);
  try {
    const query = { room, after_seq: afterSeq, include_changes: true };
    const response = await send("/v1/messages/stream", { query, signal: stop.signal });
    if (response.body === null) return;
    for await (const { event, id, data } of serverEvents(response.body, IDLE_MS)) {
      if (event === "error") return;
      const isMessage = event === "created" || event === "edited" || event === "deleted";
      yield { seq: id === "" ? afterSeq : Number(id), message: isMessage ? JSON.parse(data) : undefined };
    }
  } finally {
    removeEventListener("offline", end);
    signal.removeEventListener("abort", end);
    stop.abort();
  }
}

/** Waits, but not beyond the signal, nor once the network is back. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    addEventListener("online", done);
    signal.addEventListener("abort", done);
  });
}
