import { ChatError } from "../../core/errors.ts";
import type { MatchedHook } from "./matching.ts";

/** What a hook may take that says nothing of it, and whose plugin says nothing of its calls: somebody waits for their message meanwhile. */
const HOOK_MS = 5_000;
/** Whatever a manifest says, nobody waits longer for one hook before their message is stored. */
const LONGEST_HOOK_MS = 10_000;

/** How long a hook may take. */
export function timeLimitMs({ plugin, hook }: MatchedHook, longestMs = LONGEST_HOOK_MS): number {
  return Math.min(hook.timeoutMs || plugin.manifest.limits?.callMs || HOOK_MS, longestMs);
}

/** What a plugin is told that was too slow. */
export function tooLate(timeoutMs: number): ChatError {
  return new ChatError("deadline_exceeded", `The plugin took longer than ${timeoutMs} ms`);
}
