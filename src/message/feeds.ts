/**
 * The live rooms of this process: makes a feed when somebody asks for a room, keeps it true to the database, and lets it go when nobody
 * listens. The database is the truth; local commits and wake-ups from the bus only make it quick, and a poll is the net under both.
 *
 * @module
 */
import type { Kysely } from "kysely";
import type { Bus, WakeUp } from "../bus/bus.ts";
import type { Message } from "../contracts/mod.ts";
import type { Schema } from "../database/schema.ts";
import type { Log } from "../observability/log.ts";
import { DEFAULT_FEED_LIMITS, type FeedLimits, type FeedReader, RoomFeed } from "./feed.ts";
import { readBounds, readEvents, readHeads, type ReadSize } from "./store_reads.ts";

/** How long a lost wake-up can delay delivery. */
const POLL_MS = 2_000;
/** What is read from the log at once. */
const READ_SIZE: ReadSize = { events: 500, bytes: 1024 * 1024 };

/** What {@link Feeds} needs and may be told. */
export interface FeedsOptions {
  readonly db: Kysely<Schema>;
  readonly bus: Bus;
  readonly log: Log;
  readonly limits?: FeedLimits;
  readonly pollMs?: number;
}

interface LiveRoom {
  readonly feed: RoomFeed;
  /** A read of the database that is under way. */
  pulling: Promise<void> | undefined;
  /** Was without readers at the last poll. */
  idle: boolean;
}

/** All feeds of a process. */
export class Feeds {
  readonly #db: Kysely<Schema>;
  readonly #log: Log;
  readonly #limits: FeedLimits;
  readonly #pollMs: number;
  readonly #rooms = new Map<string, LiveRoom>();
  readonly #opening = new Map<string, Promise<LiveRoom>>();
  readonly #unsubscribe: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #polling: Promise<void> | undefined;
  #closed = false;

  constructor(options: FeedsOptions) {
    this.#db = options.db;
    this.#log = options.log;
    this.#limits = options.limits ?? DEFAULT_FEED_LIMITS;
    this.#pollMs = options.pollMs ?? POLL_MS;
    this.#unsubscribe = options.bus.subscribe((wakeUp) => this.#onWakeUp(wakeUp));
  }

  /** What is followed right now: rooms, subscriptions, and what is kept in memory for them. */
  get load(): { readonly rooms: number; readonly readers: number; readonly events: number; readonly bytes: number } {
    const feeds = Array.from(this.#rooms.values(), ({ feed }) => feed);
    const sum = (of: (feed: RoomFeed) => number) => feeds.reduce((total, feed) => total + of(feed), 0);
    return { rooms: feeds.length, readers: sum((f) => f.readers.size), events: sum((f) => f.kept.events), bytes: sum((f) => f.kept.bytes) };
  }

  /** Takes events that were committed here; rooms that nobody listens to cost nothing. */
  publish(room: string, messages: readonly Message[]): void {
    const live = this.#rooms.get(room);
    if (live !== undefined && !live.feed.append(messages)) this.#pull(live);
  }

  /** Joins a room's feed, which tells the reader of everything that is committed from now on; call {@link noteHead} with a position read later. */
  async join(room: string, reader: FeedReader): Promise<RoomFeed> {
    const live = this.#rooms.get(room) ?? await this.#open(room);
    live.feed.readers.add(reader);
    live.idle = false;
    return live.feed;
  }

  /** Leaves a feed; idempotent. */
  leave(feed: RoomFeed, reader: FeedReader): void {
    feed.readers.delete(reader);
  }

  /** Tells a feed that its room has at least this position, as a subscriber has just read. */
  noteHead(feed: RoomFeed, seq: number): void {
    feed.noteHead(seq);
    const live = this.#rooms.get(feed.room);
    if (live !== undefined && feed.knownSeq > feed.newestSeq) this.#pull(live);
  }

  /** Stops reading; idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#unsubscribe();
    clearTimeout(this.#timer);
    await Promise.allSettled([this.#polling, ...this.#opening.values(), ...Array.from(this.#rooms.values(), (live) => live.pulling)]);
    this.#rooms.clear();
  }

  #open(room: string): Promise<LiveRoom> {
    const known = this.#opening.get(room);
    if (known !== undefined) return known;
    const opening = this.#openNow(room).finally(() => this.#opening.delete(room));
    this.#opening.set(room, opening);
    return opening;
  }

  async #openNow(room: string): Promise<LiveRoom> {
    const { headSeq } = await readBounds(this.#db, room);
    const live: LiveRoom = { feed: new RoomFeed(room, headSeq, this.#limits), pulling: undefined, idle: false };
    this.#rooms.set(room, live);
    this.#schedulePoll();
    return live;
  }

  #onWakeUp(wakeUp: WakeUp | undefined): void {
    if (wakeUp === undefined) return void this.#poll();
    const live = this.#rooms.get(wakeUp.room);
    if (live === undefined) return;
    live.feed.noteHead(wakeUp.seq);
    if (live.feed.knownSeq > live.feed.newestSeq) this.#pull(live);
  }

  /** Reads what the feed lacks; one read at a time a room. */
  #pull(live: LiveRoom): void {
    if (live.pulling === undefined && !this.#closed) live.pulling = this.#pullNow(live);
  }

  async #pullNow(live: LiveRoom): Promise<void> {
    const { feed } = live;
    try {
      while (feed.knownSeq > feed.newestSeq && !this.#closed) {
        const events = await readEvents(this.#db, feed.room, feed.newestSeq, READ_SIZE);
        if (events.length === 0) break;
        feed.append(events);
      }
    } catch (error) {
      this.#log.warn("Reading a room's new events failed; the next poll tries again", { room: feed.room, error });
    } finally {
      // In the same turn as the loop's last look, so that no wake-up falls between.
      live.pulling = undefined;
    }
  }

  #schedulePoll(): void {
    if (this.#timer !== undefined || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#poll();
    }, this.#pollMs);
  }

  #poll(): void {
    this.#polling ??= this.#pollNow()
      .catch((error) => this.#log.warn("Polling the rooms' positions failed; trying again", { error }))
      .finally(() => {
        this.#polling = undefined;
        if (this.#rooms.size > 0) this.#schedulePoll();
      });
  }

  async #pollNow(): Promise<void> {
    for (const [room, live] of this.#rooms) {
      if (live.feed.readers.size > 0) live.idle = false;
      else if (live.idle) this.#rooms.delete(room);
      else live.idle = true;
    }
    if (this.#rooms.size === 0) return;
    const heads = await readHeads(this.#db, [...this.#rooms.keys()]);
    for (const [room, headSeq] of heads) this.#onWakeUp({ room, seq: headSeq });
  }
}
