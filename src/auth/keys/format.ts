/**
 * How an API key is written: `chat_`, 12 characters that name it, `_`, 43 that are its secret (256 random bits), and 6 that check the rest. The
 * prefix lets scanners of repositories find a key that was published; the check tells a mistyped key from a wrong one without looking anything up.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash, timingSafeEqual } from "node:crypto";

/** A key as its holder has it, taken apart. */
export interface KeyText {
  /** Names the key; no secret. */
  readonly id: string;
  readonly text: string;
}

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ID_LENGTH = 12, SECRET_LENGTH = 43, CHECK_LENGTH = 6;
const PATTERN = new RegExp(`^chat_([0-9A-Za-z]{${ID_LENGTH}})_[0-9A-Za-z]{${SECRET_LENGTH + CHECK_LENGTH}}$`);

/** A fresh key. */
export function makeKey(): KeyText {
  const id = base62(crypto.getRandomValues(new Uint8Array(8)), ID_LENGTH);
  const body = `chat_${id}_${base62(crypto.getRandomValues(new Uint8Array(32)), SECRET_LENGTH)}`;
  return { id, text: body + check(body) };
}

/** What a text is that looks like a key; undefined when it does not. The check is left to {@link isWhole}, because a known key needs none. */
export function readKey(text: string): KeyText | undefined {
  const id = PATTERN.exec(text)?.[1];
  return id === undefined ? undefined : { id, text };
}

/** Whether the key's last characters check the rest: false for a key that was mistyped or made up. */
export function isWhole({ text }: KeyText): boolean {
  return text.slice(-CHECK_LENGTH) === check(text.slice(0, -CHECK_LENGTH));
}

/** What is stored of a key: SHA-256 in hexadecimal. Enough without salt and slow hashing, because a secret of 256 random bits cannot be guessed. */
export function hashKey({ text }: KeyText): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Whether this is the key with that hash; takes as long whichever character differs. */
export function isKeyOf(key: KeyText, hash: string): boolean {
  // Not Web Crypto, whose digest is a promise: this stands in the way of every call.
  const [found, stored] = [createHash("sha256").update(key.text).digest(), Buffer.from(hash, "hex")];
  return stored.length === found.length && timingSafeEqual(found, stored);
}

function check(body: string): string {
  return base62(createHash("sha256").update(`check of ${body}`).digest().subarray(0, 4), CHECK_LENGTH);
}

function base62(bytes: Uint8Array, length: number): string {
  let value = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  let text = "";
  while (text.length < length) {
    text = ALPHABET[Number(value % 62n)] + text;
    value /= 62n;
  }
  return text;
}
