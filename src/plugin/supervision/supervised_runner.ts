import type { PluginRunner } from "../runner.ts";

/** A runner that fails now and then, and says so. */
export interface SupervisedRunner extends PluginRunner {
  /**
   * Makes it ready for calls, as far as that is done ahead. Called at the beginning and again after each fault. Rejects when that fails; what is a fault of
   * the plugin is reported as one besides.
   */
  start(): Promise<void>;
}

/** Told of each fault of the plugin, in a sentence without a final stop: a crash, a limit, nonsense; never of an error that its code has thrown. */
export type OnFault = (problem: string) => void;
