import type { Kysely } from "kysely";
import type { Filter } from "../core/filter.ts";
import type { Schema } from "../database/schema.ts";
import type { ScoredChunk } from "./bm25.ts";
import { BLOCK_SIZE } from "./postings.ts";
import { type BlockRange, rangesOf } from "./posting_cache.ts";
import { type Collection, readAllowed, readPassing } from "./store_reads.ts";

/** Which chunks of a collection pass a search's filter; what is known is not asked again. */
export class Passing {
  readonly #db: Kysely<Schema>;
  readonly #collection: Collection;
  readonly #filter: Filter;
  readonly #verdicts = new Map<number, boolean>();
  /** All of a collection that fits one range; larger ones are read range by range, so that memory does not grow with them. */
  #all: Uint8Array | undefined;
  #askedForAll = false;

  constructor(db: Kysely<Schema>, { collection, filter }: { readonly collection: Collection; readonly filter: Filter }) {
    this.#db = db;
    this.#collection = collection;
    this.#filter = filter;
  }

  /** Whether looking at single chunks has been given up: the filter passes few. */
  get knowsAll(): boolean {
    return this.#askedForAll;
  }

  /** Those that pass, in their order. */
  async of(chunks: readonly ScoredChunk[]): Promise<ScoredChunk[]> {
    const unknown = chunks.map((chunk) => chunk.chunkNo).filter((chunkNo) => !this.#verdicts.has(chunkNo));
    if (unknown.length > 0) {
      for (const chunkNo of unknown) this.#verdicts.set(chunkNo, false);
      for (const chunkNo of await readPassing(this.#db, this.#collection.id, { chunkNos: unknown, filter: this.#filter })) {
        this.#verdicts.set(chunkNo, true);
      }
    }
    return chunks.filter((chunk) => this.#verdicts.get(chunk.chunkNo) === true);
  }

  /** A 1 at the place of each chunk of the range that passes. */
  async inRange(range: BlockRange): Promise<Uint8Array> {
    this.#askedForAll = true;
    if (this.#all !== undefined) return this.#all;
    const marks = new Uint8Array((range.to - range.from + 1) * BLOCK_SIZE);
    for (const chunkNo of await readAllowed(this.#db, this.#collection.id, this.#filter, range)) {
      marks[chunkNo - range.from * BLOCK_SIZE] = 1;
    }
    if ([...rangesOf(this.#collection)].length === 1) this.#all = marks;
    return marks;
  }
}
