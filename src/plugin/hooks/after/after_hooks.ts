/**
 * Tells plugins what has happened, off the path of messages: each event at least once, here or on any other server, in the order of its room. Nothing that a
 * plugin does here holds up another plugin.
 *
 * @module
 */
import type { Room } from "../../../contracts/mod.ts";
import type { CallContext } from "../../../core/context.ts";
import { ChatError } from "../../../core/errors.ts";
import { SYSTEM } from "../identity.ts";
import { appliesIn } from "../matching.ts";
import type { ActivePlugin } from "../../registry.ts";
import { beginFollowing, readFollowers, readPositions } from "./positions.ts";
import { timeLimitMs } from "../time.ts";
import { LONGEST_MS, type TellingTools, tellPlugin } from "./telling.ts";

const EVENTS: readonly string[] = ["message.after_create", "message.after_delete"];
/** How soon an event is noticed, while there are not more rooms than fit on a page; more pages are read less often. */
const POLL_MS = 500;
const A_PAGE = 500;
/** What reading the room and moving on may take besides. */
const HOLD_MORE_MS = 5_000;
/** Rooms of one plugin at once. */
const ROOMS_AT_ONCE = 4;

/** What telling plugins takes. */
export interface AfterHooksOptions extends Omit<TellingTools, "holder"> {
  readonly pollMs?: number;
}

/** A plugin that is told, as far as this server knows. */
interface Follower {
  readonly sinceMs: number;
  readonly positions: Map<string, number>;
  /** Rooms under way here. */
  readonly busy: Set<string>;
}

/** The events of one process. */
export class AfterHooks {
  readonly #options: AfterHooksOptions;
  readonly #tools: TellingTools;
  readonly #closing = new AbortController();
  readonly #followers = new Map<string, Follower>();
  readonly #telling = new Set<Promise<void>>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #round: Promise<void> | undefined;
  #tableVersion = -1;
  #pages = 1;
  #failing = false;

  constructor(options: AfterHooksOptions) {
    this.#options = options;
    this.#tools = { ...options, holder: crypto.randomUUID() };
    this.#schedule();
  }

  /** Ends what is at work, which is told again later, and takes no more. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort(new ChatError("unavailable", "The plugin service is shutting down"));
    clearTimeout(this.#timer);
    await this.#round;
    await Promise.all(this.#telling);
  }

  #schedule(): void {
    if (this.#closing.signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.#round = this.#look().finally(() => this.#schedule());
    }, (this.#options.pollMs ?? POLL_MS) * this.#pages);
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    try {
      const { registry, db } = this.#options;
      const told = registry.all().filter(({ manifest }) => manifest.hooks.some(({ event }) => EVENTS.includes(event)));
      const { version } = registry.table();
      // Plugins that went are forgotten once; while there are none that are told, nothing is asked at all.
      if (told.length === 0 && version === this.#tableVersion) return;
      const since = await readFollowers(db);
      this.#tableVersion = version;
      if (told.length > 0) await this.#tell(told, since);
      this.#failing = false;
    } catch (error) {
      if (this.#failing || this.#closing.signal.aborted) return;
      this.#failing = true;
      this.#options.log.warn("Plugins cannot be told what has happened; it is tried again and again", { error });
    }
  }

  async #tell(told: readonly ActivePlugin[], since: ReadonlyMap<string, number>): Promise<void> {
    const rooms = await this.#rooms();
    for (const plugin of told) {
      const follower = await this.#follower(plugin, since.get(plugin.name), rooms);
      if (follower === undefined) continue;
      for (const { room, headSeq } of rooms) {
        if (follower.busy.size >= ROOMS_AT_ONCE) break;
        if (follower.busy.has(room) || (follower.positions.get(room) ?? 0) >= headSeq || !isTold(plugin, room)) continue;
        this.#begin(follower, plugin, { room, headSeq });
      }
    }
  }

  /** Undefined: it begins to be told now, and has been told everything by that. */
  async #follower({ name }: ActivePlugin, sinceMs: number | undefined, rooms: readonly Room[]): Promise<Follower | undefined> {
    if (sinceMs === undefined) {
      this.#followers.delete(name);
      await beginFollowing(this.#options.db, name, rooms);
      return undefined;
    }
    const known = this.#followers.get(name);
    if (known?.sinceMs === sinceMs) return known;
    const follower = { sinceMs, positions: await readPositions(this.#options.db, name), busy: new Set<string>() };
    this.#followers.set(name, follower);
    return follower;
  }

  #begin(follower: Follower, active: ActivePlugin, { room, headSeq }: Pick<Room, "room" | "headSeq">): void {
    const { name: plugin } = active;
    follower.busy.add(room);
    const telling = tellPlugin(
      { plugin, room, sinceMs: follower.sinceMs, holdMs: holdMs(active) },
      headSeq,
      this.#tools,
      this.#closing.signal,
    )
      .then((seq) => void (seq !== undefined && follower.positions.set(room, seq)))
      .catch((error) => {
        if (!this.#closing.signal.aborted) {
          this.#options.log.warn("A plugin could not be told of a room's events yet", { error, plugin, room });
        }
      })
      .finally(() => {
        follower.busy.delete(room);
        this.#telling.delete(telling);
      });
    this.#telling.add(telling);
  }

  async #rooms(): Promise<readonly Room[]> {
    const rooms: Room[] = [];
    let pages = 0;
    for (let afterRoom = "", more = true; more; pages++) {
      const page = await this.#options.messages.listRooms({ afterRoom, limit: A_PAGE }, this.#context());
      rooms.push(...page.rooms);
      [afterRoom, more] = [page.nextRoom, page.hasMore];
    }
    this.#pages = Math.max(1, pages);
    return rooms;
  }

  #context(): CallContext {
    return { signal: this.#closing.signal, requestId: crypto.randomUUID(), caller: SYSTEM };
  }
}

/** Longer than one event may take; with each event that is told it begins anew. */
function holdMs(plugin: ActivePlugin): number {
  const hooks = plugin.manifest.hooks.filter(({ event }) => EVENTS.includes(event));
  return HOLD_MORE_MS + Math.max(...hooks.map((hook) => timeLimitMs({ plugin, hook }, LONGEST_MS)));
}

function isTold(plugin: ActivePlugin, room: string): boolean {
  return plugin.manifest.hooks.some((hook) => EVENTS.includes(hook.event) && appliesIn(plugin, hook, room));
}
