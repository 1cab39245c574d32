/**
 * Keeps the collections of rooms true to their settings and logs, and answers whether a search may look into one.
 *
 * @module
 */
import type { Kysely } from "kysely";
import type { MessageService, Room } from "../../contracts/mod.ts";
import { ANYBODY } from "../../core/caller.ts";
import type { CallContext } from "../../core/context.ts";
import { ChatError } from "../../core/errors.ts";
import type { Schema } from "../../database/schema.ts";
import type { Log } from "../../observability/log.ts";
import type { Indexer } from "../indexer.ts";
import { requireReader } from "./access.ts";
import { roomOf } from "./collection.ts";
import { type MessageDocument, stands } from "./documents.ts";
import { type FollowOptions, followRoom } from "./follower.ts";
import { forgetRoom, holdRoom, readPositions } from "./store.ts";

/** How soon changed settings are noticed, and new messages come in without anybody searching. */
const POLL_MS = 2_000;
/** How long a search waits for the index to catch up with its room. */
const PATIENCE_MS = 1_000;
/** A turn that takes longer waits for something that does not come; the next look begins again where it got to. */
const MAX_TURN_MS = 60_000;
/** Between two looks at a room that another server is following. */
const LOOK_AGAIN_MS = 50;
/** Rooms asked for at once. */
const ROOMS_A_PAGE = 500;

/** What it works with. */
export interface RoomsOptions {
  readonly db: Kysely<Schema>;
  readonly messages: MessageService;
  readonly indexer: Indexer;
  readonly log: Log;
  readonly pollMs?: number;
}

/** What a search in a room's collection must know. */
export interface OpenedRoom {
  /** Why nothing can be found; undefined where something may be. */
  readonly closed: string | undefined;
  /** Those of these documents whose messages still say what they say. */
  standing<D extends MessageDocument>(found: readonly D[]): Promise<readonly D[]>;
}

/** The rooms whose messages are documents. */
export class Rooms {
  readonly #options: FollowOptions & RoomsOptions;
  readonly #closing = new AbortController();
  /** The last thing begun for each room. */
  readonly #turns = new Map<string, Promise<unknown>>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #round: Promise<void> | undefined;

  constructor(options: RoomsOptions) {
    this.#options = { ...options, holder: crypto.randomUUID() };
    this.#schedule(0);
  }

