/**
 * Tells one plugin what has happened in one room.
 *
 * @module
 */
import type { Kysely } from "kysely";
import type { Message, MessageService } from "../../../contracts/mod.ts";
import type { CallContext } from "../../../core/context.ts";
import { abortError, ChatError } from "../../../core/errors.ts";
import type { Schema } from "../../../database/schema.ts";
import type { Log } from "../../../observability/log.ts";
import { pluginIdentity } from "../../host/identity.ts";
import type { OpenHost } from "../../launch.ts";
import type { ActivePlugin, PluginRegistry } from "../../registry.ts";
import { askHook } from "../ask.ts";
import { SYSTEM } from "../identity.ts";
import { appliesIn, type MatchedHook } from "../matching.ts";
import { timeLimitMs } from "../time.ts";
import { type HeldPlace, holdPlace, movePlace, type Place, releasePlace } from "./positions.ts";

/** Events after which other rooms of the plugin get their turn. */
const TURN_EVENTS = 64;
/** Whatever a manifest says, an event keeps the later ones of its room no longer. */
export const LONGEST_MS = 30_000;
/** An event that its plugin refuses so often is given up. One whose plugin is not there, or has too much to do, is patiently kept: for an hour and a half. */
const MAX_ATTEMPTS = { failing: 8, away: 100 } as const;
const AWAY: ReadonlySet<string> = new Set(["unavailable", "resource_exhausted"]);
/** Attempts wait longer and longer. */
const RETRY_MS = { least: 1_000, most: 60_000 } as const;

/** What telling takes. */
export interface TellingTools {
  readonly db: Kysely<Schema>;
  readonly messages: MessageService;
  readonly registry: PluginRegistry;
  readonly openHost: OpenHost;
  readonly log: Log;
  /** Names this server; no two have the same. */
  readonly holder: string;
  /** Between a first failure and the next attempt; default 1 s. */
  readonly retryMs?: number;
}

/** Tells a plugin of a room's events up to a position, but at most for a turn. Gives how far it has been told; undefined: another server is at it, or it rests. */
export async function tellPlugin(place: Place, toSeq: number, tools: TellingTools, signal: AbortSignal): Promise<number | undefined> {
  const held = await holdPlace(tools.db, place, tools.holder);
  return held === undefined ? undefined : await new Telling(held, tools, signal).run(toSeq);
}

class Telling {
  readonly #tools: TellingTools;
  readonly #signal: AbortSignal;
  #held: HeldPlace;
  #isLost = false;
  #rest: { readonly attempts: number; readonly afterMs: number } | undefined;

  constructor(held: HeldPlace, tools: TellingTools, signal: AbortSignal) {
    this.#held = held;
    this.#tools = tools;
    this.#signal = signal;
  }

  async run(toSeq: number): Promise<number | undefined> {
    try {
      if (this.#held.seq < toSeq) await this.#follow(toSeq);
      return this.#isLost || this.#rest !== undefined ? undefined : this.#held.seq;
    } finally {
      const { attempts } = this.#held;
      if (!this.#isLost) await releasePlace(this.#tools.db, this.#held, this.#rest ?? { attempts, afterMs: 0 });
    }
  }

  async #follow(toSeq: number): Promise<void> {
    const { room, seq } = this.#held;
    const end = new AbortController();
    const signal = AbortSignal.any([this.#signal, end.signal]);
    try {
      const stream = await this.#tools.messages.streamMessages({ room, afterSeq: seq, includeChanges: true }, this.#context(signal));
      let told = 0;
      for await (const batch of stream) {
        for (const message of batch) {
          if (!await this.#tell(message)) return;
          if (++told >= TURN_EVENTS && message !== batch.at(-1)) return await this.#move(message.seq);
        }
        await this.#move(batch.at(-1)?.seq ?? seq);
        if (this.#isLost || this.#held.seq >= toSeq || told >= TURN_EVENTS) return;
      }
    } catch (error) {
      // The log no longer reaches back so far, or is another one: a backup, say.
      if (!(error instanceof ChatError) || error.code !== "out_of_range") throw error;
      this.#tools.log.warn("A plugin was not told of events that are kept no longer", { plugin: this.#held.plugin, room, afterSeq: seq });
      await this.#move(toSeq);
    } finally {
      end.abort();
    }
  }

  /** False: no further. */
  async #tell(message: Message): Promise<boolean> {
    const plugin = this.#tools.registry.find(this.#held.plugin);
    if (plugin === undefined || this.#isLost) return false;
    const matched = message.updatedAtMs < this.#held.sinceMs ? undefined : hookFor(plugin, message);
    if (matched === undefined) return true;
    // So that what was looked through before is not looked through again after a failure.
    await this.#move(message.seq - 1);
    if (this.#isLost) return false;
    try {
      await this.#ask(matched, message);
    } catch (error) {
      if (this.#signal.aborted) throw abortError(this.#signal);
      // Another version is in force by now, or none.
      if (this.#tools.registry.find(plugin.name) !== plugin) return false;
      return this.#failed(message, error);
    }
    await this.#move(message.seq);
    return !this.#isLost;
  }

  async #ask(matched: MatchedHook, message: Message): Promise<void> {
    const { room, username, via = [] } = message;
    const context = { ...this.#context(this.#signal), caller: pluginIdentity(matched.plugin.name) };
    const timeoutMs = timeLimitMs(matched, LONGEST_MS);
    const occasion = { context, username, room, via, dryRun: false, timeoutMs, openHost: this.#tools.openHost };
    await askHook(matched, { event: matched.hook.event, message, dryRun: false }, occasion);
  }

  /** False: it is told again, after a while; true: it is given up. */
  #failed({ seq, eventType }: Message, error: unknown): boolean {
    const { plugin, room } = this.#held;
    const attempts = this.#held.attempts + 1;
    const most = error instanceof ChatError && AWAY.has(error.code) ? MAX_ATTEMPTS.away : MAX_ATTEMPTS.failing;
    if (attempts >= most) {
      this.#tools.log.warn("A plugin could not be told of an event, and will not be", { plugin, room, seq, eventType, attempts, error });
      this.#held = { ...this.#held, attempts: 0 };
      return true;
    }
    const afterMs = Math.min(RETRY_MS.most, (this.#tools.retryMs ?? RETRY_MS.least) * 2 ** (attempts - 1));
    this.#tools.log.debug("A plugin could not be told of an event yet", { plugin, room, seq, attempts, afterMs, error });
    this.#rest = { attempts, afterMs };
    return false;
  }

  async #move(toSeq: number): Promise<void> {
    if (this.#isLost || toSeq <= this.#held.seq) return;
    const moved = await movePlace(this.#tools.db, this.#held, toSeq);
    if (moved === undefined) this.#isLost = true;
    else this.#held = moved;
  }

  #context(signal: AbortSignal): CallContext {
    return { signal, requestId: crypto.randomUUID(), caller: SYSTEM };
  }
}

/** The plugin's hook for an event, unless the event is of its own making. */
function hookFor(plugin: ActivePlugin, { room, eventType, deleted, username, via }: Message): MatchedHook | undefined {
  // A creation of what is deleted by now has nothing left to tell.
  const event = eventType === "deleted" ? "message.after_delete" : eventType === "created" && !deleted ? "message.after_create" : undefined;
  if (event === undefined || username === plugin.name || via?.includes(plugin.name) === true) return undefined;
  const hook = plugin.manifest.hooks.find((hook) => hook.event === event && appliesIn(plugin, hook, room));
  return hook === undefined ? undefined : { plugin, hook };
}
