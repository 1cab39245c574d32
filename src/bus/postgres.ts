/**
 * Wake-ups by LISTEN and NOTIFY, on one connection of their own. A NOTIFY takes an instance-wide lock at commit, so it is sent after the
 * writer's transaction, for many rooms at once and at most every 10 ms.
 *
 * @module
 */
import { parsePostgresUrl } from "../database/postgres/address.ts";
import { type Client, createClient } from "../database/postgres/client.ts";
import { toChatError } from "../database/errors.ts";
import type { Log } from "../observability/log.ts";
import type { Bus, WakeUp } from "./bus.ts";

/** What a bus over Postgres needs. */
export interface PostgresBusOptions {
  readonly url: string;
  readonly log: Log;
}

const CHANNEL = "chat_wake_up";
/** Wake-ups of one room within this time become one. */
const COALESCE_MS = 10;
/** Between two tries to connect again. */
const RECONNECT_MS = 250;
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
  readonly #options: PostgresBusOptions;
  /** Tells one's own notifications from those of others. */
  readonly #sender = crypto.randomUUID();
  readonly #listeners = new Set<Listener>();
  readonly #pending = new Map<string, number>();
  readonly #closing = new AbortController();
  #client: Client | undefined;
  #flushing: Promise<void> | undefined;
  #mending: Promise<void> | undefined;

  constructor(options: PostgresBusOptions) {
    this.#options = options;
  }

  publish({ room, seq }: WakeUp): void {
    this.#pending.set(room, Math.max(seq, this.#pending.get(room) ?? 0));
    if (!this.#closing.signal.aborted) this.#flushing ??= this.#flush().finally(() => this.#flushing = undefined);
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([this.#flushing, this.#mending]);
    await this.#drop();
  }

  /** Connects and listens once. */
  async listen(): Promise<void> {
    const client = createClient({
      address: parsePostgresUrl(this.#options.url),
      statementTimeoutMs: STATEMENT_TIMEOUT_MS,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      onNotify: (_channel, payload) => this.#receive(payload),
      onClose: () => this.#lost(client),
    });
    this.#client = client;
    await client.sql.unsafe(`listen ${CHANNEL}`);
  }

  /** Sends what is pending, again and again while more comes. What cannot be sent is dropped: readers poll. */
  async #flush(): Promise<void> {
    while (this.#pending.size > 0) {
      await this.#pause(COALESCE_MS);
      const payloads = Array.from(this.#pending, ([room, seq]) => JSON.stringify({ room, seq, sender: this.#sender }));
      this.#pending.clear();
      try {
        await this.#client?.sql.unsafe(
          `select pg_notify('${CHANNEL}', payload) from jsonb_array_elements_text($1::text::jsonb) as payload`,
          [JSON.stringify(payloads)],
          { prepare: true },
        );
      } catch (error) {
        if (!this.#closing.signal.aborted) {
          this.#options.log.warn("Waking the other replicas failed; they see the messages at their next poll", { error });
        }
      }
    }
  }

  #receive(payload: string): void {
    const { room, seq, sender } = JSON.parse(payload) as WakeUp & { readonly sender: string };
    if (sender !== this.#sender) this.#tell({ room, seq });
  }

  #tell(wakeUp: WakeUp | undefined): void {
    for (const listener of this.#listeners) listener(wakeUp);
  }

  #lost(client: Client): void {
    if (this.#closing.signal.aborted || this.#client !== client) return;
    this.#client = undefined;
    // postgres.js would connect again by itself, but keep a stale timer doing so.
    client.destroy();
    this.#mending ??= this.#mend().finally(() => this.#mending = undefined);
  }

  async #mend(): Promise<void> {
    this.#options.log.warn("The connection that carries wake-ups was lost; connecting again");
    while (!this.#closing.signal.aborted) {
      await this.#pause(RECONNECT_MS);
      try {
        if (this.#closing.signal.aborted) return;
        await this.listen();
        this.#tell(undefined);
        return;
      } catch {
        await this.#drop();
      }
    }
  }

  async #drop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.sql.end({ timeout: 1 }).catch(() => {});
    client?.destroy();
  }

  /** Cut short by `close`. */
  #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = () => {
      clearTimeout(timer);
      this.#closing.signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    if (this.#closing.signal.aborted) end();
    else this.#closing.signal.addEventListener("abort", end);
    return promise;
  }
}
