/**
 * Plugins: installed, watched over, called.
 *
 * @module
 */
import type {
  DisablePluginRequest,
  ExecutePluginRequest,
  ExecutePluginResponse,
  HookTable,
  InstallPluginRequest,
  InstallPluginResponse,
  ListPluginsRequest,
  ListPluginsResponse,
  MessageService,
  Plugin,
  PluginKey,
  PluginLogLine,
  PluginOutput,
  PluginService,
  RunHooksRequest,
  RunHooksResponse,
  StreamPluginLogsRequest,
  UninstallPluginRequest,
  UninstallPluginResponse,
} from "../contracts/mod.ts";
import { requireRoom } from "../core/caller.ts";
import type { CallContext } from "../core/context.ts";
import { abortError, ChatError } from "../core/errors.ts";
import type { Database } from "../database/database.ts";
import { toChatError } from "../database/errors.ts";
import type { Log } from "../observability/log.ts";
import { Actions } from "./actions.ts";
import { syncBuiltIns } from "./built_ins.ts";
import { DataFolders } from "./data_folders.ts";
import { FollowingRegistry, type PluginLoad } from "./following_registry.ts";
import { HookRunner } from "./hooks/hook_runner.ts";
import { RoomGuard } from "./hooks/room_guard.ts";
import { Installing, type Outcome } from "./installing.ts";
import type { HostedCall, OpenHost, PluginLauncher } from "./launch.ts";
import { PluginLogs } from "./logs.ts";
import type { TrustedKey } from "./packages/signatures.ts";
import type { ActivePlugin, PluginRegistry } from "./registry.ts";
import * as store from "./store.ts";
import { describedPlugin, listedPlugin, type Telling } from "./told.ts";
import * as valid from "./validate.ts";

/** What the plugin service works with. */
export interface PluginServiceOptions {
  readonly database: Database;
  readonly log: Log;
  /** Runs plugins. */
  readonly launcher: PluginLauncher;
  /** Answers them. */
  readonly openHost: OpenHost;
  /** Says who may use which room; absent: no call can be in a room. */
  readonly messages?: MessageService | undefined;
  /** Empty: plugins need no signature. */
  readonly trustedKeys?: readonly TrustedKey[];
  /** Names of environment variables that no plugin may read: the server's own settings. */
  readonly reservedEnv?: ReadonlySet<string>;
  /** Where plugins' folders are; absent: none gets one. */
  readonly dataDir?: string | undefined;
  /** Archives of the plugins that come with this system and are on. */
  readonly builtIn?: readonly Uint8Array[];
  /** How often the database is asked for changes by other servers; default 1 s. */
  readonly pollMs?: number;
  /** How long calls of a replaced version may still take; default 60 s. */
  readonly drainMs?: number;
}

/** A running plugin service. */
export interface RunningPluginService extends PluginService {
  /** What is in force here, for what works with plugins in this process. */
  readonly registry: PluginRegistry;
  /** Runs actions with their values held against their schemas. */
  readonly actions: Actions;
  /** From memory, for metrics. */
  readonly load: PluginLoad;
  /** Ends every plugin; the database stays the caller's to close. Idempotent. */
  close(): Promise<void>;
}

/** Makes a plugin service with what is installed in force. Waits for no plugin to start. */
export async function createPluginService(options: PluginServiceOptions): Promise<RunningPluginService> {
  const service = new StoredPluginService(options);
  try {
    await service.begin();
    return service;
  } catch (error) {
    await service.close();
    throw toChatError(error);
  }
}

/** Of a page as JSON, which takes more than the wire. */
const PAGE_UNITS = 1_048_576;

/** A plugin and what it is asked for. */
interface Admitted {
  readonly plugin: ActivePlugin;
  readonly call: HostedCall;
  readonly action: string;
  readonly inputJson: string;
}

class StoredPluginService implements RunningPluginService {
  readonly registry: FollowingRegistry;
  readonly actions: Actions;
  readonly #options: PluginServiceOptions;
  readonly #db: Database["kysely"];
  readonly #logs = new PluginLogs();
  readonly #installing: Installing;
  readonly #hooks: HookRunner;
  readonly #rooms: RoomGuard;
  readonly #trusted: ReadonlySet<string>;

