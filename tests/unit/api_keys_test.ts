import { assert, assertEquals, assertMatch, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { ChatError } from "../../src/core/errors.ts";
import type { Caller } from "../../src/core/caller.ts";
import { hashKey, isKeyOf, isWhole, makeKey, readKey } from "../../src/auth/keys/format.ts";
import type { KeyStore, StoredKey } from "../../src/auth/keys/store.ts";
import { keyVerifier } from "../../src/auth/keys/verifier.ts";
import { testLog } from "../support/log.ts";

/** Keys in memory, whose reading a test can make fail. */
class MemoryStore implements KeyStore {
  keys: StoredKey[] = [];
  fails = false;
  reads = 0;
  #version = 0;

  version(): Promise<string> {
    this.reads++;
    return this.fails ? Promise.reject(new Error("The disk is gone")) : Promise.resolve(String(this.#version));
  }

  list(): Promise<readonly StoredKey[]> {
    return Promise.resolve([...this.keys]);
  }

  add(key: StoredKey): Promise<void> {
    this.#version++;
    this.keys.push(key);
    return Promise.resolve();
  }

  revoke(id: string, revokedAtMs: number): Promise<boolean> {
    this.#version++;
    this.keys = this.keys.map((key) => key.id === id ? { ...key, revokedAtMs } : key);
    return Promise.resolve(true);
  }

  make(more: Partial<StoredKey> = {}): string {
    const key = makeKey();
    void this.add({ id: key.id, hash: hashKey(key), label: "", username: "ann", scopes: ["messages:read"], createdAtMs: 0, ...more });
    return key.text;
  }
}

async function refusal(work: () => Caller | Promise<Caller>): Promise<readonly [string, string]> {
  const { code, message } = await assertRejects(async () => await work(), ChatError);
  return [code, message];
}

Deno.test("makeKey makes keys that look like keys, check themselves, and differ", () => {
  const keys = Array.from({ length: 200 }, makeKey);
  assertEquals(new Set(keys.map(({ text }) => text)).size, 200);
  for (const key of keys) {
    assertMatch(key.text, /^chat_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}$/);
    assertEquals(readKey(key.text), key);
    assert(isWhole(key));
    assert(isKeyOf(key, hashKey(key)));
    assert(!isKeyOf(key, hashKey(makeKey())));
  }
});

Deno.test("isWhole finds a character that was mistyped, wherever it stands", () => {
  const { id, text } = makeKey();
  for (let at = 0; at < text.length; at++) {
    const other = text.slice(0, at) + (text[at] === "x" ? "y" : "x") + text.slice(at + 1);
    assertEquals(isWhole({ id, text: other }), false, other);
  }
});

Deno.test("readKey takes nothing for a key that is none", () => {
  for (
    const text of ["", "chat_", "Bearer x", makeKey().text + "a", makeKey().text.slice(1), makeKey().text.replace("_", "-"), "chat_\u0000"]
  ) {
    assertEquals(readKey(text), undefined);
  }
});

Deno.test("isKeyOf takes no broken hash for one", () => {
  for (const hash of ["", "00", "zz".repeat(32)]) assertEquals(isKeyOf(makeKey(), hash), false);
});

Deno.test("keyVerifier knows whose key it is, at once", async () => {
  const store = new MemoryStore();
  const text = store.make({ scopes: ["messages:read", "ai:use"], rooms: ["a"], expiresAtMs: Date.now() + 60_000 });
  const verifier = await keyVerifier(store, { log: testLog() });
  const caller = verifier.verify(text) as Caller;
  assertEquals([caller.kind, caller.name, [...caller.scopes], [...caller.rooms ?? []]], ["api_key", "ann", ["messages:read", "ai:use"], [
    "a",
  ]]);
  assertEquals(caller.id, `key:${text.slice(5, 17)}`);
  assertEquals(verifier.ended(caller), undefined);
  await verifier.close();
});

Deno.test("keyVerifier refuses wrong, mistyped, revoked and expired keys, and tells nothing secret", async () => {
  const store = new MemoryStore();
  const [good, revoked, expired] = [store.make(), store.make({ revokedAtMs: 1 }), store.make({ expiresAtMs: Date.now() - 1 })];
  const verifier = await keyVerifier(store, { log: testLog() });
  const other = makeKey().text;
  const wrongSecret = good.slice(0, 18) + other.slice(18);
  const unknown = ["unauthenticated", "The API key is not known here"] as const;
  assertEquals(await refusal(() => verifier.verify(wrongSecret)), unknown);
  assertEquals(await refusal(() => verifier.verify(other)), unknown);
  assertMatch((await refusal(() => verifier.verify(other.slice(0, -1) + (other.endsWith("0") ? "1" : "0"))))[1], /mistyped/);
  assertMatch((await refusal(() => verifier.verify(revoked)))[1], /was revoked$/);
  assertMatch((await refusal(() => verifier.verify(expired)))[1], /has expired$/);
  for (const text of [wrongSecret, other, revoked]) assert(!(await refusal(() => verifier.verify(text)))[1].includes(text.slice(18)));
  await verifier.close();
});

Deno.test("keyVerifier learns of a key that was made just now, and of one that was revoked", async () => {
  const store = new MemoryStore();
  const verifier = await keyVerifier(store, { log: testLog(), pollMs: 20 });
  const text = store.make();
  await new Promise((resolve) => setTimeout(resolve, 300));
  const caller = await verifier.verify(text);
  assertEquals(verifier.ended(caller), undefined);
  await store.revoke(text.slice(5, 17), Date.now());
  while (verifier.ended(caller) === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
  assertEquals(verifier.ended(caller)?.code, "unauthenticated");
  assertThrows(() => verifier.verify(text), ChatError);
  await verifier.close();
});

Deno.test("keyVerifier asks the store once, however many unknown keys come", async () => {
  const store = new MemoryStore();
  const verifier = await keyVerifier(store, { log: testLog(), pollMs: 60_000 });
  const before = store.reads;
  await Promise.all(Array.from({ length: 500 }, () => refusal(() => verifier.verify(makeKey().text))));
  assert(store.reads - before <= 3, `asked ${store.reads - before} times`);
  await verifier.close();
});

Deno.test("keyVerifier goes on with the keys it knows while the store cannot be read, and says of others that it cannot tell", async () => {
  const store = new MemoryStore();
  const known = store.make();
  const verifier = await keyVerifier(store, { log: testLog(), pollMs: 20 });
  store.fails = true;
  await new Promise((resolve) => setTimeout(resolve, 300));
  assertEquals((await verifier.verify(known)).name, "ann");
  assertEquals((await refusal(() => verifier.verify(makeKey().text)))[0], "unavailable");
  store.fails = false;
  await new Promise((resolve) => setTimeout(resolve, 300));
  assertEquals((await refusal(() => verifier.verify(makeKey().text)))[0], "unauthenticated");
  await verifier.close();
});

Deno.test("keyVerifier does not start over a store that cannot be read", async () => {
  const store = new MemoryStore();
  store.fails = true;
  assertNotEquals(await keyVerifier(store, { log: testLog() }).catch((error) => error.message), undefined);
});
