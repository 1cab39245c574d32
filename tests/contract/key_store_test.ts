/**
 * What every store of API keys promises: the file and the table.
 *
 * @module
 */
import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { DatabaseKeyStore } from "../../src/auth/keys/database_store.ts";
import { FileKeyStore } from "../../src/auth/keys/file_store.ts";
import { hashKey, makeKey } from "../../src/auth/keys/format.ts";
import type { KeyStore, StoredKey } from "../../src/auth/keys/store.ts";
import { ChatError } from "../../src/core/errors.ts";
import { eachDatabase } from "../support/database.ts";
import { tempDir } from "../support/temp_dir.ts";

let made = 0;

function storedKey(more: Partial<StoredKey> = {}): StoredKey {
  const key = makeKey();
  return {
    id: key.id,
    hash: hashKey(key),
    label: "for 'a' \"test\"",
    username: "änn",
    scopes: ["messages:read"],
    createdAtMs: ++made,
    ...more,
  };
}

async function keepsItsPromises(t: Deno.TestContext, store: KeyStore, again: () => KeyStore): Promise<void> {
  await t.step("is empty at first", async () => {
    assertEquals(await store.list(), []);
  });
  await t.step("gives keys back as they were kept, oldest first, also to another process", async () => {
    const keys = [storedKey(), storedKey({ rooms: ["a", "b,c"], expiresAtMs: 2_000_000_000_000, scopes: ["ai:use", "messages:write"] })];
    for (const key of keys) await store.add(key);
    assertEquals(await store.list(), keys);
    assertEquals(await again().list(), keys);
  });
  await t.step("refuses a second key of one id", async () => {
    const [key] = await store.list();
    const error = await assertRejects(() => store.add({ ...storedKey(), id: key?.id ?? "" }), ChatError);
    assertEquals(error.code, "already_exists");
  });
  await t.step("has another version after each change, and the same without one", async () => {
    const versions = [await store.version()];
    assertEquals(await again().version(), versions[0]);
    const key = storedKey();
    await again().add(key);
    versions.push(await store.version());
    await again().revoke(key.id, 5);
    versions.push(await store.version());
    assertEquals(new Set(versions).size, 3);
  });
  await t.step("revokes for ever, and keeps the first time of it", async () => {
    const key = storedKey();
    await store.add(key);
    assertEquals([await store.revoke(key.id, 77), await store.revoke(key.id, 99)], [true, true]);
    assertEquals((await store.list()).find(({ id }) => id === key.id)?.revokedAtMs, 77);
    assertEquals(await store.revoke("nobody", 1), false);
  });
  await t.step("loses no key of writers that write at the same time", async () => {
    const before = (await store.list()).length;
    await Promise.all(Array.from({ length: 20 }, () => again().add(storedKey())));
    assertEquals((await store.list()).length, before + 20);
  });
}

eachDatabase(
  "DatabaseKeyStore",
  (t, { database }) => keepsItsPromises(t, new DatabaseKeyStore(database), () => new DatabaseKeyStore(database)),
);

Deno.test("FileKeyStore", async (t) => {
  await using directory = await tempDir();
  const path = `${directory.path}/deep/api_keys.json`;
  await keepsItsPromises(t, new FileKeyStore(path), () => new FileKeyStore(path));
  await t.step("is for its owner's eyes only", async () => {
    assertEquals((await Deno.stat(path)).mode! & 0o777, 0o600);
  });
  await t.step("says so when the file is broken, and leaves it as it is", async () => {
    for (const text of ["", "{}", '{"keys": [{"id": "a"}]}', '{"keys": [null]}']) {
      await Deno.writeTextFile(path, text);
      assertEquals((await assertRejects(() => new FileKeyStore(path).list(), ChatError)).code, "failed_precondition");
      await assertRejects(() => new FileKeyStore(path).add(storedKey()), ChatError);
      assertEquals(await Deno.readTextFile(path), text);
    }
    assertNotEquals(await new FileKeyStore(path).version(), "none");
  });
});
