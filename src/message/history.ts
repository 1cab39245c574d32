/**
 * Where pages of history are read: from a read replica when there is one that has come far enough, else from the database that is written to.
 *
 * @module
 */
import type { Bus } from "../bus/bus.ts";
import type { Database } from "../database/database.ts";
import type { Log } from "../observability/log.ts";
import { readPage, type StoredPage } from "./store_page.ts";
import type { ValidPage } from "./validate.ts";

/** What it works with. */
export interface HistoryOptions {
  readonly database: Database;
  readonly bus: Bus;
  readonly log: Log;
}

/** Rooms whose newest known position is remembered; those written to longest ago are forgotten first, and a replica has caught up with them. */
const MAX_ROOMS = 50_000;

/** The reader of pages. A page is never older than what this process has committed or heard of, nor than the position that its request names. */
export class History {
  readonly #database: Database;
  readonly #log: Log;
  readonly #known = new Map<string, number>();
  readonly #unsubscribe: () => void;

  constructor({ database, bus, log }: HistoryOptions) {
    this.#database = database;
    this.#log = log;
    this.#unsubscribe = bus.subscribe((wakeUp) => wakeUp !== undefined && this.noteHead(wakeUp.room, wakeUp.seq));
  }

  /** The room's log is known to have grown to this position. Costs nothing without a read replica. */
  noteHead(room: string, seq: number): void {
    if (this.#database.replica === undefined) return;
    const newest = Math.max(seq, this.#known.get(room) ?? 0);
    this.#known.delete(room); // so that it goes to the end of the order
    this.#known.set(room, newest);
    if (this.#known.size > MAX_ROOMS) { for (const oldest of this.#known.keys()) return void this.#known.delete(oldest); }
  }

  /** Reads a page as `readPage` does. */
  async readPage(page: ValidPage, maxBytes: number): Promise<StoredPage> {
    return await this.#fromReplica(page, maxBytes) ?? await readPage(this.#database.kysely, page, maxBytes);
  }

  /** Hears no more wake-ups. */
  close(): void {
    this.#unsubscribe();
  }

  /** Undefined when the replica is behind what the page must show, or away. */
  async #fromReplica(page: ValidPage, maxBytes: number): Promise<StoredPage | undefined> {
    const replica = this.#database.replica?.();
    if (replica === undefined) return undefined;
    const needed = Math.max(this.#known.get(page.room) ?? 0, page.afterSeq ?? 0, (page.beforeSeq ?? 1) - 1);
    try {
      const stored = await readPage(replica, page, maxBytes);
      // The words of what it has may not have come yet.
      const unsearched = page.search !== undefined && stored.searchedSeq < stored.headSeq;
      return stored.headSeq >= needed && !unsearched ? stored : undefined;
    } catch (error) {
      this.#log.warn("Reading history from the read replica failed; reading it from the primary", { error });
      return undefined;
    }
  }
}
