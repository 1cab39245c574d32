/**
 * Runs the folds (counts and search words) in the background: soon after a room has grown, a small share of the time, one room after the
 * other. Nothing depends on it but speed: readers make up for what is not folded yet.
 *
 * @module
 */
import type { Kysely } from "kysely";
import type { Schema } from "../database/schema.ts";
import type { Log } from "../observability/log.ts";
import { foldCounts } from "./counts.ts";
import { foldWords } from "./search_index.ts";

/** Between two rounds: some thousand messages of a busy room are counted in one statement. */
const ROUND_MS = 250;

/** The background worker of one process. */
export class Folds {
  readonly #db: Kysely<Schema>;
  readonly #log: Log;
  readonly #grown = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #round: Promise<void> | undefined;
  #closed = false;

  constructor(db: Kysely<Schema>, log: Log) {
    this.#db = db;
    this.#log = log;
  }

  /** Notes that a room has grown. */
  touch(room: string): void {
    this.#grown.add(room);
    this.#schedule();
  }

  /** Folds a room's words up to its newest position, so that a search which begins now misses nothing. */
  async catchUpWords(room: string, signal: AbortSignal): Promise<void> {
    while (await foldWords(this.#db, room)) signal.throwIfAborted();
  }

  /** Waits for the round under way; idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#round;
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#round !== undefined || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#round = this.#run().finally(() => {
        this.#round = undefined;
        if (this.#grown.size > 0) this.#schedule();
      });
    }, ROUND_MS);
  }

  async #run(): Promise<void> {
    const rooms = [...this.#grown];
    this.#grown.clear();
    for (const room of rooms) {
      if (this.#closed) return;
      try {
        const more = [await foldCounts(this.#db, room), await foldWords(this.#db, room)];
        if (more.includes(true)) this.#grown.add(room);
      } catch (error) {
        this.#log.warn("Folding a room's log failed; its next message tries again", { room, error });
      }
    }
  }
}
