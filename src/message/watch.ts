/**
 * One subscription: joins the room's feed first, then reads what is missing from the database, then follows the feed. Ordered, without gap
 * or repeat, because positions are dense and each step begins right after the last position looked through.
 *
 * @module
 */
import type { Kysely } from "kysely";
import type { MessageBatch, MessageStream } from "../contracts/mod.ts";
import { abortError, ChatError } from "../core/errors.ts";
import { toChatError } from "../database/errors.ts";
import type { Schema } from "../database/schema.ts";
import { type EventFilter, type FeedNode, type FeedReader, filterEvents, type RoomFeed } from "./feed.ts";
import type { Feeds } from "./feeds.ts";
import { readBounds, readEvents, type ReadSize, type RoomBounds } from "./store_reads.ts";
import type { ValidSubscription } from "./validate.ts";

/**
 * How much of what a reader has missed is read for it at once: at first little, and more each time it comes back for more. A reader that never
 * reads costs little memory then, and one that does is soon served in large parts.
 */
const CATCH_UP: readonly [ReadSize, ...ReadSize[]] = [
  { events: 32, bytes: 16 * 1024 },
  { events: 128, bytes: 32 * 1024 },
  { events: 500, bytes: 64 * 1024 },
];

/** What a watch works with. */
export interface WatchOptions {
  readonly db: Kysely<Schema>;
  readonly feeds: Feeds;
  readonly signal: AbortSignal;
  /** Told when the subscription is over, or was never opened. */
  readonly onClose?: () => void;
}

/** Opens a subscription; resolves once its position is fixed. */
export async function openWatch(subscription: ValidSubscription, options: WatchOptions): Promise<MessageStream> {
  if (options.signal.aborted) throw abortError(options.signal);
  const watch = new Watch(subscription, options);
  try {
    await watch.open();
    return watch;
  } catch (error) {
    watch.close();
    throw error;
  }
}

class Watch implements MessageStream, FeedReader {
  node: FeedNode | undefined;
  startSeq = 0;
  position = 0;
  readonly #room: string;
  readonly #afterSeq: number | undefined;
  readonly #filter: EventFilter;
  readonly #db: Kysely<Schema>;
  readonly #feeds: Feeds;
  readonly #callerSignal: AbortSignal;
  readonly #onClose: (() => void) | undefined;
  readonly #stalled = new AbortController();
  readonly #onAbort = () => this.#reading ? this.#resume?.() : this.close();
  #feed: RoomFeed | undefined;
  #resume: (() => void) | undefined;
  #reading = false;
  /** Parts of what it had missed that have been read so far. */
  #parts = 0;

  constructor(subscription: ValidSubscription, options: WatchOptions) {
    this.#room = subscription.room;
    this.#afterSeq = subscription.afterSeq;
    this.#filter = subscription;
    this.#db = options.db;
    this.#feeds = options.feeds;
    this.#callerSignal = options.signal;
    this.#onClose = options.onClose;
  }

  get failed(): AbortSignal {
    return this.#stalled.signal;
  }

  async open(): Promise<void> {
    this.#callerSignal.addEventListener("abort", this.#onAbort, { once: true });
    this.#feed = await this.#feeds.join(this.#room, this);
    const bounds = await readBounds(this.#db, this.#room);
    this.startSeq = this.position = startingPoint(this.#room, this.#afterSeq, bounds);
    this.#feeds.noteHead(this.#feed, bounds.headSeq);
  }

  close(): void {
    this.#callerSignal.removeEventListener("abort", this.#onAbort);
    if (this.#feed !== undefined) this.#feeds.leave(this.#feed, this);
    this.#onClose?.();
    this.node = undefined;
  }

  wake(): void {
    if (this.node?.dropped === true) this.#stalled.abort(fellBehind(this.#room, this.position));
    this.#resume?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<MessageBatch, void, void> {
    this.#reading = true;
    try {
      for (;;) {
        this.#checkAborted();
        const batch = this.node === undefined ? await this.#fromDatabase() : this.#fromFeed(this.node);
        if (batch === undefined) await this.#wakened();
        else if (batch.length > 0) yield batch;
      }
    } catch (error) {
      throw toChatError(error);
    } finally {
      this.close();
    }
  }

  /** The next part of what the feed's chain has let go; nothing, and a place in the chain, once the chain goes on from the position. */
  async #fromDatabase(): Promise<MessageBatch> {
    this.node = this.#feed?.nodeAt(this.position);
    if (this.node !== undefined) return [];
    const size = CATCH_UP[Math.min(this.#parts++, CATCH_UP.length - 1)] ?? CATCH_UP[0];
    const events = await readEvents(this.#db, this.#room, this.position, size);
    this.position = events.at(-1)?.seq ?? this.position;
    return filterEvents(events, this.#filter);
  }

  /** What the next run of the chain holds for this subscription; undefined at the live end. */
  #fromFeed(node: FeedNode): MessageBatch | undefined {
    if (node.next === undefined) return undefined;
    const batch = node.next.select(this.#filter, this.position);
    this.position = Math.max(this.position, node.next.toSeq);
    this.node = node.next;
    return batch;
  }

  #wakened(): Promise<void> {
    return new Promise((resolve) => {
      this.#resume = () => {
        this.#resume = undefined;
        resolve();
      };
    });
  }

  /** At shutdown the caller is told where to resume. */
  #checkAborted(): void {
    if (this.#stalled.signal.aborted) throw abortError(this.#stalled.signal);
    if (!this.#callerSignal.aborted) return;
    const error = abortError(this.#callerSignal);
    throw error.code === "unavailable"
      ? new ChatError("unavailable", `${error.message}; resume after position ${this.position}`, {
        resumeSeq: this.position,
        retryAfterMs: 0,
      })
      : error;
  }
}

function startingPoint(room: string, afterSeq: number | undefined, bounds: RoomBounds): number {
  if (afterSeq === undefined) return bounds.headSeq;
  if (afterSeq > bounds.headSeq) {
    throw new ChatError("out_of_range", `Room "${room}" ends at position ${bounds.headSeq}, got after_seq ${afterSeq}`, {
      field: "after_seq",
    });
  }
  if (afterSeq < bounds.keptAfterSeq) {
    const text = `Room "${room}" is kept from position ${bounds.keptAfterSeq} on, got after_seq ${afterSeq}`;
    throw new ChatError("out_of_range", text, { field: "after_seq" });
  }
  return afterSeq;
}

function fellBehind(room: string, position: number): ChatError {
  const text = `The reader fell behind the room "${room}" further than is kept for it; resume after position ${position}`;
  return new ChatError("resource_exhausted", text, { resumeSeq: position, retryAfterMs: 0 });
}
