/**
 * API keys in a file of their own and an authenticator that takes them, for tests of what lies around.
 *
 * @module
 */
import { createAuthenticator } from "../../src/auth/authenticator.ts";
import { FileKeyStore } from "../../src/auth/keys/file_store.ts";
import { hashKey, makeKey } from "../../src/auth/keys/format.ts";
import type { KeyStore, StoredKey } from "../../src/auth/keys/store.ts";
import type { CertificateRule } from "../../src/config/config.ts";
import type { Authenticator } from "../../src/core/authenticator.ts";
import type { Scope } from "../../src/core/caller.ts";
import { testLog } from "./log.ts";
import { tempDir } from "./temp_dir.ts";

/** An authenticator and the keys behind it. */
export interface TestKeys extends AsyncDisposable {
  readonly authenticator: Authenticator;
  readonly store: KeyStore;
  /** Makes a key and gives its text. */
  make(scopes: readonly Scope[], more?: Partial<StoredKey>): Promise<string>;
  revoke(key: string): Promise<void>;
}

/** Keys that are looked after every 20 ms, so that tests are quick. */
export async function testKeys({ certificates = [] }: { readonly certificates?: readonly CertificateRule[] } = {}): Promise<TestKeys> {
  const directory = await tempDir();
  const keysPath = `${directory.path}/api_keys.json`;
  const store = new FileKeyStore(keysPath);
  const authenticator = await createAuthenticator({ mode: "api_key", keysPath, certificates }, { log: testLog(), pollMs: 20 });
  return {
    authenticator,
    store,
    make: (scopes, more) => makeStored(store, scopes, more),
    async revoke(key) {
      await store.revoke(key.slice(5, 17), Date.now());
    },
    async [Symbol.asyncDispose]() {
      await authenticator.close();
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** Makes a key in a store and gives its text. */
export async function makeStored(store: KeyStore, scopes: readonly Scope[], more: Partial<StoredKey> = {}): Promise<string> {
  const key = makeKey();
  await store.add({ id: key.id, hash: hashKey(key), label: "test", username: "ann", scopes, createdAtMs: Date.now(), ...more });
  return key.text;
}
