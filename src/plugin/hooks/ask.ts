import type { CallContext } from "../../core/context.ts";
import { within } from "../../core/within.ts";
import type { OpenHost } from "../launch.ts";
import type { HookAnswer, HookQuestion, PluginWork } from "../runner.ts";
import type { MatchedHook } from "./matching.ts";
import { tooLate } from "./time.ts";

/** On whose behalf and where a plugin is asked. */
export interface Occasion {
  /** Whose the call is that the plugin's own questions are asked in the name of. */
  readonly context: CallContext;
  /** As the plugin is told. */
  readonly username: string;
  readonly room: string;
  readonly via: readonly string[];
  readonly dryRun: boolean;
  readonly timeoutMs: number;
}

/** Asks one hook. Throws what its runner throws, and `deadline_exceeded` or what the call's signal stands for. */
export function askHook(
  { plugin }: MatchedHook,
  question: HookQuestion,
  occasion: Occasion & { readonly openHost: OpenHost },
): Promise<HookAnswer> {
  return withHost(plugin, occasion, (work) => plugin.runner.runHook(question, work));
}

/** Gives a plugin, for the time of some work, what it may ask of the system. */
export function withHost<T>(
  plugin: MatchedHook["plugin"],
  { context, username, room, via, dryRun, timeoutMs, openHost }: Occasion & { readonly openHost: OpenHost },
  run: (work: PluginWork) => Promise<T>,
): Promise<T> {
  return within({ timeoutMs, late: tooLate, signal: context.signal }, async (signal) => {
    const { requestId, caller, authorization, trace } = context;
    const deadlineAtMs = Math.min(context.deadlineAtMs ?? Infinity, Date.now() + timeoutMs);
    const host = openHost({ plugin, context: { signal, requestId, caller, authorization, trace, deadlineAtMs }, room, via, dryRun });
    const close = () => host.close();
    signal.addEventListener("abort", close, { once: true });
    try {
      return await run({ requestId, username, room, signal, host });
    } finally {
      signal.removeEventListener("abort", close);
      host.close();
    }
  });
}
