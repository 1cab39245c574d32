/**
 * Runs actions at the times that plugins name: each time once over all servers, and times that were missed while none of them ran once together.
 *
 * @module
 */
import type { Kysely } from "kysely";
import { ChatError } from "../../../core/errors.ts";
import { within } from "../../../core/within.ts";
import type { Schema } from "../../../database/schema.ts";
import type { Log } from "../../../observability/log.ts";
import { pluginIdentity } from "../../host/identity.ts";
import { type Cron, lastDue, readCron } from "../../packages/cron.ts";
import type { PluginRegistry } from "../../registry.ts";
import type { RunAction } from "../command.ts";
import { hooksOf, type MatchedHook } from "../matching.ts";
import { timeLimitMs, tooLate } from "../time.ts";
import { readDue, type ScheduleKey, takeDue } from "./store.ts";

/** Schedules name minutes; a second later is soon enough. */
const LOOK_MS = 1_000;
/** Whatever a manifest says. */
const LONGEST_MS = 60_000;

/** What running schedules takes. */
export interface SchedulesOptions {
  readonly db: Kysely<Schema>;
  readonly registry: PluginRegistry;
  readonly runAction: RunAction;
  readonly log: Log;
  /** Milliseconds since 1970; default the machine's clock. */
  readonly nowMs?: () => number;
  readonly lookMs?: number;
}

/** A schedule that is in force. */
interface Schedule extends ScheduleKey {
  readonly cron: Cron;
  readonly matched: MatchedHook;
}

/** The schedules of one process. */
export class Schedules {
  readonly #options: SchedulesOptions;
  readonly #closing = new AbortController();
  /** The time of each that was taken last, as far as is known here. */
  readonly #taken = new Map<string, number>();
  readonly #running = new Map<string, Promise<void>>();
  #schedules: readonly Schedule[] = [];
  #tableVersion = -1;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #round: Promise<void> | undefined;
  #failing = false;

  constructor(options: SchedulesOptions) {
    this.#options = options;
    this.#wait();
  }

  /** Ends what runs, and begins nothing more. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort(new ChatError("unavailable", "The plugin service is shutting down"));
    clearTimeout(this.#timer);
    await this.#round;
    await Promise.all(this.#running.values());
  }

  #wait(): void {
    if (this.#closing.signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.#round = this.#look().finally(() => this.#wait());
    }, this.#options.lookMs ?? LOOK_MS);
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    try {
      this.#readTable();
      for (const schedule of this.#schedules) await this.#lookAt(schedule);
      this.#failing = false;
    } catch (error) {
      if (this.#failing || this.#closing.signal.aborted) return;
      this.#failing = true;
      this.#options.log.warn("The schedules of plugins cannot be looked at; it is tried again and again", { error });
    }
  }

  #readTable(): void {
    const { registry } = this.#options;
    const { version } = registry.table();
    if (version === this.#tableVersion) return;
    this.#tableVersion = version;
    this.#taken.clear();
    this.#schedules = hooksOf(registry, "schedule").map((matched) => {
      const { plugin, hook: { action, cron } } = matched;
      return { plugin: plugin.name, hook: `${action} ${cron}`, cron: readCron("cron", cron), matched };
    });
  }

  async #lookAt(schedule: Schedule): Promise<void> {
    const { db, nowMs = Date.now } = this.#options;
    const key = `${schedule.plugin} ${schedule.hook}`;
    // One that still runs is not begun a second time; what it misses meanwhile comes once, afterwards.
    if (this.#running.has(key)) return;
    const taken = this.#taken.get(key) ?? await readDue(db, schedule, nowMs());
    this.#taken.set(key, taken);
    const dueMs = lastDue(schedule.cron, taken, nowMs());
    if (dueMs === undefined) return;
    if (!await takeDue(db, schedule, dueMs)) return void this.#taken.delete(key);
    this.#taken.set(key, dueMs);
    this.#running.set(key, this.#run(schedule, dueMs).finally(() => this.#running.delete(key)));
  }

  /** Never rejects. */
  async #run({ plugin: name, matched }: Schedule, dueMs: number): Promise<void> {
    const { plugin, hook: { action } } = matched;
    const call = { requestId: crypto.randomUUID(), caller: pluginIdentity(name) };
    const limit = { timeoutMs: timeLimitMs(matched, LONGEST_MS), late: tooLate, signal: this.#closing.signal };
    try {
      const input = JSON.stringify({ due: new Date(dueMs).toISOString() });
      await within(
        limit,
        (signal) =>
          this.#options.runAction({ plugin, context: { ...call, signal }, username: "", room: "", via: [], dryRun: false }, action, input),
      );
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#options.log.warn("A scheduled action failed", { plugin: name, action, error });
    }
  }
}
