import type { Kysely } from "kysely";
import type { Schema } from "../database/schema.ts";
import { type Collection, readPostings, type TermBlocks } from "./store_reads.ts";

/** Blocks that are kept and read together: 65,536 chunks, so that what a search holds does not grow with the collection. */
export const RANGE_BLOCKS = 32;
/** Of all collections together: enough for the frequent words, which are the long rows, of a few hundred thousand chunks. */
const MAX_BYTES = 48 * 1024 * 1024;
/** What an entry takes beside its data, about. */
const ENTRY_OVERHEAD_BYTES = 300;
const BLOCK_OVERHEAD_BYTES = 100;

/** Neighbouring blocks of one range, the last one included. */
export interface BlockRange {
  readonly from: number;
  readonly to: number;
}

/** A term's postings in one range, by the block's place in it; `versions` tells of which version of the collection, -1 where nothing is known. */
interface Entry {
  readonly versions: number[];
  readonly data: (Uint8Array | undefined)[];
  bytes: number;
}

/** The ranges of a collection, the last one cut at its end. */
export function* rangesOf({ blocks }: Pick<Collection, "blocks">): Generator<BlockRange> {
  for (let from = 0; from < blocks; from += RANGE_BLOCKS) yield { from, to: Math.min(blocks, from + RANGE_BLOCKS) - 1 };
}

/**
 * Postings that have been read, those used last, up to a fixed number of bytes. What is kept of a block is used only while the block's version says
 * that nothing has changed; the version is read by each search, and with the postings by the same statement, so a search never sees less than what was
 * committed before it began, on whichever replica that was.
 */
export class PostingCache {
  readonly #maxBytes: number;
  /** Those used last come last. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(maxBytes: number = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** What is kept, as counted. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The postings of the terms in blocks of one range, by the block's distance from `range.from`; terms that do not occur there are left out. */
  async read(
    db: Kysely<Schema>,
    collection: Collection,
    { terms, range }: { readonly terms: readonly string[]; readonly range: BlockRange },
  ): Promise<ReadonlyMap<string, readonly (Uint8Array | undefined)[]>> {
    const origin = range.from - range.from % RANGE_BLOCKS;
    const entries = new Map(terms.map((term) => [term, this.#entries.get(keyOf(collection.id, origin, term)) ?? newEntry()]));
    const missing = Array.from(entries, ([term, entry]) => missingBlocks(term, entry, { collection, range, origin })).filter((one) =>
      one !== undefined
    );
    if (missing.length > 0) {
      const { rows, versions } = await readPostings(db, collection.id, missing);
      for (const { term, from, to } of missing) {
        const entry = entries.get(term)!;
        for (let block = from; block <= to; block++) {
          entry.versions[block - origin] = versions.get(block) ?? 0;
          entry.data[block - origin] = rows.get(term)?.get(block);
        }
      }
    }
    for (const [term, entry] of entries) this.#keep(keyOf(collection.id, origin, term), entry);
    this.#shrink();
    return new Map(Array.from(entries, ([term, { data }]) => [term, data.slice(range.from - origin, range.to - origin + 1)]));
  }

  #keep(key: string, entry: Entry): void {
    const old = this.#entries.get(key);
    if (old !== undefined) this.#bytes -= old.bytes;
    this.#entries.delete(key);
    entry.bytes = ENTRY_OVERHEAD_BYTES + key.length + entry.data.reduce((sum, data) => sum + BLOCK_OVERHEAD_BYTES + (data?.length ?? 0), 0);
    this.#entries.set(key, entry);
    this.#bytes += entry.bytes;
  }

  #shrink(): void {
    for (const [key, { bytes }] of this.#entries) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#entries.delete(key);
      this.#bytes -= bytes;
    }
  }
}

function keyOf(collectionId: number, origin: number, term: string): string {
  return `${collectionId} ${origin} ${term}`;
}

function newEntry(): Entry {
  return { versions: [], data: [], bytes: 0 };
}

/** From the first to the last block of the range of which the entry holds nothing, or something old. */
function missingBlocks(
  term: string,
  { versions }: Entry,
  { collection, range, origin }: { readonly collection: Collection; readonly range: BlockRange; readonly origin: number },
): TermBlocks | undefined {
  const isMissing = (block: number) => (versions[block - origin] ?? -1) < (collection.versions.get(block) ?? 0);
  let { from, to } = range;
  while (from <= to && !isMissing(from)) from++;
  while (to > from && !isMissing(to)) to--;
  return from > to ? undefined : { term, from, to };
}
