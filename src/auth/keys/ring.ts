import { abortError, ChatError } from "../../core/errors.ts";
import type { Log } from "../../observability/log.ts";
import type { KeyStore, StoredKey } from "./store.ts";

/** How a {@link KeyRing} follows its store. */
export interface KeyRingOptions {
  readonly log: Log;
  /** How often it looks for changes; default 2,000 ms, so that a revoked key is known well within 5 s. */
  readonly pollMs?: number;
}

const POLL_MS = 2_000;
/** A key that is not known may have been made just now, so the store is asked, but no more often than this, however many such keys come. */
const LOOK_AGAIN_MS = 250;
/** The store may hang; then whoever waits is told. */
const LOAD_TIMEOUT_MS = 5_000;

/** Every key in memory, so that a call costs no look into the store. Stays as it was while the store cannot be read. */
export class KeyRing {
  readonly #store: KeyStore;
  readonly #log: Log;
  readonly #lookAgainMs: number;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #closed = new AbortController();
  #keys: ReadonlyMap<string, StoredKey> = new Map();
  #version: string | undefined;
  #loading: Promise<void> | undefined;
  /** The look that will begin; who comes before it begins waits for it. */
  #nextLook: Promise<void> | undefined;
  #lookedAtMs = -Infinity;
  #problem: unknown;

  private constructor(store: KeyStore, { log, pollMs = POLL_MS }: KeyRingOptions) {
    this.#store = store;
    this.#log = log;
    this.#lookAgainMs = Math.min(LOOK_AGAIN_MS, pollMs);
    this.#timer = setInterval(() => void this.#load(), pollMs);
  }

  /** Reads every key; throws when that cannot be done. */
  static async open(store: KeyStore, options: KeyRingOptions): Promise<KeyRing> {
    const ring = new KeyRing(store, options);
    await ring.#load();
    if (ring.#problem === undefined) return ring;
    await ring.close();
    throw ring.#problem;
  }

  /** The key of that id, as far as is known. */
  find(id: string): StoredKey | undefined {
    return this.#keys.get(id);
  }

  /** The same after a look into the store, for a key that is not known; throws `unavailable` when the store cannot be read. */
  async lookFor(id: string): Promise<StoredKey | undefined> {
    await (this.#nextLook ??= this.#look());
    const key = this.#keys.get(id);
    if (key !== undefined || this.#problem === undefined) return key;
    throw new ChatError("unavailable", "API keys cannot be looked up right now", { cause: this.#problem, retryAfterMs: POLL_MS });
  }

  /** Stops following the store; idempotent. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#closed.abort(new ChatError("cancelled", "The keys are closed"));
    await this.#nextLook;
    await this.#loading;
  }

  /** Never rejects. What was stored before it was asked for is seen: a look that is under way already does not count. */
  async #look(): Promise<void> {
    await this.#pause(this.#lookedAtMs + this.#lookAgainMs - performance.now());
    this.#nextLook = undefined;
    await this.#loading;
    await this.#load();
  }

  #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, Math.max(ms, 0));
    const { signal } = this.#closed;
    const onClose = () => resolve();
    signal.addEventListener("abort", onClose);
    return promise.finally(() => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onClose);
    });
  }

  /** Never rejects; one at a time. */
  #load(): Promise<void> {
    return this.#loading ??= this.#read().finally(() => this.#loading = undefined);
  }

  async #read(): Promise<void> {
    this.#lookedAtMs = performance.now();
    if (this.#closed.signal.aborted) return;
    try {
      await this.#inTime(this.#refresh());
      if (this.#problem !== undefined) this.#log.info("API keys can be read again");
      this.#problem = undefined;
    } catch (error) {
      if (this.#closed.signal.aborted) return;
      if (this.#problem === undefined && this.#version !== undefined) {
        this.#log.warn("API keys cannot be read; those known stay good", { error });
      }
      this.#problem = error;
    }
  }

  async #refresh(): Promise<void> {
    // The version first: a change that comes between the two is then read twice rather than never.
    const version = await this.#store.version();
    if (version === this.#version) return;
    const keys = await this.#store.list();
    this.#keys = new Map(keys.map((key) => [key.id, key]));
    this.#version = version;
  }

  #inTime(work: Promise<void>): Promise<void> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const give = () => reject(abortError(this.#closed.signal));
    const timer = setTimeout(
      () => reject(new ChatError("unavailable", `Reading the API keys took over ${LOAD_TIMEOUT_MS} ms`)),
      LOAD_TIMEOUT_MS,
    );
    this.#closed.signal.addEventListener("abort", give, { once: true });
    return Promise.race([work, late]).finally(() => {
      clearTimeout(timer);
      this.#closed.signal.removeEventListener("abort", give);
    });
  }
}
