import type { Caller } from "../../core/caller.ts";
import type { ChatError } from "../../core/errors.ts";
import { refused, type TokenVerifier } from "../token.ts";
import { isKeyOf, isWhole, readKey } from "./format.ts";
import { KeyRing, type KeyRingOptions } from "./ring.ts";
import type { KeyStore, StoredKey } from "./store.ts";

const ID_PREFIX = "key:";
/** The same sentence for a wrong id and a wrong secret: who guesses learns nothing. */
const UNKNOWN = "The API key is not known here";

/** Proves API keys against a store. Throws when the store cannot be read. */
export async function keyVerifier(store: KeyStore, options: KeyRingOptions): Promise<TokenVerifier> {
  return new KeyVerifier(await KeyRing.open(store, options));
}

class KeyVerifier implements TokenVerifier {
  readonly #ring: KeyRing;
  /** One caller for each stored key; what a store reads anew is another object. */
  readonly #callers = new WeakMap<StoredKey, Caller>();

  constructor(ring: KeyRing) {
    this.#ring = ring;
  }

  verify(text: string): Caller | Promise<Caller> {
    const key = readKey(text);
    if (key === undefined) throw refused("The bearer token is no API key");
    const stored = this.#ring.find(key.id);
    if (stored !== undefined) return this.#callerOf(stored, isKeyOf(key, stored.hash));
    if (!isWhole(key)) throw refused("The API key is mistyped: its last characters do not fit the others");
    return this.#ring.lookFor(key.id).then((found) => {
      if (found === undefined) throw refused(UNKNOWN);
      return this.#callerOf(found, isKeyOf(key, found.hash));
    });
  }

  ended({ id }: Caller): ChatError | undefined {
    return problemOf(this.#ring.find(id.slice(ID_PREFIX.length)));
  }

  close(): Promise<void> {
    return this.#ring.close();
  }

  #callerOf(stored: StoredKey, isRight: boolean): Caller {
    if (!isRight) throw refused(UNKNOWN);
    const problem = problemOf(stored);
    if (problem !== undefined) throw problem;
    let caller = this.#callers.get(stored);
    if (caller === undefined) this.#callers.set(stored, caller = toCaller(stored));
    return caller;
  }
}

function problemOf(stored: StoredKey | undefined): ChatError | undefined {
  if (stored === undefined) return refused(UNKNOWN);
  if (stored.revokedAtMs !== undefined) return refused(`The API key ${stored.id} was revoked`);
  return (stored.expiresAtMs ?? Infinity) <= Date.now() ? refused(`The API key ${stored.id} has expired`) : undefined;
}

function toCaller({ id, username, scopes, rooms, expiresAtMs }: StoredKey): Caller {
  return {
    ...{ kind: "api_key", id: ID_PREFIX + id, name: username, scopes: new Set(scopes) },
    ...(rooms === undefined ? {} : { rooms: new Set(rooms) }),
    ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
  };
}
