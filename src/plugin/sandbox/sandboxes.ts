import type { PluginLimits, PluginManifest, PluginPermissions } from "../../contracts/mod.ts";
import { ChatError, invalidField } from "../../core/errors.ts";
import { entriesOf } from "../plugin_folder.ts";
import type { PluginRunner, RunnerListener } from "../runner.ts";
import { SupervisingRunner } from "../supervision/supervising_runner.ts";
import type { SupervisionOptions } from "../supervision/supervisor.ts";
import { Capacity } from "./capacity.ts";
import { measureBaseKib } from "./base_memory.ts";
import { processCommand, type ProcessPlace } from "./command.ts";
import { type Fault, Faults } from "./faults.ts";
import { effectiveLimits } from "./limits.ts";
import { type PluginCode, PluginProcess } from "./process.ts";
import { SandboxRunner } from "./runner.ts";
import { Warden } from "./warden.ts";

/** What all plugins of a server share. */
export interface SandboxesOptions {
  /**
   * A folder of the server's; `runtime` in it is for the runtime's caches, `data` for the plugins' own folders. No plugin can read it but its own folder.
   */
  readonly stateDir: string;
  /** Processes of all plugins at most; 32 when unset, some 60 MB each. */
  readonly maxProcesses?: number;
}

/** One plugin to run. */
export interface SandboxOptions {
  readonly manifest: PluginManifest;
  readonly code: PluginCode;
  /** What was granted; it holds, whatever the manifest asks for. */
  readonly granted: PluginPermissions;
  /** The folder that is its own, absolute, if it is granted one; when unset the one that goes by its name. */
  readonly dataDir?: string;
  /** The values of granted environment variables, by name. */
  readonly env?: Readonly<Record<string, string>>;
  /** Instead of those that follow from the manifest. */
  readonly limits?: PluginLimits;
  /** Processes that are kept when there is nothing to do; when unset 1 for a plugin that messages wait for, else 0. */
  readonly keepWarm?: number;
  readonly supervision?: SupervisionOptions;
}

const MAX_PROCESSES = 32;

/** Makes a runner once it is known whom to tell of faults. */
type Create = (onFault: (fault: Fault) => void) => SandboxRunner;

/** What the server needs for this: `--allow-run` of it, and reading and writing the state directory. */
export const SANDBOX_SHELL = "/bin/sh";

/** Starts and ends what runs plugins' code; one for a server. */
export class Sandboxes {
  readonly #stateDir: string;
  readonly #capacity: Capacity;
  readonly #warden = new Warden();
  #prepared: Promise<ProcessPlace> | undefined;

  constructor({ stateDir, maxProcesses = MAX_PROCESSES }: SandboxesOptions) {
    this.#stateDir = stateDir.startsWith("/") ? stateDir : `${Deno.cwd()}/${stateDir}`;
    this.#capacity = new Capacity(maxProcesses);
  }

  /** The folder of a plugin, whether it is there or not. */
  dataDir(name: string): string {
    return `${this.#stateDir}/data/${name}`;
  }

  /** Makes a runner, which starts processes as calls need them. Throws `invalid_argument` for permissions that cannot be given. */
  async createRunner(options: SandboxOptions, listener: RunnerListener): Promise<PluginRunner> {
    const create = await this.#prepare(options, listener);
    return new SupervisingRunner(
      options.manifest.name,
      (onFault) => create(({ problem }) => onFault(problem)),
      listener,
      options.supervision,
    );
  }

  /**
   * Loads a module once with its permissions, and tells whether it is what its manifest declares. Throws `failed_precondition` with every problem in a
   * sentence, and `invalid_argument` for permissions that cannot be given.
   */
  async check(options: SandboxOptions, signal: AbortSignal): Promise<void> {
    const create = await this.#prepare({ ...options, keepWarm: 0 }, { onLog() {} });
    const runner = create(() => {});
    try {
      const problems = await runner.check(options.manifest, signal);
      if (problems.length > 0) throw new ChatError("failed_precondition", problems.join("; "));
    } catch (error) {
      // It has not run yet: whatever it does wrong while loading is what is wrong with it.
      if (error instanceof ChatError && (error.code === "unavailable" || error.code === "resource_exhausted")) {
        throw new ChatError("failed_precondition", error.message, { cause: error });
      }
      throw error;
    } finally {
      await runner.close();
    }
  }

  /** The runners must be closed by then. Idempotent. */
  close(): Promise<void> {
    return this.#warden.close();
  }

  async #prepare(options: SandboxOptions, listener: Pick<RunnerListener, "onLog">): Promise<Create> {
    const { manifest: { name, limits: asked, hooks }, code, granted, env = {}, limits = effectiveLimits(asked) } = options;
    // It becomes a folder's name.
    if (!/^[a-z][a-z0-9-]{0,63}$/.test(name)) {
      throw invalidField("name", `must be 1 to 64 of a-z, 0-9 and "-", got ${JSON.stringify(name)}`);
    }
    const place = await (this.#prepared ??= this.#preparePlace().catch((error) => {
      this.#prepared = undefined;
      throw error;
    }));
    const dataDir = granted.data ? options.dataDir ?? this.dataDir(name) : undefined;
    if (dataDir !== undefined) await prepareDataDir(dataDir, name);
    const command = processCommand({ granted, limits, env, dataDir }, place);
    const waitedFor = hooks.some(({ event }) => event === "message.before_create");
    return (onFault) =>
      new SandboxRunner({
        name,
        size: limits.concurrency,
        keepWarm: options.keepWarm ?? (waitedFor ? 1 : 0),
        capacity: this.#capacity,
        start: () =>
          new PluginProcess({ name, code, command, limits, dataDir, warden: this.#warden, onLog: (line) => listener.onLog(line) }),
        onFault,
      }, dataDir === undefined ? undefined : { path: dataDir, full: new Faults(name, limits).folder() });
  }

  /**
   * Where Deno would keep what pages keep (`localStorage`, `caches`) it finds a file instead of a folder: there, no permission is asked for, and all plugins
   * would share it.
   */
  async #preparePlace(): Promise<ProcessPlace> {
    const runtimeDir = `${this.#stateDir}/runtime`;
    await Deno.mkdir(runtimeDir, { recursive: true, mode: 0o700 });
    await Deno.writeTextFile(`${runtimeDir}/location_data`, "");
    return { runtimeDir, baseKib: await measureBaseKib(runtimeDir, this.#warden) };
  }
}

/** Makes a plugin's folder. It cannot make links itself, but Deno would follow one that came there by other ways, such as a copy; so it is not started. */
async function prepareDataDir(dataDir: string, name: string): Promise<void> {
  await Deno.mkdir(dataDir, { recursive: true, mode: 0o700 });
  const link = await firstLink(dataDir).catch((cause) => {
    throw new ChatError("failed_precondition", `The folder of plugin ${name} cannot be looked into`, { cause });
  });
  if (link === undefined) return;
  throw new ChatError(
    "failed_precondition",
    `The folder of plugin ${name} has a symbolic link in it: ${JSON.stringify(link.slice(dataDir.length + 1))}`,
  );
}

async function firstLink(folder: string): Promise<string | undefined> {
  for await (const { name, isSymlink, isDirectory } of entriesOf(folder)) {
    const path = `${folder}/${name}`;
    const found = isSymlink ? path : isDirectory ? await firstLink(path) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}