  constructor(options: PluginServiceOptions) {
    const { database, log, launcher, openHost, messages, trustedKeys = [], reservedEnv = new Set(), dataDir, pollMs, drainMs } = options;
    this.#options = options;
    this.#db = database.kysely;
    this.#trusted = new Set(trustedKeys.map(({ id }) => id));
    this.actions = new Actions(openHost);
    this.#installing = new Installing({ database, log, launcher, trustedKeys, reservedEnv });
    this.registry = new FollowingRegistry({
      ...{ database, log, launcher, trustedKeys, logs: this.#logs, folders: new DataFolders(dataDir, log) },
      ...{ ...(pollMs === undefined ? {} : { pollMs }), ...(drainMs === undefined ? {} : { drainMs }) },
    });
    this.#rooms = new RoomGuard(messages);
    const runAction = this.actions.run.bind(this.actions);
    this.#hooks = new HookRunner({ registry: this.registry, openHost, log, messages, runAction });
  }

  /** Puts in force what is installed. */
  async begin(): Promise<void> {
    await syncBuiltIns(this.#options.builtIn ?? [], { db: this.#db, installing: this.#installing, log: this.#options.log });
    await this.registry.refresh();
  }

  installPlugin(request: InstallPluginRequest, context: CallContext): Promise<InstallPluginResponse> {
    return known(async () => {
      const outcome = await this.#installing.install(request, context);
      if (request.checkOnly !== true) await this.registry.refresh();
      return await this.#installed(outcome, request);
    });
  }

  listPlugins(request: ListPluginsRequest): Promise<ListPluginsResponse> {
    return known(async () => {
      const page = valid.validListing(request);
      const found = await store.listPlugins(this.#db, { ...page, limit: page.limit + 1 });
      const plugins = fitting(found.slice(0, page.limit).map((plugin) => listedPlugin(plugin, this.#telling(plugin))));
      return { plugins, hasMore: found.length > plugins.length };
    });
  }

  getPlugin({ name }: PluginKey): Promise<Plugin> {
    return known(() => this.#told(valid.validName(name)));
  }

  enablePlugin({ name }: PluginKey): Promise<Plugin> {
    return known(() => this.#switch(valid.validName(name), true, ""));
  }

  disablePlugin(request: DisablePluginRequest): Promise<Plugin> {
    return known(() => this.#switch(valid.validName(request.name), false, valid.validReason(request)));
  }

  uninstallPlugin({ name, keepData }: UninstallPluginRequest, { caller }: CallContext): Promise<UninstallPluginResponse> {
    return known(async () => {
      const plugin = valid.validName(name);
      const found = await store.remove(this.#db, plugin, { keepData: keepData === true, check: requireRemovable });
      if (found === undefined) return { success: false, message: `There is no plugin "${plugin}"` };
      await this.registry.refresh();
      this.#options.log.info("Uninstalled a plugin", { plugin, by: caller.id });
      return { success: true, message: `Plugin "${plugin}" was removed${keepData === true ? ", its data were kept" : ", with its data"}` };
    });
  }

  executePlugin(request: ExecutePluginRequest, context: CallContext): Promise<ExecutePluginResponse> {
    return known(async () => {
      const { plugin, call, action, inputJson } = await this.#admit(request, context);
      const startedMs = performance.now();
      const outputJson = await this.actions.run(call, action, inputJson);
      return { outputJson, version: plugin.version, durationMs: Math.round(performance.now() - startedMs) };
    });
  }

  async *streamPlugin(request: ExecutePluginRequest, context: CallContext): AsyncGenerator<PluginOutput> {
    try {
      const { call, action, inputJson } = await this.#admit(request, context);
      yield* this.actions.stream(call, action, inputJson);
    } catch (error) {
      throw toChatError(error);
    }
  }

  dryRunHooks(request: RunHooksRequest, context: CallContext): Promise<RunHooksResponse> {
    return known(() => this.#hooks.run(request, context, { dryRun: true }));
  }

  runHooks(request: RunHooksRequest, context: CallContext): Promise<RunHooksResponse> {
    return known(() => this.#hooks.run(request, context, { dryRun: false }));
  }

  watchHooks(_request: Record<never, never>, { signal }: CallContext): AsyncIterable<HookTable> {
    return this.registry.watch(signal);
  }

  async *streamPluginLogs(request: StreamPluginLogsRequest, { signal }: CallContext): AsyncGenerator<PluginLogLine> {
    const [name, tail] = [valid.validName(request.name), valid.validTail(request)];
    await known(() => this.#read(name));
    yield* this.#logs.read(name, tail, signal);
  }

  get load(): PluginLoad {
    return this.registry.load;
  }

  close(): Promise<void> {
    return this.registry.close();
  }

  async #installed(
    { version, unchanged, missing }: Outcome,
    { disabled, checkOnly }: InstallPluginRequest,
  ): Promise<InstallPluginResponse> {
    if (checkOnly !== true) return { plugin: await this.#told(version.name), unchanged };
    const stored = await store.readPlugin(this.#db, version.name);
    const atMs = Date.now();
    const fresh = {
      enabled: disabled !== true,
      problem: "",
      failed: false,
      builtIn: false,
      installedAtMs: stored?.installedAtMs ?? atMs,
      updatedAtMs: atMs,
      dataId: 0,
    };
    const plugin = unchanged && stored !== undefined ? stored : { ...version, ...fresh };
    const told = describedPlugin(plugin, this.#telling(plugin), await store.readVersions(this.#db, version.name));
    return { plugin: told, unchanged, ...(missing === undefined ? {} : { missing }) };
  }

  async #switch(name: string, enabled: boolean, problem: string): Promise<Plugin> {
    await this.registry.settled();
    if (!await store.setEnabled(this.#db, name, { enabled, problem })) throw noSuchPlugin(name);
    await this.registry.refresh();
    return await this.#told(name);
  }

  async #told(name: string): Promise<Plugin> {
    const plugin = await this.#read(name);
    return describedPlugin(plugin, this.#telling(plugin), await store.readVersions(this.#db, name));
  }

  async #read(name: string): Promise<store.StoredPlugin> {
    const plugin = await store.readPlugin(this.#db, name);
    if (plugin === undefined) throw noSuchPlugin(name);
    return plugin;
  }

  #telling(plugin: store.StoredPlugin): Telling {
    const state = plugin.enabled ? this.registry.stateOf(plugin) : { state: "disabled" as const, problem: plugin.problem };
    return { state, trusted: this.#trusted };
  }

  async #admit(request: ExecutePluginRequest, context: CallContext): Promise<Admitted> {
    const [name, { action, inputJson, room }] = [valid.validName(request.name), valid.validCall(request)];
    if (context.signal.aborted) throw abortError(context.signal);
    if (room !== "") await this.#requireRoom(room, context);
    const plugin = this.registry.find(name) ?? await this.#findAnew(name);
    return { plugin, action, inputJson, call: { plugin, context, room, via: [], dryRun: false } };
  }

  /** The message service says who may use a room. */
  async #requireRoom(room: string, context: CallContext): Promise<void> {
    if (this.#options.messages === undefined) {
      throw new ChatError("failed_precondition", "Field `room` must be empty, because this server has no way to a message service", {
        field: "room",
      });
    }
    requireRoom(context.caller, room);
    await this.#rooms.check(room, context);
  }

  /** One that was installed or enabled elsewhere a moment ago; else says why it is not there. */
  async #findAnew(name: string): Promise<ActivePlugin> {
    const stored = await this.#read(name);
    if (!stored.enabled) {
      const why = stored.problem === "" ? "" : `: ${stored.problem}`;
      throw new ChatError("failed_precondition", `Plugin "${name}" is disabled${why}`, { field: "name" });
    }
    await this.registry.refresh();
    const found = this.registry.find(name);
    if (found !== undefined) return found;
    const state = this.registry.stateOf(stored);
    throw new ChatError("failed_precondition", `Plugin "${name}" does not run: ${"problem" in state ? state.problem : state.state}`, {
      field: "name",
    });
  }
}

/** As many of a page as fit into a message with room to spare, one at least. */
function fitting(plugins: readonly Plugin[]): readonly Plugin[] {
  let units = 0;
  const end = plugins.findIndex((plugin, index) => (units += JSON.stringify(plugin).length) > PAGE_UNITS && index > 0);
  return end < 0 ? plugins : plugins.slice(0, end);
}

function requireRemovable({ builtIn, name }: store.StoredPlugin): void {
  if (!builtIn) return;
  throw new ChatError("failed_precondition", `Plugin "${name}" comes with this system: it can be disabled, not removed`, { field: "name" });
}

function noSuchPlugin(name: string): ChatError {
  return new ChatError("not_found", `There is no plugin "${name}"`, { field: "name" });
}

async function known<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toChatError(error);
  }
}
