/**
 * Wake-ups by NATS: one subject a room under a common prefix, the position as text. NATS keeps nothing and acknowledges nothing here, because
 * nothing needs it: the database is the truth, and readers poll it.
 *
 * @module
 */
import type { Msg, NatsConnection } from "@nats-io/transport-node";
import { pauseUntil } from "../core/pause.ts";
import { isSignalSized, type Signal } from "../core/signals.ts";
import type { Log } from "../observability/log.ts";
import type { Bus, WakeUp } from "./bus.ts";
import { NatsConnector, type NatsOptions } from "./nats_connect.ts";
import { roomOf, subjectOf } from "./nats_subject.ts";

/** What a bus over NATS needs. */
export interface NatsBusOptions extends NatsOptions {
  readonly log: Log;
  /** What the subjects begin with; systems that share a NATS must differ in it. */
  readonly subjectPrefix: string;
}

/** The part of a subject that tells signals from wake-ups. */
const SIGNAL = "signal";
/** Wake-ups of one room within this time become one. */
const COALESCE_MS = 10;
/** Between two tries to connect, each of which goes through all servers. */
const RECONNECT_MS = 250;
/** Rooms whose wake-ups are kept for the time when NATS is back; readers poll the others. */
const MAX_KEPT_ROOMS = 10_000;
/** How long opening and closing wait for the server to have taken in what was sent. */
const SETTLE_MS = 500;

type Listener = (wakeUp: WakeUp | undefined) => void;

/**
 * Connects, or, with NATS down, begins to try: a wake-up is only a hint, so a start does not depend on it. Throws `failed_precondition` when
 * the settings are at fault: the credentials are refused, or a file cannot be read.
 */
export async function createNatsBus(options: NatsBusOptions): Promise<Bus> {
  const bus = new NatsBus(options, await NatsConnector.create(options));
  await bus.open();
  return bus;
}

class NatsBus implements Bus {
  readonly #log: Log;
  readonly #prefix: string;
  readonly #connector: NatsConnector;
  readonly #listeners = new Set<Listener>();
  readonly #signalListeners = new Set<(signal: Signal) => void>();
  readonly #pending = new Map<string, number>();
  readonly #closing = new AbortController();
  #connection: NatsConnection | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #mending: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor({ log, subjectPrefix }: NatsBusOptions, connector: NatsConnector) {
    this.#log = log;
    this.#prefix = subjectPrefix;
    this.#connector = connector;
  }

  publish({ room, seq }: WakeUp): void {
    if (this.#closing.signal.aborted) return;
    const known = this.#pending.get(room);
    if (known === undefined && this.#pending.size >= MAX_KEPT_ROOMS) return;
    this.#pending.set(room, Math.max(seq, known ?? 0));
    if (this.#connection !== undefined) this.#timer ??= setTimeout(() => this.#flush(), COALESCE_MS);
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Without a connection it is lost. */
  signal({ room, body }: Signal): void {
    const connection = this.#connection;
    if (connection !== undefined && !connection.isClosed()) connection.publish(subjectOf(`${this.#prefix}.${SIGNAL}`, room), body);
  }

  onSignal(listener: (signal: Signal) => void): () => void {
    this.#signalListeners.add(listener);
    return () => this.#signalListeners.delete(listener);
  }

  /** Sends what is pending, then lets the connection go. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** Makes the first try. Rejects only when the settings are at fault. */
  async open(): Promise<void> {
    try {
      await this.#connect();
    } catch (error) {
      const refusal = this.#connector.refusal(error);
      if (refusal !== undefined) throw refusal;
      this.#log.warn("NATS cannot be reached; until it can, messages of other replicas come with the poll", this.#fields(error));
      this.#mend();
    }
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    this.#flush();
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection !== undefined) {
      await atMost(SETTLE_MS, connection.flush().catch(() => {})); // lost meanwhile: then so is what was sent
      await connection.close();
    }
    await atMost(SETTLE_MS, this.#mending);
  }

  async #connect(): Promise<void> {
    const connection = await this.#connector.connect();
    if (this.#closing.signal.aborted) return await connection.close();
    connection.subscribe(`${this.#prefix}.*`, { callback: (error, message) => this.#receive(error, message) });
    connection.subscribe(`${this.#prefix}.${SIGNAL}.*`, { callback: (error, message) => this.#receiveSignal(error, message) });
    // So that the server knows whom to wake before this bus counts as joined.
    await atMost(SETTLE_MS, connection.flush().catch(() => {}));
    this.#connection = connection;
    connection.closed().then((error) => this.#lost(connection, error));
    this.#flush();
  }

  /** Sends what is pending; without a connection it stays pending. */
  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const connection = this.#connection;
    if (connection === undefined || connection.isClosed()) return;
    for (const [room, seq] of this.#pending) connection.publish(subjectOf(this.#prefix, room), String(seq));
    this.#pending.clear();
  }

  /** Anyone who may publish under the prefix may do so, so a message is not trusted. */
  #receive(error: Error | null, message: Msg): void {
    if (error !== null) return this.#log.error("NATS refuses the subscription to wake-ups", this.#fields(error));
    const room = roomOf(this.#prefix, message.subject);
    const text = message.string();
    const seq = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
    if (room === undefined || !Number.isSafeInteger(seq)) this.#log.warn("A message is not a wake-up", { subject: message.subject });
    else this.#tell({ room, seq });
  }

  #receiveSignal(error: Error | null, message: Msg): void {
    if (error !== null) return this.#log.error("NATS refuses the subscription to signals", this.#fields(error));
    const room = roomOf(`${this.#prefix}.${SIGNAL}`, message.subject);
    const body = message.string();
    if (room === undefined || !isSignalSized(body)) return this.#log.warn("A message is not a signal", { subject: message.subject });
    for (const listener of this.#signalListeners) listener({ room, body });
  }

  #tell(wakeUp: WakeUp | undefined): void {
    for (const listener of this.#listeners) listener(wakeUp);
  }

  #lost(connection: NatsConnection, error: void | Error): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#log.warn("The connection to NATS was lost; connecting again", this.#fields(error));
    this.#mend();
  }

  #mend(): void {
    this.#mending ??= this.#connectAgain().finally(() => this.#mending = undefined);
  }

  /** Connects, and tells that wake-ups may have been missed meanwhile. */
  async #connectAgain(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      await pauseUntil(RECONNECT_MS, this.#closing.signal);
      try {
        await this.#connect();
        this.#log.info("Wake-ups are carried by NATS again", { server: this.#connection?.getServer() });
        return this.#tell(undefined);
      } catch (error) {
        const refusal = this.#connector.refusal(error);
        if (refusal !== undefined) this.#log.error(refusal.message, { error });
      }
    }
  }

  #fields(error: unknown): Record<string, unknown> {
    return error instanceof Error ? { servers: this.#connector.where, error } : { servers: this.#connector.where };
  }
}

/** Waits for the promise, but no longer than this. */
async function atMost(ms: number, promise: Promise<void> | undefined): Promise<void> {
  if (promise === undefined) return;
  const late = new AbortController();
  await Promise.race([promise, pauseUntil(ms, late.signal)]);
  late.abort();
}