  /**
   * Prepares a search in a collection: undefined when it is no room's. Throws `permission_denied` for a room that the caller may not read. The
   * index follows the room up to where it stands now, or else what is found must be held against the room's messages.
   */
  async open(collection: string, context: CallContext): Promise<OpenedRoom | undefined> {
    const name = roomOf(collection);
    if (name === undefined) return undefined;
    const { messages } = this.#options;
    const room = await messages.getRoom({ room: name }, context);
    requireReader(context.caller, room);
    if (!room.documents) {
      const closed = `The messages of room "${name}" are not searched as documents: its settings do not say so`;
      return { closed, standing: () => Promise.resolve([]) };
    }
    const caughtUp = await this.#catchUp(room);
    return { closed: undefined, standing: async (found) => caughtUp ? found : await this.#standing(name, found, context) };
  }

  /** Waits for what is under way; idempotent. */
  async close(): Promise<void> {
    this.#closing.abort(new ChatError("unavailable", "The RAG service is shutting down"));
    clearTimeout(this.#timer);
    await Promise.allSettled([this.#round, ...this.#turns.values()]);
  }

  /** Whether the index has come as far as the room stands; a search has only so much patience for it. */
  async #catchUp({ room, headSeq }: Room): Promise<boolean> {
    const late = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => late.resolve(false), PATIENCE_MS);
    const caughtUp = this.#followUntil(room, headSeq, Date.now() + PATIENCE_MS).catch((error) => {
      this.#options.log.warn("The index could not catch up with a room; a search looks at the messages instead", { room, error });
      return false;
    });
    try {
      return await Promise.race([caughtUp, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #followUntil(room: string, headSeq: number, giveUpAtMs: number): Promise<boolean> {
    for (let before = -1;;) {
      const position = await this.#follow(room, headSeq, PATIENCE_MS);
      if (position >= headSeq) return true;
      if (Date.now() >= giveUpAtMs) return false;
      if (position === before) await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
      before = position;
    }
  }

  async #standing<D extends MessageDocument>(room: string, found: readonly D[], context: CallContext): Promise<readonly D[]> {
    const ids = [...new Set(found.map((document) => document.document_id))];
    const messages = await Promise.all(ids.map((id) => this.#options.messages.getMessage({ room, id: Number(id) }, context)));
    const byId = new Map(ids.map((id, index) => [id, messages[index]]));
    return found.filter((document) => {
      const message = byId.get(document.document_id);
      return message !== undefined && stands(document, message);
    });
  }

  #schedule(delayMs: number): void {
    if (this.#closing.signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.#round = this.#run()
        .catch((error) => {
          if (!this.#closing.signal.aborted) this.#options.log.warn("Following the rooms failed; the next poll tries again", { error });
        })
        .finally(() => this.#schedule(this.#options.pollMs ?? POLL_MS));
    }, delayMs);
  }

  /** One look at all rooms, in turns, until nothing is left to do. */
  async #run(): Promise<void> {
    const { db } = this.#options;
    const context = this.#context();
    const wanted = await this.#wanted(context);
    const positions = await readPositions(db);
    for (const room of positions.keys()) if (!wanted.has(room)) await this.#forget(room, context);
    let behind = [...wanted].filter(([room, headSeq]) => headSeq > (positions.get(room) ?? 0));
    while (behind.length > 0 && !this.#closing.signal.aborted) {
      const left: typeof behind = [];
      for (const [room, headSeq] of behind) {
        const position = await this.#follow(room, headSeq, MAX_TURN_MS);
        // Whoever holds it will be done, or is found dead by a later look.
        if (position < headSeq && position > (positions.get(room) ?? 0)) left.push([room, headSeq]);
        positions.set(room, position);
      }
      behind = left;
    }
  }

  /** The rooms whose messages are to be documents, each with its newest position. */
  async #wanted(context: CallContext): Promise<Map<string, number>> {
    const wanted = new Map<string, number>();
    for (let afterRoom = "", more = true; more;) {
      const page = await this.#options.messages.listRooms({ onlyDocuments: true, afterRoom, limit: ROOMS_A_PAGE }, context);
      for (const { room, headSeq } of page.rooms) wanted.set(room, headSeq);
      [afterRoom, more] = [page.nextRoom, page.hasMore];
    }
    return wanted;
  }

  /** Only if the room still does not want it: the list may be older than the setting. */
  async #forget(room: string, context: CallContext): Promise<void> {
    const { db, messages, holder } = this.#options;
    if ((await messages.getRoom({ room }, context)).documents) return;
    await this.#inTurn(room, async () => {
      if (await holdRoom(db, room, holder) !== undefined) await forgetRoom(db, room, holder);
    });
  }

  #follow(room: string, toSeq: number, withinMs: number): Promise<number> {
    return this.#inTurn(room, () => followRoom(room, toSeq, this.#options, this.#context(AbortSignal.timeout(withinMs))));
  }

  /** One thing at a time a room: the hold on it keeps other servers away, not a second search here. */
  async #inTurn<T>(room: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(room) ?? Promise.resolve();
    const turn = before.then(work, work);
    this.#turns.set(room, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(room) === turn) this.#turns.delete(room);
    }
  }

  /** For calls of this service's own. */
  #context(signal?: AbortSignal): CallContext {
    return {
      signal: signal === undefined ? this.#closing.signal : AbortSignal.any([this.#closing.signal, signal]),
      requestId: crypto.randomUUID(),
      caller: ANYBODY,
    };
  }
}
