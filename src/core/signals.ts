/** Word that is passed on and never kept, such as that somebody types. */
export interface Signal {
  readonly room: string;
  /** At most {@link MAX_SIGNAL_BYTES} of UTF-8. */
  readonly body: string;
}

/** What a signal may hold: with its room, and escaped twice, it fits into what Postgres takes as one notification. */
export const MAX_SIGNAL_BYTES = 2_048;

/** Carries signals between the processes of a system. Any may be lost, doubled or late, so whoever sends something that lasts repeats it. */
export interface Signals {
  /** Never throws and never waits; left out when too many wait to be sent. */
  signal(signal: Signal): void;
  /** Hands over the signals of other processes, never one's own. */
  onSignal(listener: (signal: Signal) => void): () => void;
}

/** Whether a body is no larger than it may be; what comes from outside may be. */
export function isSignalSized(body: string): boolean {
  return body.length <= MAX_SIGNAL_BYTES;
}
