/**
 * HalfSipHash-2-4 with 64 bits of output (https://github.com/veorq/SipHash): a hash for tables whose keys strangers choose. Who does not know the
 * key cannot find texts that fall together.
 *
 * @module
 */

/** 64 secret bits as two whole numbers of 32 bits. */
export type HashKey = readonly [number, number];

/** A fresh key. */
export function makeHashKey(): HashKey {
  const [low = 0, high = 0] = crypto.getRandomValues(new Uint32Array(2));
  return [low, high];
}

/** The hash of a text's UTF-16 code units, low byte first, as two whole numbers of 32 bits. */
export function keyedHash(text: string, [low, high]: HashKey): readonly [number, number] {
  const state = Int32Array.of(low, high ^ 0xee, 0x6c796765 ^ low, 0x74656462 ^ high);
  const whole = text.length - text.length % 2;
  for (let at = 0; at < whole; at += 2) absorb(state, text.charCodeAt(at) | text.charCodeAt(at + 1) << 16);
  absorb(state, (whole < text.length ? text.charCodeAt(whole) : 0) | text.length * 2 << 24);
  return [squeeze(state, 2, 0xee), squeeze(state, 1, 0xdd)];
}

function absorb(state: Int32Array, word: number): void {
  state[3]! ^= word;
  rounds(state, 2);
  state[0]! ^= word;
}

function squeeze(state: Int32Array, lane: 1 | 2, mark: number): number {
  state[lane]! ^= mark;
  rounds(state, 4);
  return (state[1]! ^ state[3]!) >>> 0;
}

function rounds(state: Int32Array, count: number): void {
  let [v0, v1, v2, v3] = state as unknown as readonly [number, number, number, number];
  for (let round = 0; round < count; round++) {
    v0 = v0 + v1 | 0;
    v1 = rotated(v1, 5) ^ v0;
    v0 = rotated(v0, 16);
    v2 = v2 + v3 | 0;
    v3 = rotated(v3, 8) ^ v2;
    v0 = v0 + v3 | 0;
    v3 = rotated(v3, 7) ^ v0;
    v2 = v2 + v1 | 0;
    v1 = rotated(v1, 13) ^ v2;
    v2 = rotated(v2, 16);
  }
  state[0] = v0;
  state[1] = v1;
  state[2] = v2;
  state[3] = v3;
}

function rotated(word: number, bits: number): number {
  return word << bits | word >>> 32 - bits;
}
