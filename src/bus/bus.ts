import type { Signals } from "../core/signals.ts";

/** Says that a room's log has grown to at least `seq`. */
export interface WakeUp {
  readonly room: string;
  readonly seq: number;
}

/**
 * Carries wake-ups between replicas. Only a hint: one may be lost, doubled or late, never wrong about the room.
 * The database is the truth, and readers poll it now and then. Signals go the same way; of them there is no truth but the next one.
 */
export interface Bus extends Signals {
  /** Never throws and never waits; wake-ups of one room within about 10 ms become one, with the highest `seq`. */
  publish(wakeUp: WakeUp): void;
  /** Hands over wake-ups of other replicas (and maybe one's own). `undefined` means: some may have been lost, look at every room. */
  subscribe(listener: (wakeUp: WakeUp | undefined) => void): () => void;
  /** Idempotent. */
  close(): Promise<void>;
}
