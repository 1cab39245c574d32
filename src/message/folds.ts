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

/** A room that grows faster than this in a round keeps its words for later: a search catches up by itself, and a writer should not pay for it. */
const BUSY_EVENTS = 500;

/** Steps of about 10 ms in a round for a room that is quiet. */
const QUIET_STEPS = 4;

/** The background worker of one process. */
export class Folds {
  readonly #db: Kysely<Schema>;
  readonly #log: Log;
  /** By how many events each room has grown since the last round. */
  #grown = new Map<string, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #round: Promise<void> | undefined;
  #closed = false;

  constructor(db: Kysely<Schema>, log: Log) {
    this.#db = db;
    this.#log = log;
  }

  /** Notes that a room has grown by some events, or needs a look (0). */
  touch(room: string, events: number): void {
    this.#grown.set(room, (this.#grown.get(room) ?? 0) + events);
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

  /** A few steps, so that a room that has been busy is done soon after and others still get their turn. */
  async #foldWords(room: string): Promise<boolean> {
    for (let step = 0; step < QUIET_STEPS; step++) if (!await foldWords(this.#db, room)) return false;
    return true;
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
    const rooms = this.#grown;
    this.#grown = new Map();
    for (const [room, events] of rooms) {
      if (this.#closed) return;
      try {
        const busy = events > BUSY_EVENTS;
        const more = [await foldCounts(this.#db, room), busy || await this.#foldWords(room)];
        if (more.includes(true)) this.touch(room, 0);
      } catch (error) {
        this.#log.warn("Folding a room's log failed; its next message tries again", { room, error });
      }
    }
  }
}
