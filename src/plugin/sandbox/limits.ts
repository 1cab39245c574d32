import type { PluginLimits } from "../../contracts/mod.ts";

const MIB = 1024 * 1024;

/** What a manifest that asks for nothing gets. */
export const DEFAULT_LIMITS: PluginLimits = {
  // Enough for a module with its libraries and some megabytes of data.
  memoryBytes: 128 * MIB,
  // Whoever calls waits, and a person gives up about then.
  callMs: 5_000,
  // What takes longer to compute belongs into a server of its own.
  cpuMs: 2_000,
  // A quarter of what one gRPC message holds.
  outputBytes: MIB,
  concurrency: 2,
};

/** No manifest gets more: one plugin shall not take a small machine. */
export const MAX_LIMITS: PluginLimits = {
  memoryBytes: 1024 * MIB,
  callMs: 60_000,
  cpuMs: 30_000,
  outputBytes: 4 * MIB,
  concurrency: 8,
};

/** The limits that hold for a manifest. */
export function effectiveLimits(asked: Partial<PluginLimits> | undefined): PluginLimits {
  const limit = (name: keyof PluginLimits) => Math.min(asked?.[name] || DEFAULT_LIMITS[name], MAX_LIMITS[name]);
  return {
    memoryBytes: limit("memoryBytes"),
    callMs: limit("callMs"),
    cpuMs: limit("cpuMs"),
    outputBytes: limit("outputBytes"),
    concurrency: limit("concurrency"),
  };
}

/** What holds for every process, whatever its manifest says. */
export const PROCESS_LIMITS = {
  /** The lines of one call together; more is left out. */
  logBytes: 65_536,
  /** Requests and log of one call, as they come in; more is a flood. */
  frameBytes: 8 * MIB,
  /** One request, such as a message with metadata. */
  useBytes: MIB,
  /** Requests at once. */
  uses: 8,
  /** What a call may still do after it was told to end. */
  graceMs: 100,
  /** From the start of the process until its module is loaded. */
  loadMs: 10_000,
  /** The same of a processor; a megabyte of TypeScript takes a tenth of that. */
  loadCpuMs: 2_000,
  /** Then the process is replaced, so that what leaks has an end. */
  calls: 5_000,
  /** The same by processor time, as far as that is seen: of calls that take 50 ms or more. */
  cpuMs: 300_000,
  /** A process's use is looked at after so many calls. */
  lookEvery: 100,
  /** An idle process is kept for so long. */
  idleMs: 60_000,
  /** One file in the plugin's folder. */
  fileBytes: 64 * MIB,
  /** One file of a plugin that has no folder: what the runtime itself keeps, such as tables that a database in memory puts aside. */
  otherFileBytes: 8 * MIB,
  /** The plugin's folder. */
  folderBytes: 256 * MIB,
  folderFiles: 10_000,
  folderEveryMs: 1_000,
  /** What ends a process whose server does not. More than `cpuMs`, the 50 ms of `calls` that nobody looks at, and the longest call. */
  lifetimeCpuSeconds: 600,
} as const;
