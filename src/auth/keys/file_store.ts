import { isScope } from "../../core/caller.ts";
import { ChatError } from "../../core/errors.ts";
import type { KeyStore, StoredKey } from "./store.ts";

/** Only the owner may read it: hashes are of no use to a thief, but names and scopes tell whom to rob. */
const MODE = 0o600;

/**
 * Keys in a JSON file, for a system without a database server: its embedded database has room for one process only, and the task that makes keys is
 * another one. Readers see the old file or the new one, never half, because it is replaced as a whole; writers take turns by a lock on a file beside it.
 */
export class FileKeyStore implements KeyStore {
  readonly #path: string;

  /** `path` need not exist yet: then there is no key. */
  constructor(path: string) {
    this.#path = path;
  }

  async version(): Promise<string> {
    const found = await this.#unlessMissing(() => Deno.stat(this.#path));
    return found === undefined ? "none" : `${found.ino} ${found.mtime?.getTime()} ${found.size}`;
  }

  async list(): Promise<readonly StoredKey[]> {
    const text = await this.#unlessMissing(() => Deno.readTextFile(this.#path));
    if (text === undefined) return [];
    try {
      const { keys } = JSON.parse(text) as { readonly keys: readonly unknown[] };
      return keys.map(storedKey);
    } catch (cause) {
      throw new ChatError("failed_precondition", `The file of API keys ${this.#path} is broken: ${reason(cause)}`, { cause });
    }
  }

  async add(key: StoredKey): Promise<void> {
    await this.#change((keys) => {
      if (keys.some(({ id }) => id === key.id)) throw new ChatError("already_exists", `There is an API key ${key.id} already`);
      return [...keys, key];
    });
  }

  async revoke(id: string, atMs: number): Promise<boolean> {
    let found = false;
    await this.#change((keys) =>
      keys.map((key) => {
        if (key.id !== id) return key;
        found = true;
        return { ...key, revokedAtMs: key.revokedAtMs ?? atMs };
      })
    );
    return found;
  }

  async #change(edit: (keys: readonly StoredKey[]) => readonly StoredKey[]): Promise<void> {
    const folder = this.#path.replace(/\/?[^/]*$/, "");
    if (folder !== "") await Deno.mkdir(folder, { recursive: true });
    using lock = await Deno.open(`${this.#path}.lock`, { write: true, create: true, mode: MODE });
    await lock.lock(true);
    const keys = edit(await this.list());
    const fresh = `${this.#path}.new`;
    {
      using file = await Deno.open(fresh, { write: true, create: true, truncate: true, mode: MODE });
      const bytes = new TextEncoder().encode(`${JSON.stringify({ keys }, undefined, 1)}\n`);
      for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
      await file.sync();
    }
    await Deno.rename(fresh, this.#path);
  }

  async #unlessMissing<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof Deno.errors.NotFound) return undefined;
      throw new ChatError("failed_precondition", `The file of API keys ${this.#path} cannot be read: ${reason(cause)}`, { cause });
    }
  }
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** Throws for what no key is: the file is also edited by hand. */
function storedKey(value: unknown): StoredKey {
  const key = value as StoredKey;
  const isText = (text: unknown) => typeof text === "string" && text !== "";
  const isTime = (time: unknown) => time === undefined || Number.isFinite(time);
  const isList = (list: unknown) => Array.isArray(list) && list.every(isText);
  const whole = isText(key.id) && isText(key.username) && typeof key.label === "string" && /^[0-9a-f]{64}$/.test(String(key.hash)) &&
    isList(key.scopes) && key.scopes.every(isScope) && (key.rooms === undefined || isList(key.rooms)) &&
    Number.isFinite(key.createdAtMs) && isTime(key.expiresAtMs) && isTime(key.revokedAtMs);
  if (!whole) throw new Error(`${JSON.stringify(key?.id ?? null)} is no whole key`);
  return key;
}
