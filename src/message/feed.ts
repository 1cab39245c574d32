/**
 * The live end of one room's log, shared by all its subscribers: a chain of batches, newest last. A subscriber holds its place in the chain,
 * so it costs no queue of its own; how far it may fall behind is bounded by what the chain keeps.
 *
 * @module
 */
import type { Message, MessageBatch } from "../contracts/mod.ts";
import { messageBytes } from "./row.ts";

/** What the chain keeps for subscribers that are behind; further back they are ended. */
export interface FeedLimits {
  readonly events: number;
  readonly bytes: number;
}

/** Some seconds of a busy room, and a bounded memory a room. */
export const DEFAULT_FEED_LIMITS: FeedLimits = { events: 8_192, bytes: 4 * 1024 * 1024 };

/** Which events a subscription asks for. */
export interface EventFilter {
  /** Undefined: everybody's. */
  readonly username: string | undefined;
  readonly includeChanges: boolean;
}

/** A run of events right after one position. Made once, read by all. */
export class FeedNode {
  /** The next run; undefined at the live end and in a node that the chain has let go. */
  next: FeedNode | undefined;
  /** The chain no longer goes on from here: whoever stands here has fallen behind. */
  dropped = false;
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly bytes: number;
  #messages: MessageBatch;
  readonly #filtered = new Map<string, MessageBatch>();

  constructor(fromSeq: number, messages: MessageBatch) {
    this.fromSeq = fromSeq;
    this.toSeq = messages.at(-1)?.seq ?? fromSeq;
    this.#messages = messages;
    this.bytes = messages.reduce((sum, message) => sum + messageBytes(message), 0);
  }

  /** The events after a position that a filter lets through. The same array for the same arguments, unless the position is within the run. */
  select(filter: EventFilter, afterSeq: number): MessageBatch {
    if (afterSeq > this.fromSeq) return filterEvents(this.#messages.filter((message) => message.seq > afterSeq), filter);
    if (filter.username === undefined && filter.includeChanges) return this.#messages;
    const key = `${filter.includeChanges ? "changes" : "creations"} ${filter.username ?? ""}`;
    const known = this.#filtered.get(key);
    if (known !== undefined) return known;
    const selected = filterEvents(this.#messages, filter);
    this.#filtered.set(key, selected);
    return selected;
  }

  /** Takes the content out of a message that has been deleted since, as reading it from the database would. */
  redact(id: number): void {
    if (!this.#messages.some((message) => message.id === id && !message.deleted)) return;
    this.#messages = this.#messages.map((message) => message.id === id ? emptied(message) : message);
    this.#filtered.clear();
  }
}

/** A message as it is told of once it is deleted. */
function emptied({ decisions: _, ...message }: Message): Message {
  return { ...message, content: "", metadata: {}, deleted: true };
}

/** The events that a filter lets through; the argument itself when that is all of them. A creation of what is now deleted counts as a change. */
export function filterEvents(messages: MessageBatch, filter: EventFilter): MessageBatch {
  const wanted = (message: Message) =>
    (filter.username === undefined || message.username === filter.username) &&
    (filter.includeChanges || (message.eventType === "created" && !message.deleted));
  return messages.every(wanted) ? messages : messages.filter(wanted);
}

/** Somebody who follows a feed. */
export interface FeedReader {
  /** Where the reader stands in the chain; undefined while it still reads from the database. */
  readonly node: FeedNode | undefined;
  /** There is something to look at: new events, or the end of the reader's place. Called often, so it must be cheap. */
  wake(): void;
}

/** The chain of one room. */
export class RoomFeed {
  readonly room: string;
  readonly readers = new Set<FeedReader>();
  readonly #limits: FeedLimits;
  #oldest: FeedNode;
  #newest: FeedNode;
  #events = 0;
  #bytes = 0;
  #knownSeq: number;

  /** Begins at a position, with nothing before it. */
  constructor(room: string, headSeq: number, limits: FeedLimits) {
    this.room = room;
    this.#limits = limits;
    this.#oldest = this.#newest = new FeedNode(headSeq, []);
    this.#knownSeq = headSeq;
  }

  /** What the chain holds. */
  get kept(): { readonly events: number; readonly bytes: number } {
    return { events: this.#events, bytes: this.#bytes };
  }

  /** The last event that the chain holds. */
  get newestSeq(): number {
    return this.#newest.toSeq;
  }

  /** Events up to here are known to exist. Where it is beyond `newestSeq`, some must be read from the database. */
  get knownSeq(): number {
    return this.#knownSeq;
  }

  /** Notes that the log has grown, without having its events. */
  noteHead(seq: number): void {
    if (seq > this.#knownSeq) this.#knownSeq = seq;
  }

  /**
   * Adds a run of events, dense and in order. What the chain has already is skipped; a run that does not follow on is only noted
   * (it must be read from the database), and false comes back.
   */
  append(messages: readonly Message[]): boolean {
    const last = messages.at(-1);
    if (last === undefined) return true;
    this.noteHead(last.seq);
    const fresh = messages[0]?.seq === this.newestSeq + 1 ? messages : messages.filter((message) => message.seq > this.newestSeq);
    if (fresh.length === 0) return true;
    if (fresh[0]?.seq !== this.newestSeq + 1) return false;
    for (const message of fresh) if (message.eventType === "deleted") this.#redact(message.id);
    const node = new FeedNode(this.newestSeq, fresh);
    this.#newest.next = node;
    this.#newest = node;
    this.#events += fresh.length;
    this.#bytes += node.bytes;
    this.#trim();
    for (const reader of this.readers) reader.wake();
    return true;
  }

  /** The node after which the given position's followers begin: its `next` holds `seq + 1`. Undefined when the chain has let that go. */
  nodeAt(seq: number): FeedNode | undefined {
    if (seq < this.#oldest.toSeq) return undefined;
    let node = this.#oldest;
    while (node.next !== undefined && node.next.toSeq <= seq) node = node.next;
    return node;
  }

  #redact(id: number): void {
    for (let node: FeedNode | undefined = this.#oldest; node !== undefined; node = node.next) if (node.toSeq >= id) node.redact(id);
  }

  /** Lets the oldest runs go. The link is cut, so that one reader who never comes back cannot hold the chain in memory. */
  #trim(): void {
    while ((this.#events > this.#limits.events || this.#bytes > this.#limits.bytes) && this.#oldest.next !== undefined) {
      const dropped = this.#oldest;
      const next = this.#oldest.next;
      // The newest run stays reachable for readers who are waiting for it, however large it is.
      if (next === this.#newest) return;
      dropped.dropped = true;
      dropped.next = undefined;
      this.#oldest = next;
      this.#events -= next.toSeq - next.fromSeq;
      this.#bytes -= next.bytes;
    }
  }
}
