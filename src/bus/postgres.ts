/**
 * Wake-ups by LISTEN and NOTIFY, each on a connection of its own. A NOTIFY takes an instance-wide lock at commit, so it is sent after the
 * writer's transaction, for many rooms at once and at most every 10 ms.
 *
 * @module
 */
import { pauseUntil } from "../core/pause.ts";
import { isSignalSized, type Signal } from "../core/signals.ts";
import { toChatError } from "../database/errors.ts";
import { parsePostgresUrl } from "../database/postgres/address.ts";
import { ConnectGate } from "../database/postgres/gate.ts";
import { PostgresSession } from "../database/postgres/session.ts";
import type { Log } from "../observability/log.ts";
import type { Bus, WakeUp } from "./bus.ts";

/** What a bus over Postgres needs. */
export interface PostgresBusOptions {
  readonly url: string;
  readonly log: Log;
}

const CHANNEL = "chat_wake_up";
const SIGNAL_CHANNEL = "chat_signal";
/** Signals that wait to be sent; further ones are left out. */
const MAX_SIGNALS = 1_000;
/** Wake-ups of one room within this time become one. */
const COALESCE_MS = 10;
/** Between two tries to listen again. */
const RECONNECT_MS = 250;
/** How often the listening connection is asked whether it lives: nothing else would find that its other end went silent. */
const HEARTBEAT_MS = 10_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** A NOTIFY that takes longer is not worth waiting for: readers poll. */
const STATEMENT_TIMEOUT_MS = 5_000;

type Listener = (wakeUp: WakeUp | undefined) => void;

/** Connects and listens. Throws `unavailable` when the first connection fails; later losses are logged and mended. */
export async function createPostgresBus(options: PostgresBusOptions): Promise<Bus> {
  const bus = new PostgresBus(options);
  try {
    await bus.listen();
    return bus;
  } catch (error) {
    await bus.close();
    throw toChatError(error);
  }
}

class PostgresBus implements Bus {
  readonly #log: Log;
  readonly #receiver: PostgresSession;
  readonly #sender: PostgresSession;
  /** Tells one's own notifications from those of others. */
  readonly #name = crypto.randomUUID();
  readonly #listeners = new Set<Listener>();
  readonly #signalListeners = new Set<(signal: Signal) => void>();
  #signals: Signal[] = [];
  readonly #pending = new Map<string, number>();
  readonly #closing = new AbortController();
  #flushing: Promise<void> | undefined;
  #mending: Promise<void> | undefined;
  #heartbeat: ReturnType<typeof setInterval> | undefined;

  constructor({ url, log }: PostgresBusOptions) {
    this.#log = log;
    const address = parsePostgresUrl(url);
    const shared = { address, gate: new ConnectGate(), statementTimeoutMs: STATEMENT_TIMEOUT_MS, connectTimeoutMs: CONNECT_TIMEOUT_MS };
    this.#sender = new PostgresSession(shared);
    this.#receiver = new PostgresSession({ ...shared, onNotify: (payload) => this.#receive(payload), onLoss: () => this.#lost() });
  }

