import type { HookTable, PluginHook } from "../contracts/mod.ts";
import { abortError } from "../core/errors.ts";
import type { Database } from "../database/database.ts";
import { toChatError } from "../database/errors.ts";
import type { Log } from "../observability/log.ts";
import { Bell } from "./bell.ts";
import { CallTally } from "./call_tally.ts";
import type { DataFolders } from "./data_folders.ts";
import type { PluginLauncher, PluginToRun } from "./launch.ts";
import type { PluginLogs } from "./logs.ts";
import { readArchive } from "./packages/archive.ts";
import { requireSigned, type TrustedKey } from "./packages/signatures.ts";
import type { ActivePlugin, PluginRegistry } from "./registry.ts";
import type { RunnerState } from "./runner.ts";
import { RunningPlugin } from "./running_plugin.ts";
import * as store from "./store.ts";

/** What the registry works with. */
export interface RegistryOptions {
  readonly database: Database;
  readonly log: Log;
  readonly launcher: PluginLauncher;
  readonly logs: PluginLogs;
  readonly folders: DataFolders;
  /** Empty: plugins need no signature. */
  readonly trustedKeys: readonly TrustedKey[];
  /** How often the database is asked whether there is anything new. */
  readonly pollMs?: number;
  /** How long calls of a version that another one replaces may still take. */
  readonly drainMs?: number;
}

const BEFORE_CREATE = "message.before_create";
/** How busy plugins are. */
export interface PluginLoad {
  /** In force here; those that are failing among them. */
  readonly running: number;
  readonly failing: number;
  /** Calls that have ended. */
  readonly calls: number;
  /** Of them, those that a crash, a limit or the time has ended. */
  readonly failures: number;
  readonly underWay: number;
}

const POLL_MS = 1_000;
/** As long as a call may take at most. */
const DRAIN_MS = 60_000;
const MAX_PROBLEM_UNITS = 1_024;

