import { sql } from "kysely";
import { ChatError } from "../../core/errors.ts";
import type { Database } from "../../database/database.ts";
import { toChatError } from "../../database/errors.ts";
import type { ApiKeysTable } from "../../database/schema.ts";
import type { KeyStore, StoredKey } from "./store.ts";

/** The row of `api_key_changes` under whose lock keys change, so that its number is a version. */
const ALL = "all";

/** Keys in the table `api_keys`, for every process that shares a database server. */
export class DatabaseKeyStore implements KeyStore {
  readonly #db: Database["kysely"];

  constructor(database: Database) {
    this.#db = database.kysely;
  }

  async version(): Promise<string> {
    return await known(async () => {
      const row = await this.#db.selectFrom("api_key_changes").select("version").where("scope", "=", ALL).executeTakeFirst();
      return String(row?.version ?? 0);
    });
  }

  async list(): Promise<readonly StoredKey[]> {
    return await known(async () =>
      (await this.#db.selectFrom("api_keys").selectAll().orderBy("created_at_ms").orderBy("id").execute()).map(storedKey)
    );
  }

  async add(key: StoredKey): Promise<void> {
    const { rows } = await known(() =>
      sql`
        with change as (${this.#nextVersion}), stored as (
          insert into api_keys (id, hash, label, username, scopes, rooms, created_at_ms, expires_at_ms)
          select ${key.id}, ${key.hash}, ${key.label}, ${key.username}, ${[...key.scopes]}::text[], ${
        key.rooms ? [...key.rooms] : null
      }::text[],
            ${key.createdAtMs}::int8, ${key.expiresAtMs ?? null}::int8 from change
          on conflict (id) do nothing returning id
        ) select id from stored`.execute(this.#db)
    );
    if (rows.length === 0) throw new ChatError("already_exists", `There is an API key ${key.id} already`);
  }

  async revoke(id: string, atMs: number): Promise<boolean> {
    const { rows } = await known(() =>
      sql`
        with change as (${this.#nextVersion})
        update api_keys set revoked_at_ms = coalesce(revoked_at_ms, ${atMs}::int8) from change where id = ${id} returning id`.execute(
        this.#db,
      )
    );
    return rows.length > 0;
  }

  get #nextVersion() {
    return sql`insert into api_key_changes (scope, version) values (${ALL}, 1)
      on conflict (scope) do update set version = api_key_changes.version + 1 returning version`;
  }
}

async function known<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toChatError(error);
  }
}

function storedKey(row: { readonly [Column in keyof ApiKeysTable]: ApiKeysTable[Column] }): StoredKey {
  const { id, hash, label, username, scopes, rooms, created_at_ms, expires_at_ms, revoked_at_ms } = row;
  return {
    ...{ id, hash, label, username, createdAtMs: created_at_ms },
    scopes: scopes as StoredKey["scopes"],
    ...(rooms === null ? {} : { rooms }),
    ...(expires_at_ms === null ? {} : { expiresAtMs: expires_at_ms }),
    ...(revoked_at_ms === null ? {} : { revokedAtMs: revoked_at_ms }),
  };
}