  publish({ room, seq }: WakeUp): void {
    if (this.#closing.signal.aborted) return;
    this.#pending.set(room, Math.max(seq, this.#pending.get(room) ?? 0));
    this.#flushing ??= this.#flush().finally(() => this.#flushing = undefined);
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  signal(signal: Signal): void {
    if (this.#closing.signal.aborted || this.#signals.length >= MAX_SIGNALS) return;
    this.#signals.push(signal);
    this.#flushing ??= this.#flush().finally(() => this.#flushing = undefined);
  }

  onSignal(listener: (signal: Signal) => void): () => void {
    this.#signalListeners.add(listener);
    return () => this.#signalListeners.delete(listener);
  }

  /** Sends what is pending, then lets both connections go. */
  async close(): Promise<void> {
    this.#closing.abort();
    clearInterval(this.#heartbeat);
    await Promise.all([this.#flushing, this.#mending]);
    await Promise.all([this.#receiver.close(), this.#sender.close()]);
  }

  /** Begins to listen. Rejects when the server cannot be reached. */
  async listen(): Promise<void> {
    await this.#receiver.query(`listen ${CHANNEL}`, []);
    await this.#receiver.query(`listen ${SIGNAL_CHANNEL}`, []);
    // One that finds the connection dead makes the session tell of the loss.
    this.#heartbeat ??= setInterval(() => this.#receiver.query("select 1", []).catch(() => {}), HEARTBEAT_MS);
  }

  /** Sends what is pending, again and again while more comes. What cannot be sent is dropped: readers poll. */
  async #flush(): Promise<void> {
    while (this.#pending.size + this.#signals.length > 0) {
      await pauseUntil(COALESCE_MS, this.#closing.signal);
      const payloads = Array.from(this.#pending, ([room, seq]) => JSON.stringify({ room, seq, sender: this.#name }));
      const signals = this.#signals.map(({ room, body }) => JSON.stringify({ room, body, sender: this.#name }));
      this.#pending.clear();
      this.#signals = [];
      if (payloads.length > 0) await this.#notify(CHANNEL, payloads);
      if (signals.length > 0) await this.#notify(SIGNAL_CHANNEL, signals);
    }
  }

  async #notify(channel: string, payloads: readonly string[]): Promise<void> {
    const notify = `select pg_notify('${channel}', payload) from jsonb_array_elements_text($1::jsonb) as payload`;
    try {
      await this.#sender.query(notify, [JSON.stringify(payloads)]);
    } catch (error) {
      this.#log.warn("Waking the other replicas failed; they see the messages at their next poll", { error });
    }
  }

  #receive(payload: string): void {
    const signal = parseSignal(payload);
    if (signal !== undefined) return signal.sender === this.#name ? undefined : this.#pass(signal);
    const wakeUp = parsePayload(payload);
    if (wakeUp === undefined) this.#log.warn("A notification is not a wake-up", { channel: CHANNEL });
    else if (wakeUp.sender !== this.#name) this.#tell({ room: wakeUp.room, seq: wakeUp.seq });
  }

  #pass({ room, body }: Signal): void {
    for (const listener of this.#signalListeners) listener({ room, body });
  }

  #tell(wakeUp: WakeUp | undefined): void {
    for (const listener of this.#listeners) listener(wakeUp);
  }

  #lost(): void {
    if (this.#closing.signal.aborted) return;
    this.#mending ??= this.#mend().finally(() => this.#mending = undefined);
  }

  /** Listens again, and tells that wake-ups may have been missed meanwhile. */
  async #mend(): Promise<void> {
    this.#log.warn("The connection that carries wake-ups was lost; connecting again");
    while (!this.#closing.signal.aborted) {
      try {
        await this.listen();
        this.#log.info("Wake-ups are carried again");
        return this.#tell(undefined);
      } catch {
        await pauseUntil(RECONNECT_MS, this.#closing.signal);
      }
    }
  }

  /** Cut short by `close`. */
}

function parseSignal(payload: string): (Signal & { readonly sender: string }) | undefined {
  if (!payload.includes('"body":')) return undefined;
  try {
    const { room, body, sender } = JSON.parse(payload);
    const isSignal = typeof room === "string" && typeof body === "string" && isSignalSized(body) && typeof sender === "string";
    return isSignal ? { room, body, sender } : undefined;
  } catch {
    return undefined;
  }
}

/** Anyone who may connect may notify, so a payload is not trusted. */
function parsePayload(payload: string): (WakeUp & { readonly sender: string }) | undefined {
  try {
    const { room, seq, sender } = JSON.parse(payload);
    return typeof room === "string" && Number.isSafeInteger(seq) && typeof sender === "string" ? { room, seq, sender } : undefined;
  } catch {
    return undefined;
  }
}