/** The plugins in force on this server. It follows the database, whoever changes it; a change made here is in force as soon as `refresh` says so. */
export class FollowingRegistry implements PluginRegistry {
  readonly #options: RegistryOptions;
  readonly #running = new Map<string, RunningPlugin>();
  readonly #problems = new Map<string, string>();
  readonly #draining = new Set<RunningPlugin>();
  readonly #work = new Set<Promise<void>>();
  readonly #bell = new Bell();
  readonly #tally = new CallTally();
  readonly #polling: ReturnType<typeof setInterval>;
  #change = -1;
  #table: HookTable = { version: 0, hooks: [] };
  #looking: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;
  #trouble = false;
  #disabling: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#polling = setInterval(() => this.#poll(), options.pollMs ?? POLL_MS);
  }

  find(name: string): ActivePlugin | undefined {
    return this.#running.get(name)?.active;
  }

  all(): readonly ActivePlugin[] {
    return [...this.#running.values()].map(({ active }) => active).sort(byName);
  }

  table(): HookTable {
    return this.#table;
  }

  async *watch(signal: AbortSignal): AsyncGenerator<HookTable> {
    for (let told = -1;;) {
      if (signal.aborted) throw abortError(signal);
      const heard = this.#bell.heard(signal);
      heard.catch(() => {}); // told below, or nobody waits for it any more
      if (this.#table.version !== told) {
        told = this.#table.version;
        yield this.#table;
      } else await heard;
    }
  }

  /** How busy plugins are here, for metrics. */
  get load(): PluginLoad {
    const failing = [...this.#running.values()].filter(({ state }) => state.state === "failing").length;
    const { calls, failures, underWay } = this.#tally;
    return { running: this.#running.size, failing, calls, failures, underWay };
  }

  /** How an enabled plugin is doing here. */
  stateOf({ name, digest }: Pick<store.StoredPlugin, "name" | "digest">): RunnerState {
    const problem = this.#problems.get(name);
    if (problem !== undefined) return { state: "failing", problem };
    const running = this.#running.get(name);
    return running?.active.digest === digest ? running.state : { state: "starting" };
  }

  /** Resolves once everything that was in the database when this was called is in force here. */
  refresh(): Promise<void> {
    if (this.#next !== undefined) return this.#next;
    const next = this.#looking.catch(() => {}).then(() => {
      this.#next = undefined;
      this.#looking = this.#look();
      return this.#looking;
    });
    this.#next = next;
    return next;
  }

  /** Resolves once what has failed too often is stored as disabled, so that whoever enables it again comes after that. */
  settled(): Promise<void> {
    return this.#disabling;
  }

  /** Ends every plugin at once. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#polling);
    await this.#next?.catch(() => {});
    await this.#looking.catch(() => {});
    for (const plugin of this.#running.values()) void this.#stop(plugin, 0);
    for (const plugin of this.#draining) plugin.runner.hurry();
    await Promise.all(this.#work);
  }

  #poll(): void {
    this.#keep(
      this.refresh().then(() => {
        this.#trouble = false;
      }, (error) => {
        const level = this.#trouble ? "debug" : "warn";
        this.#trouble = true;
        this.#options.log[level]("Changes of plugins cannot be looked for", { error: toChatError(error) });
      }),
    );
  }

  async #look(): Promise<void> {
    if (this.#closed) return;
    const db = this.#options.database.kysely;
    const change = await store.readChange(db);
    if (change === this.#change) return;
    const stored = await store.readPlugins(db);
    this.#problems.clear();
    const wanted = new Map<string, store.StoredPlugin>();
    for (const plugin of stored) if (plugin.enabled && await this.#isTrusted(plugin)) wanted.set(plugin.name, plugin);
    // Awaited, because folders are removed below.
    await Promise.all([...this.#running.values()].filter(({ active }) => !wanted.has(active.name)).map((plugin) => this.#stop(plugin, 0)));
    for (const plugin of wanted.values()) await this.#run(plugin);
    for (const name of this.#options.logs.names()) if (!stored.some((plugin) => plugin.name === name)) this.#options.logs.forget(name);
    await this.#options.folders.clean(() => store.readDataIds(db));
    this.#change = change;
    this.#tell(change, stored);
  }

  /** One whose signature counts no longer, because its key is trusted no longer, runs no longer. */
  async #isTrusted(plugin: store.StoredPlugin): Promise<boolean> {
    const { trustedKeys } = this.#options;
    if (trustedKeys.length === 0 || plugin.builtIn) return true;
    try {
      await requireSigned(plugin.digest, plugin.signatures, trustedKeys);
      return true;
    } catch (error) {
      this.#problems.set(plugin.name, error instanceof Error ? error.message : String(error));
      return false;
    }
  }

  async #run(plugin: store.StoredPlugin): Promise<void> {
    const before = this.#running.get(plugin.name);
    // One that has been given up does nothing any more: if it shall run all the same, somebody has enabled it again between two looks.
    const stays = before?.active.digest === plugin.digest && before.dataId === plugin.dataId && before.state.state !== "disabled";
    if (stays) return;
    const toRun = await this.#toRun(plugin);
    if (before !== undefined) void this.#stop(before, this.#options.drainMs ?? DRAIN_MS);
    if (toRun === undefined) return;
    const { launcher, logs, log } = this.#options;
    const running = new RunningPlugin(toRun, {
      ...{ launcher, log, dataId: plugin.dataId, tally: this.#tally },
      onLog: (line) => logs.append(plugin.name, line),
      onDisabled: (problem) => this.#keep(this.#disabling = Promise.all([this.#disabling, this.#disable(plugin, problem)]).then(() => {})),
    });
    this.#running.set(plugin.name, running);
  }

  async #toRun(plugin: store.StoredPlugin): Promise<PluginToRun | undefined> {
    const archive = await store.readStoredArchive(this.#options.database.kysely, plugin);
    if (archive === undefined) return undefined; // removed since; the next look sees that
    try {
      // Which names are reserved was looked at when it was installed.
      const { code } = await readArchive(archive, new Set());
      const { name, version, digest, manifest, granted } = plugin;
      const dataDir = granted.data ? this.#options.folders.pathOf(name, plugin.dataId) : undefined;
      return { ...{ name, version, digest, manifest, granted, code }, ...(dataDir === undefined ? {} : { dataDir }) };
    } catch (error) {
      this.#problems.set(plugin.name, `Its archive cannot be read any more: ${error instanceof Error ? error.message : error}`);
      return undefined;
    }
  }

  #stop(plugin: RunningPlugin, drainMs: number): Promise<void> {
    this.#running.delete(plugin.active.name);
    this.#draining.add(plugin);
    const ending = plugin.end(drainMs)
      .catch((error) => this.#options.log.warn("A plugin did not stop cleanly", { plugin: plugin.active.name, error }))
      .finally(() => this.#draining.delete(plugin));
    this.#keep(ending);
    return ending;
  }

  /** What has failed too often is stopped on every server. */
  async #disable({ name, digest }: store.StoredPlugin, told: string): Promise<void> {
    const { database, log } = this.#options;
    // Words of a plugin may stand in it.
    const problem = told.replaceAll("\0", "").slice(0, MAX_PROBLEM_UNITS).toWellFormed();
    log.warn("A plugin has failed too often and is disabled", { plugin: name, problem });
    try {
      await store.setEnabled(database.kysely, name, { enabled: false, problem, failed: true, ifDigest: digest });
      await this.refresh();
    } catch (error) {
      log.warn("A plugin that is disabled could not be stored as such", { plugin: name, error: toChatError(error) });
    }
  }

  #tell(version: number, stored: readonly store.StoredPlugin[]): void {
    const running = this.all().flatMap(({ name, manifest }) => manifest.hooks.map((hook) => ({ plugin: name, hook })));
    const absent = stored.filter(({ name, enabled, failed }) => (enabled || failed) && !this.#running.has(name)).flatMap(guards);
    const hooks = [...running, ...absent];
    // Stable, so that hooks of one plugin and one order stay as its manifest has them.
    this.#table = { version, hooks: hooks.sort((a, b) => a.hook.order - b.hook.order || byName({ name: a.plugin }, { name: b.plugin })) };
    this.#bell.ring();
  }

  #keep(work: Promise<void>): void {
    this.#work.add(work);
    void work.finally(() => this.#work.delete(work));
  }
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : Number(a.name > b.name);
}

/** The hooks of a plugin that nothing may get past, though it does not run; nobody has wanted it off. */
function guards({ name, manifest, granted }: store.StoredPlugin): readonly { readonly plugin: string; readonly hook: PluginHook }[] {
  return manifest.hooks.filter(({ event, onFailure }) => event === BEFORE_CREATE && onFailure === "closed").flatMap((hook) => {
    const rooms = granted.rooms.length === 0 || granted.rooms.includes("*")
      ? hook.rooms
      : granted.rooms.filter((room) => hook.rooms.length === 0 || hook.rooms.includes(room));
    // None would be every room.
    return rooms.length === 0 && hook.rooms.length > 0 ? [] : [{ plugin: name, hook: { ...hook, rooms } }];
  });
}
