import type { Scope } from "../../core/caller.ts";

/** An API key as it is stored: all but the key itself. Times are milliseconds since 1970. */
export interface StoredKey {
  readonly id: string;
  /** Of the whole key, see `hashKey`. */
  readonly hash: string;
  /** What it is for, for people. */
  readonly label: string;
  /** The user name that its holder writes under. */
  readonly username: string;
  readonly scopes: readonly Scope[];
  /** The only rooms that it is good for; absent: all. */
  readonly rooms?: readonly string[];
  readonly createdAtMs: number;
  readonly expiresAtMs?: number;
  readonly revokedAtMs?: number;
}

/** Where keys are kept. Other processes read and write the same place at the same time. */
export interface KeyStore {
  /** Differs from what it was before exactly when a key was added or revoked since; cheap, for asking often. */
  version(): Promise<string>;
  /** Every key, oldest first, revoked ones too. */
  list(): Promise<readonly StoredKey[]>;
  /** Keeps a key; throws `already_exists` when there is one of that id. */
  add(key: StoredKey): Promise<void>;
  /** Revokes a key for ever; false when there is none of that id, true also when it was revoked before. */
  revoke(id: string, atMs: number): Promise<boolean>;
}
