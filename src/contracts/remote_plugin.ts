/**
 * What this system and plugins that run as servers of their own ask of each other.
 *
 * @module
 */
import type { CallContext } from "../core/context.ts";
import type { CreateMessageRequest, Message } from "./message.ts";
import type { CapabilityRequest, CapabilityResponse } from "./plugin.ts";

/** On whose behalf a plugin works. */
export interface PluginCaller {
  /** Empty for a schedule. */
  readonly username: string;
  /** Empty: no room. */
  readonly room: string;
  /** Proves the call while it runs; secret. */
  readonly token: string;
  readonly requestId: string;
  /** `host:port` of the server that made the call; empty: the one that the plugin knows. */
  readonly hostAddress: string;
}

/** Asks to run an action. */
export interface PluginCall {
  readonly action: string;
  readonly inputJson: string;
  readonly caller: PluginCaller;
}

/** Asks about an event. */
export interface HookCall {
  readonly event: string;
  readonly draft?: CreateMessageRequest;
  readonly message?: Message;
  readonly caller: PluginCaller;
  /** Decide, and change nothing. */
  readonly dryRun: boolean;
}

/** A question of a plugin, with the token of the call that it works on. */
export interface TokenCapabilityRequest extends CapabilityRequest {
  readonly token: string;
}

/** Answers plugins that run elsewhere. */
export interface PluginHostService {
  /**
   * Uses one capability in the name of whoever triggered the token's call. Throws `unauthenticated` when that call is over or was made by another
   * server, and otherwise what a plugin in the sandbox is told.
   */
  useCapability(request: TokenCapabilityRequest, context: CallContext): Promise<CapabilityResponse>;
}
