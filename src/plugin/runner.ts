/**
 * What stands between this room and other people's code: the same four calls, whether that code runs in a sandbox here or as a server elsewhere.
 *
 * @module
 */
import type { CapabilityRequest, CapabilityResponse, CreateMessageRequest, Message } from "../contracts/mod.ts";

/** What a plugin may ask of the system while it works on one call; in the name of the user who triggered that. */
export interface PluginHost {
  /**
   * Uses one capability. Throws `permission_denied` for what was not granted or what the user may not do, `unauthenticated` once the call is over, and
   * whatever the service asked throws.
   */
  use(request: CapabilityRequest): Promise<CapabilityResponse>;
}

/** One call of a plugin. */
export interface PluginWork {
  /** Names the call in logs. */
  readonly requestId: string;
  /** On whose behalf; empty for a schedule. */
  readonly username: string;
  /** Where it happens; empty: no room. */
  readonly room: string;
  /** Ends the work when the caller has gone or the time is up; its reason is a `ChatError` that says which. */
  readonly signal: AbortSignal;
  readonly host: PluginHost;
}

/** An event that a hook is asked or told of. */
export interface HookQuestion {
  /** `message.before_create`, `message.after_create` or `message.after_delete`. */
  readonly event: string;
  /** Of `message.before_create`: as the hooks before this one have left it. */
  readonly draft?: CreateMessageRequest;
  /** Of the other events. */
  readonly message?: Message;
  /** Decide, and change nothing. */
  readonly dryRun: boolean;
}

/** What a hook decided, as the plugin gave it and not yet believed. */
export interface HookAnswer {
  /** `allow` (also: empty), `rewrite`, `drop` or `respond`. */
  readonly decision: string;
  readonly reason: string;
  readonly draft?: CreateMessageRequest;
  readonly response: string;
}

/**
 * Runs one version of one plugin. Every call throws `ChatError`, and never a plugin's own words as if they were this system's: `unavailable` when the
 * plugin crashed, cannot be started or is being restarted; `resource_exhausted` when it has used up a limit; `deadline_exceeded` or `cancelled` from
 * the signal; `failed_precondition` with the plugin's sentence when its own code refused or threw; `internal` never.
 */
export interface PluginRunner {
  /** Gives the action's output, a JSON text. Input and output are not yet held against their schemas. */
  runAction(action: string, inputJson: string, work: PluginWork): Promise<string>;
  /** Gives the outputs in order. Leaving the loop ends the work. */
  streamAction(action: string, inputJson: string, work: PluginWork): AsyncIterable<string>;
  runHook(question: HookQuestion, work: PluginWork): Promise<HookAnswer>;
  /** Ends everything at once: what still runs gets `unavailable`. Idempotent. */
  close(): Promise<void>;
}

/** A line that a plugin has written to its log. */
export interface RunnerLogLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly text: string;
  /** Empty: outside of every call. */
  readonly requestId: string;
}

/** How a plugin is doing. */
export type RunnerState =
  | { readonly state: "starting" | "enabled" }
  /** It is restarted, with growing pauses. */
  | { readonly state: "failing"; readonly problem: string }
  /** It has failed too often and is not restarted any more. */
  | { readonly state: "disabled"; readonly problem: string };

/** Whom a runner tells. */
export interface RunnerListener {
  onLog(line: RunnerLogLine): void;
  onState(state: RunnerState): void;
}
