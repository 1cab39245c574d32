import { type Kysely, sql } from "kysely";
import { BoundedCache } from "../core/bounded_cache.ts";
import { type Caller, type Membership, requireMember } from "../core/caller.ts";
import { abortError, ChatError } from "../core/errors.ts";
import type { Schema } from "../database/schema.ts";
import type { Log } from "../observability/log.ts";

/** What {@link RoomMembers} works with. */
export interface RoomMembersOptions {
  readonly db: Kysely<Schema>;
  readonly log: Log;
  /** How soon open streams notice that somebody is no member any more; default 2,000 ms. */
  readonly pollMs?: number;
}

/** Somebody who follows a room. */
interface Follower {
  readonly caller: Caller;
  readonly room: string;
  readonly ended: AbortController;
}

/** How a stream is opened that members only may read. */
export interface Following {
  readonly signal: AbortSignal;
  /** To be called when the stream is over. */
  readonly onClose?: () => void;
}

/** Settings are taken from memory for so long: a busy room is read once a second, not with each message. */
const REMEMBERED_MS = 1_000;
const REMEMBERED_ROOMS = 10_000;
const POLL_MS = 2_000;

/** Keeps restricted rooms to their members, and ends the streams of who is one no longer. Costs nothing for callers who may use every room. */
export class RoomMembers {
  readonly #db: Kysely<Schema>;
  readonly #log: Log;
  readonly #known = new BoundedCache<Membership>(REMEMBERED_ROOMS);
  readonly #reading = new Map<string, Promise<Membership>>();
  readonly #followers = new Set<Follower>();
  readonly #timer: ReturnType<typeof setInterval>;
  #polling: Promise<void> | undefined;

  constructor({ db, log, pollMs = POLL_MS }: RoomMembersOptions) {
    this.#db = db;
    this.#log = log;
    this.#timer = setInterval(() => this.#polling ??= this.#poll().finally(() => this.#polling = undefined), pollMs);
  }

  /** Throws (or rejects with) `permission_denied` where the room is restricted and the caller no member; a promise only where that must be read. */
  check(caller: Caller, room: string): void | Promise<void> {
    if (usesEveryRoom(caller)) return;
    const known = this.#known.get(room, performance.now());
    if (known !== undefined) return requireMember(caller, known);
    return this.#read(room).then((membership) => requireMember(caller, membership));
  }

  /** For a stream of `caller` from `room`: its signal aborts with `signal`, and with `permission_denied` once the caller is no member any more. */
  follow(caller: Caller, room: string, signal: AbortSignal): Following {
    if (usesEveryRoom(caller)) return { signal };
    const follower = { caller, room, ended: new AbortController() };
    this.#followers.add(follower);
    const end = () => this.#end(follower, abortError(signal));
    signal.addEventListener("abort", end, { once: true });
    const onClose = () => {
      this.#followers.delete(follower);
      signal.removeEventListener("abort", end);
    };
    return { signal: follower.ended.signal, onClose };
  }

  /** The room's settings have changed here: they are read anew. */
  changed(room: string): void {
    this.#known.delete(room);
    this.#reading.delete(room);
  }

  /** Ends nobody's stream. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#followers.clear();
    await this.#polling;
  }

  #end(follower: Follower, reason: ChatError): void {
    this.#followers.delete(follower);
    follower.ended.abort(reason);
  }

  /** One read for all who ask at the same time. */
  #read(room: string): Promise<Membership> {
    const reading = this.#reading.get(room);
    if (reading !== undefined) return reading;
    const fresh = readMemberships(this.#db, [room]).then(([found]) => {
      const membership = found ?? { room, restricted: false, members: [] };
      // Settings that changed meanwhile must not be remembered as they were.
      if (this.#reading.get(room) === fresh) this.#known.set(room, membership, performance.now() + REMEMBERED_MS);
      return membership;
    }).finally(() => this.#reading.get(room) === fresh && this.#reading.delete(room));
    this.#reading.set(room, fresh);
    return fresh;
  }

  /** Never rejects. */
  async #poll(): Promise<void> {
    const rooms = [...new Set([...this.#followers].map(({ room }) => room))];
    if (rooms.length === 0) return;
    try {
      const restricted = new Map((await readMemberships(this.#db, rooms)).map((found) => [found.room, found]));
      for (const follower of this.#followers) {
        const membership = restricted.get(follower.room);
        const problem = membership === undefined ? undefined : whyNot(follower.caller, membership);
        if (problem !== undefined) this.#end(follower, problem);
      }
    } catch (error) {
      this.#log.debug("The members of rooms that are followed cannot be read", { error });
    }
  }
}

/** Whoever manages rooms may use restricted ones too; so may everybody where nobody has to prove anything. */
function usesEveryRoom(caller: Caller): boolean {
  return caller.scopes.has("rooms:manage");
}

function whyNot(caller: Caller, membership: Membership): ChatError | undefined {
  try {
    requireMember(caller, membership);
    return undefined;
  } catch (error) {
    if (error instanceof ChatError) return error;
    throw error;
  }
}

/** Those of the rooms that are restricted. */
async function readMemberships(db: Kysely<Schema>, rooms: readonly string[]): Promise<readonly Membership[]> {
  return (await sql<Membership>`
    select room, restricted, members from room_settings where room = any(${[...rooms]}::text[]) and restricted`.execute(db)).rows;
}
