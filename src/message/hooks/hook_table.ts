/**
 * Which hooks there are: the plugin service's table, followed, and the last one that it told while it is away. That one is kept in the database too, so that a
 * server which starts meanwhile goes by it.
 *
 * @module
 */
import type { Kysely } from "kysely";
import type { HookTable, PluginService } from "../../contracts/mod.ts";
import { type Caller, SCOPES } from "../../core/caller.ts";
import { ChatError } from "../../core/errors.ts";
import { slashCommand } from "../../core/slash_command.ts";
import { pauseUntil } from "../../core/pause.ts";
import type { Schema } from "../../database/schema.ts";
import type { Log } from "../../observability/log.ts";
import { type KnownHook, readHooks, storeHooks } from "./store.ts";

/** Between two attempts to follow the table: the longer it has been away, the longer. */
const RETRY_MS = { least: 50, most: 5_000 } as const;
/** The first message after a start waits at most so long for the plugin service; then the last known table holds. */
const PATIENCE_MS = 1_000;

/** What goes wrong so often is told: after some three seconds. */
const FAILURES_TOLD = 20;

/** This process itself: the table is no user's. */
const IDENTITY: Caller = { kind: "anonymous", id: "messages", name: "", scopes: new Set(SCOPES) };

/** What following the table takes. */
export interface HookTableOptions {
  readonly db: Kysely<Schema>;
  readonly plugins: PluginService;
  readonly log: Log;
}

const NONE: readonly KnownHook[] = [];

/** The hooks that a message may meet, as far as they are known here. */
export class KnownHooks {
  readonly #options: HookTableOptions;
  readonly #closing = new AbortController();
  readonly #heardOnce = Promise.withResolvers<void>();
  readonly #loading: Promise<void>;
  readonly #following: Promise<void>;
  #before: readonly KnownHook[] = NONE;
  #commands: readonly KnownHook[] = NONE;
  #settling: Promise<void> | undefined;
  #isReady = false;
  #isConnected = false;
  #stored = "";

  constructor(options: HookTableOptions) {
    this.#options = options;
    this.#loading = this.#load();
    this.#following = this.#follow();
  }

  /** Whether it is known what a message meets. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /**
   * Resolves once it is: when the plugin service has told, or has not within a moment after the first message, and the table of the last time is there.
   * So whatever comes right after a start meets the hooks that there are.
   */
  get ready(): Promise<void> {
    return this.#settling ??= this.#settle();
  }

  /** Whether the plugin service is being followed, and so can be asked. */
  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** The hooks that a message in a room is to be shown before it is stored, in their order; none at no cost. */
  before(room: string, via: readonly string[] | undefined): readonly KnownHook[] {
    return this.#before.length === 0 ? NONE : this.#before.filter((known) => isMet(known, room, via));
  }

  /** The command that a text gives in a room. */
  command(content: string, room: string): KnownHook | undefined {
    if (this.#commands.length === 0 || !content.startsWith("/")) return undefined;
    const name = slashCommand(content)?.name;
    return this.#commands.find((known) => known.hook.command.toLowerCase() === name && isMet(known, room, undefined));
  }

  /** Follows nothing any more. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort(new ChatError("unavailable", "The message service is shutting down"));
    await Promise.all([this.#loading, this.#following, this.#settling]);
  }

  async #settle(): Promise<void> {
    const { signal } = this.#closing;
    await Promise.race([this.#heardOnce.promise, Promise.all([this.#loading, pauseUntil(PATIENCE_MS, signal)])]);
    this.#isReady ||= !signal.aborted;
  }

  /** The table as it was last heard; a database that is away is waited for, since no message can be stored without it. */
  async #load(): Promise<void> {
    for (let failures = 0; !this.#isReady && !this.#closing.signal.aborted; failures++) {
      try {
        const hooks = await readHooks(this.#options.db);
        if (this.#isReady) return; // by something newer
        this.#stored = JSON.stringify(hooks);
        return this.#take(hooks);
      } catch (error) {
        this.#tell("The hooks of plugins cannot be read from the database; it is tried again and again", error, failures);
        await pauseUntil(RETRY_MS.most / 10, this.#closing.signal);
      }
    }
  }

  async #follow(): Promise<void> {
    const { signal } = this.#closing;
    for (let failures = 0, awayFromMs = performance.now(); !signal.aborted; failures++) {
      try {
        const call = { signal, requestId: crypto.randomUUID(), caller: IDENTITY };
        for await (const table of this.#options.plugins.watchHooks({}, call)) {
          await this.#heard(table);
          [failures, awayFromMs] = [0, Infinity];
        }
      } catch (error) {
        this.#tell("The plugin service cannot be followed; its last known hooks hold, and it is tried again and again", error, failures);
      }
      this.#isConnected = false;
      awayFromMs = Math.min(awayFromMs, performance.now());
      const awayMs = performance.now() - awayFromMs;
      await pauseUntil(Math.min(RETRY_MS.most, RETRY_MS.least + awayMs / 10), signal);
    }
  }

  async #heard(table: HookTable): Promise<void> {
    const hooks = table.hooks.flatMap(({ plugin, hook }) => hook === undefined || hook === null ? [] : [{ plugin, hook }]);
    this.#take(hooks);
    this.#isReady = this.#isConnected = true;
    this.#heardOnce.resolve();
    const json = JSON.stringify(hooks);
    if (json === this.#stored) return;
    await storeHooks(this.#options.db, hooks);
    this.#stored = json;
  }

  #take(hooks: readonly KnownHook[]): void {
    this.#before = hooks.filter(({ hook }) => hook.event === "message.before_create");
    this.#commands = hooks.filter(({ hook }) => hook.event === "command");
  }

  /** Once for each time that something goes wrong, not at each attempt; and not for the moment in which both services start. */
  #tell(text: string, error: unknown, failures: number): void {
    if (failures !== FAILURES_TOLD || this.#closing.signal.aborted) return;
    this.#options.log.warn(text, { error });
  }
}

function isMet({ plugin, hook }: KnownHook, room: string, via: readonly string[] | undefined): boolean {
  return (hook.rooms.length === 0 || hook.rooms.includes(room)) && via?.includes(plugin) !== true;
}
