import { ask } from "./api.ts";
import type { Message, MessagePage } from "./types.ts";

const PAGE = 50;
/** More would make the page slow; the rest is read again when somebody scrolls there. */
const MOST_SHOWN = 300;
/** Changes that may be newer than a page of history that is under way. */
const REMEMBERED_CHANGES = 500;

/** A stretch of a room's messages without gaps, oldest first, which moves over the room's history and holds a bounded number. */
export class RoomLog {
  readonly room: string;
  #messages: readonly Message[] = [];
  #hasEarlier = false;
  #hasLater = false;
  readonly #changes = new Map<number, Message>();

  constructor(room: string) {
    this.room = room;
  }

  /** What the stretch holds. */
  get messages(): readonly Message[] {
    return this.#messages;
  }

  /** Whether the room has messages before the first. */
  get hasEarlier(): boolean {
    return this.#hasEarlier;
  }

  /** Whether it has messages after the last. */
  get hasLater(): boolean {
    return this.#hasLater;
  }

  /** Goes to the newest messages; resolves to the position after which live events go on. */
  async newest(): Promise<number> {
    const page = await this.#read({ order: "newest" });
    this.#messages = page.messages.toReversed().flatMap((message) => this.#current(message));
    this.#hasEarlier = page.has_more;
    this.#hasLater = false;
    return page.head_seq;
  }

  /** Takes the page before the first in. */
  async earlier(): Promise<void> {
    const page = await this.#read({ order: "newest", before_seq: this.#messages[0]?.id ?? 0 });
    const all = [...page.messages.toReversed().flatMap((message) => this.#current(message)), ...this.#messages];
    this.#hasEarlier = page.has_more;
    this.#hasLater ||= all.length > MOST_SHOWN;
    this.#messages = all.slice(0, MOST_SHOWN);
  }

  /** Takes the page after the last in. */
  async later(): Promise<void> {
    const page = await this.#read({ order: "oldest", after_seq: this.#messages.at(-1)?.id ?? 0 });
    const all = [...this.#messages, ...page.messages.flatMap((message) => this.#current(message))];
    this.#hasLater = page.has_more;
    this.#keepLast(all);
  }

  /** Takes an event of the room in. */
  apply(event: Message): void {
    if (event.event_type === "created") {
      if (this.#hasLater || this.#messages.some(({ id }) => id === event.id)) return;
      // What was sent from here may be known before what was written earlier by others.
      return this.#keepLast([...this.#messages, event].toSorted((a, b) => a.id - b.id));
    }
    this.#changes.set(event.id, event);
    for (const id of this.#changes.keys()) {
      if (this.#changes.size <= REMEMBERED_CHANGES) break;
      this.#changes.delete(id);
    }
    this.#messages = this.#messages.flatMap((message) => this.#current(message));
  }

  #keepLast(all: readonly Message[]): void {
    this.#hasEarlier ||= all.length > MOST_SHOWN;
    this.#messages = all.slice(-MOST_SHOWN);
  }

  /** The message as it stands after every change that has been told of; none once it is deleted. */
  #current(message: Message): readonly Message[] {
    const change = this.#changes.get(message.id);
    if (change === undefined || (!change.deleted && change.version <= message.version)) return [message];
    return change.deleted ? [] : [change];
  }

  #read(query: Readonly<Record<string, string | number>>): Promise<MessagePage> {
    return ask("/v1/messages", { query: { room: this.room, limit: PAGE, ...query } });
  }
}
