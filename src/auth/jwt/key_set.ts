import { createLocalJWKSet, errors, type FlattenedJWSInput, type JSONWebKeySet, type JWSHeaderParameters } from "jose";
import { ChatError } from "../../core/errors.ts";
import type { Log } from "../../observability/log.ts";

/** Where a key set comes from. */
export interface KeySetSource {
  /** Reads the set; throws when it cannot. */
  load(signal: AbortSignal): Promise<JSONWebKeySet>;
}

/** How a {@link KeySet} follows its source; all may be left out. */
export interface KeySetOptions {
  readonly log: Log;
  /** A set older than this is read again, while the old one serves; default 300,000 ms. */
  readonly maxAgeMs?: number;
  /** An old set still serves for so long while its source cannot be read; default 3,600,000 ms. */
  readonly staleMs?: number;
  /** An unknown key makes the set be read again, but no sooner than so long after the last time; default 10,000 ms. */
  readonly cooldownMs?: number;
  readonly timeoutMs?: number;
}

const DEFAULTS = { maxAgeMs: 300_000, staleMs: 3_600_000, cooldownMs: 10_000, timeoutMs: 5_000 } as const;
const MAX_KEYS = 100;

type Find = ReturnType<typeof createLocalJWKSet>;

/**
 * The public keys of an issuer (RFC 7517), kept in memory. However many tokens name keys that it does not have, its source is asked once in a cooldown;
 * while the source cannot be read, tokens with unknown keys are `unavailable`, because they may be good.
 */
export class KeySet {
  readonly #source: KeySetSource;
  readonly #options: Required<Omit<KeySetOptions, "log">>;
  readonly #log: Log;
  readonly #closed = new AbortController();
  #find: Find | undefined;
  #loadedAtMs = -Infinity;
  #triedAtMs = -Infinity;
  #loading: Promise<void> | undefined;
  #problem: unknown;

  constructor(source: KeySetSource, { log, ...options }: KeySetOptions) {
    this.#source = source;
    this.#log = log;
    this.#options = { ...DEFAULTS, ...options };
  }

  /** The key that a token was signed with, for jose. Throws jose's error for an unknown one, `unavailable` where nobody can say. */
  readonly keyFor = async (header: JWSHeaderParameters, token: FlattenedJWSInput): ReturnType<Find> => {
    const ageMs = performance.now() - this.#loadedAtMs;
    if (ageMs > this.#options.staleMs) await this.#load();
    else if (ageMs > this.#options.maxAgeMs) void this.#load();
    try {
      return await this.#usable()(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await this.#load();
      if (this.#problem !== undefined) throw this.#unavailable();
      return await this.#usable()(header, token);
    }
  };

  /** Reads the set for the first time; a source that is down is only told of, because it may come back. */
  async open(): Promise<this> {
    await this.#load();
    return this;
  }

  /** Gives up what is being read; idempotent. */
  async close(): Promise<void> {
    this.#closed.abort(new ChatError("cancelled", "The key set is closed"));
    await this.#loading;
  }

  #usable(): Find {
    if (this.#find === undefined || performance.now() - this.#loadedAtMs > this.#options.staleMs) throw this.#unavailable();
    return this.#find;
  }

  #unavailable(): ChatError {
    const retryAfterMs = this.#options.cooldownMs;
    return new ChatError("unavailable", "The keys that tokens are signed with cannot be read right now", {
      retryAfterMs,
      cause: this.#problem,
    });
  }

  /** Never rejects; one at a time, and none within the cooldown of the one before. */
  #load(): Promise<void> {
    if (this.#loading !== undefined) return this.#loading;
    if (performance.now() - this.#triedAtMs < this.#options.cooldownMs || this.#closed.signal.aborted) return Promise.resolve();
    this.#triedAtMs = performance.now();
    return this.#loading = this.#read().finally(() => this.#loading = undefined);
  }

  async #read(): Promise<void> {
    try {
      const set = await this.#source.load(AbortSignal.any([this.#closed.signal, AbortSignal.timeout(this.#options.timeoutMs)]));
      if (!Array.isArray(set?.keys) || set.keys.length > MAX_KEYS) throw new Error(`Expected {"keys": […]} with at most ${MAX_KEYS} keys`);
      this.#find = createLocalJWKSet(set);
      this.#loadedAtMs = performance.now();
      this.#problem = undefined;
    } catch (error) {
      this.#problem = error;
      if (!this.#closed.signal.aborted) this.#log.warn("The key set of the tokens' issuer cannot be read", { error });
    }
  }
}
