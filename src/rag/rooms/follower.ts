/**
 * Brings the messages of a room into its collection, by following the room's log through the message contract.
 *
 * @module
 */
import type { Kysely } from "kysely";
import type { Message, MessageService } from "../../contracts/mod.ts";
import type { CallContext } from "../../core/context.ts";
import { ChatError } from "../../core/errors.ts";
import type { Schema } from "../../database/schema.ts";
import type { Indexer } from "../indexer.ts";
import type { PreparedDocument } from "../prepare.ts";
import { deleteDocumentsIn, storeDocumentsIn } from "../store_writes.ts";
import { roomCollection } from "./collection.ts";
import { documentOf } from "./documents.ts";
import { forgetRoom, holdRoom, moveIn, readPosition, releaseRoom } from "./store.ts";

/** Events stored in one transaction, and messages read at once. */
const STEP_EVENTS = 64;
/** Events after which other rooms get their turn. */
const TURN_EVENTS = 512;

/** What following a room works with. */
export interface FollowOptions {
  readonly db: Kysely<Schema>;
  readonly messages: MessageService;
  readonly indexer: Indexer;
  /** Names this server; no two have the same. */
  readonly holder: string;
}

/** Another server holds the room or has moved its position: what was prepared here is out of date. */
class RoomLost extends Error {
  override readonly name = "RoomLost";
}

/**
 * Follows a room's log up to a position, but at most for a turn, and gives how far it is followed now: less while there is more to do or another
 * server is at it. Throws what the message service or the database throws.
 */
export async function followRoom(room: string, toSeq: number, options: FollowOptions, context: CallContext): Promise<number> {
  const { db, holder } = options;
  const known = await readPosition(db, room);
  if (known !== undefined && known >= toSeq) return known;
  const position = await holdRoom(db, room, holder);
  if (position === undefined) return known ?? 0;
  try {
    return await new Following(room, options, context).run(position, toSeq);
  } catch (error) {
    if (error instanceof RoomLost) return position;
    throw error;
  } finally {
    await releaseRoom(db, room, holder);
  }
}

class Following {
  readonly #room: string;
  readonly #options: FollowOptions;
  readonly #context: CallContext;

  constructor(room: string, options: FollowOptions, context: CallContext) {
    this.#room = room;
    this.#options = options;
    this.#context = context;
  }

  async run(fromSeq: number, toSeq: number): Promise<number> {
    try {
      return await this.#stream(fromSeq, toSeq);
    } catch (error) {
      // The log no longer reaches back so far, or is another one than that which was followed: a backup, say.
      if (error instanceof ChatError && error.code === "out_of_range") return await this.#anew();
      throw error;
    }
  }

  async #stream(fromSeq: number, toSeq: number): Promise<number> {
    // Somebody else has been there since: the stream would wait for what nobody has written yet.
    if (fromSeq >= toSeq) return fromSeq;
    const { messages } = this.#options;
    const end = new AbortController();
    const signal = AbortSignal.any([this.#context.signal, end.signal]);
    const { requestId, caller, authorization } = this.#context;
    const stream = await messages.streamMessages(
      { room: this.#room, afterSeq: fromSeq, includeChanges: true },
      { signal, requestId, caller, authorization },
    );
    let position = fromSeq;
    try {
      for await (const batch of stream) {
        for (let at = 0; at < batch.length; at += STEP_EVENTS) {
          position = await this.#step(position, batch.slice(at, at + STEP_EVENTS));
          if (position >= toSeq || position - fromSeq >= TURN_EVENTS) return position;
        }
      }
      return position;
    } finally {
      end.abort();
    }
  }

  /** Everything as it stands now, and the position from before, so that what changes meanwhile is followed afterwards. */
  async #anew(): Promise<number> {
    const { db, messages, holder } = this.#options;
    await forgetRoom(db, this.#room, holder);
    if (await holdRoom(db, this.#room, holder) === undefined) throw new RoomLost("Another server was faster");
    const { headSeq } = await messages.getRoom({ room: this.#room }, this.#context);
    for (let afterSeq = 0, more = true; more;) {
      const page = await messages.getMessages({ room: this.#room, afterSeq, limit: STEP_EVENTS }, this.#context);
      await this.#store(page.messages, { fromSeq: 0, toSeq: page.hasMore ? 0 : headSeq });
      [afterSeq, more] = [page.nextSeq, page.hasMore];
    }
    return headSeq;
  }

  async #step(fromSeq: number, events: readonly Message[]): Promise<number> {
    const toSeq = events.at(-1)?.seq ?? fromSeq;
    await this.#store(events, { fromSeq, toSeq });
    return toSeq;
  }

  /** Stores what the events come to, the last one of each message, and the position, all or nothing. */
  async #store(events: readonly Message[], range: { readonly fromSeq: number; readonly toSeq: number }): Promise<void> {
    const { db, holder, indexer } = this.#options;
    const collection = roomCollection(this.#room);
    const prepared: PreparedDocument[] = [];
    const gone: string[] = [];
    for (const message of new Map(events.map((event) => [event.id, event])).values()) {
      const document = message.deleted || message.content.trim() === ""
        ? undefined
        : await indexer.prepareText(documentOf(message), this.#context.signal);
      document === undefined ? gone.push(`${message.id}`) : prepared.push(document);
    }
    await db.transaction().execute(async (trx) => {
      if (!await moveIn(trx, { room: this.#room, holder, ...range })) throw new RoomLost("Another server has moved on");
      if (prepared.length > 0) await storeDocumentsIn(trx, collection, prepared);
      if (gone.length > 0) await deleteDocumentsIn(trx, collection, gone);
    });
  }
}
