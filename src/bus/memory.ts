import type { Signal } from "../core/signals.ts";
import type { Bus, WakeUp } from "./bus.ts";

type Listener = (wakeUp: WakeUp | undefined) => void;

/** Wake-ups of one room within this time become one. */
const COALESCE_MS = 10;

/** What joins the buses of one process: each hears what the others publish. */
export class MemoryNetwork {
  readonly #members = new Set<MemoryBus>();

  join(bus: MemoryBus): void {
    this.#members.add(bus);
  }

  leave(bus: MemoryBus): void {
    this.#members.delete(bus);
  }

  send(wakeUp: WakeUp, sender: MemoryBus): void {
    for (const member of this.#members) if (member !== sender) member.deliver(wakeUp);
  }

  pass(signal: Signal, sender: MemoryBus): void {
    for (const member of this.#members) if (member !== sender) member.take(signal);
  }

  /** Whether anybody but `bus` would hear. */
  hasOthers(bus: MemoryBus): boolean {
    return this.#members.size > (this.#members.has(bus) ? 1 : 0);
  }
}

/**
 * The bus within a process. Alone, as a process with PGlite always is, it has nobody to wake: its own feeds hear of commits directly.
 * Several services of one process wake each other over a `network` that they share.
 */
export function createMemoryBus(network: MemoryNetwork = new MemoryNetwork()): Bus {
  return new MemoryBus(network);
}

class MemoryBus implements Bus {
  readonly #network: MemoryNetwork;
  readonly #listeners = new Set<Listener>();
  readonly #signalListeners = new Set<(signal: Signal) => void>();
  readonly #pending = new Map<string, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(network: MemoryNetwork) {
    this.#network = network;
    network.join(this);
  }

  publish({ room, seq }: WakeUp): void {
    if (this.#closed || !this.#network.hasOthers(this)) return;
    this.#pending.set(room, Math.max(seq, this.#pending.get(room) ?? 0));
    this.#timer ??= setTimeout(() => this.#flush(), COALESCE_MS);
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  deliver(wakeUp: WakeUp): void {
    for (const listener of this.#listeners) listener(wakeUp);
  }

  signal(signal: Signal): void {
    if (!this.#closed) this.#network.pass(signal, this);
  }

  onSignal(listener: (signal: Signal) => void): () => void {
    this.#signalListeners.add(listener);
    return () => this.#signalListeners.delete(listener);
  }

  take(signal: Signal): void {
    for (const listener of this.#signalListeners) listener(signal);
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#flush();
    this.#network.leave(this);
    return Promise.resolve();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [room, seq] of this.#pending) this.#network.send({ room, seq }, this);
    this.#pending.clear();
  }
}
