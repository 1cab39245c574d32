/**
 * Postings as they are stored: one row for a term and a block of neighbouring chunk numbers, five bytes an entry, in any order.
 * An entry is the chunk's place in its block (2 bytes), how often the term occurs in it (1) and the chunk's length in terms (2), so that a score
 * needs nothing else. Numbers are little-endian; larger counts are kept as the largest.
 *
 * @module
 */

/** Chunk numbers of a block: small enough that changing a frequent term writes at most 10 KB, large enough that 100,000 chunks are 49 rows. */
export const BLOCK_SIZE = 2_048;
/** Bytes of an entry. */
export const ENTRY_BYTES = 5;
const MAX_COUNT = 255;
const MAX_LENGTH = 65_535;

/** One occurrence of a term. */
export interface Posting {
  readonly chunkNo: number;
  readonly count: number;
  readonly length: number;
}

/** The block that a chunk number lies in. */
export function blockOf(chunkNo: number): number {
  return Math.floor(chunkNo / BLOCK_SIZE);
}

/** The entries as bytes; all must lie in one block. */
export function encodePostings(postings: readonly Posting[]): Uint8Array {
  const bytes = new Uint8Array(postings.length * ENTRY_BYTES);
  let at = 0;
  for (const { chunkNo, count, length } of postings) {
    const place = chunkNo % BLOCK_SIZE;
    const shownLength = Math.min(length, MAX_LENGTH);
    bytes[at++] = place & 255;
    bytes[at++] = place >> 8;
    bytes[at++] = Math.min(count, MAX_COUNT);
    bytes[at++] = shownLength & 255;
    bytes[at++] = shownLength >> 8;
  }
  return bytes;
}

/** Marks the places of the entries in a map of the block, one byte a place. */
export function markPlaces(bytes: Uint8Array, marks: Uint8Array): void {
  for (let at = 0; at + ENTRY_BYTES <= bytes.length; at += ENTRY_BYTES) marks[bytes[at]! | (bytes[at + 1]! << 8)] = 1;
}

/** The bytes without the entries of these chunks. */
export function withoutChunks(bytes: Uint8Array, chunkNos: ReadonlySet<number>): Uint8Array {
  const places = new Set(Array.from(chunkNos, (chunkNo) => chunkNo % BLOCK_SIZE));
  const kept = new Uint8Array(bytes.length);
  let length = 0;
  for (let at = 0; at + ENTRY_BYTES <= bytes.length; at += ENTRY_BYTES) {
    if (places.has(bytes[at]! | (bytes[at + 1]! << 8))) continue;
    kept.set(bytes.subarray(at, at + ENTRY_BYTES), length);
    length += ENTRY_BYTES;
  }
  return kept.subarray(0, length);
}
