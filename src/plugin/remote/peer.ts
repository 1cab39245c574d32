import type { HookCall, HookDecision, PluginCall, PluginManifest, PluginOutput } from "../../contracts/mod.ts";

/** How one question is asked. */
export interface PeerCallOptions {
  readonly signal: AbortSignal;
  readonly deadlineMs: number;
  readonly requestId: string;
}

/**
 * A connection to a plugin's server, made when it is first needed. Once lost it is of no more use: another server may come in that one's place. Every method throws `ChatError`: `unavailable` when nobody is there, `deadline_exceeded`, what the signal
 * stands for, and otherwise whatever status the server chose, with its words; `internal` also for an answer that cannot be read.
 */
export interface PluginPeer {
  describePlugin(options: PeerCallOptions): Promise<PluginManifest>;
  runAction(call: PluginCall, options: PeerCallOptions): Promise<PluginOutput>;
  streamAction(call: PluginCall, options: PeerCallOptions): AsyncIterable<PluginOutput>;
  runHook(call: HookCall, options: PeerCallOptions): Promise<HookDecision>;
  /** Told when the connection is lost; only once it stood. Calls under way may still end well. */
  onLost(listener: () => void): void;
  close(): Promise<void>;
}

/** Makes a peer for `host:port`, which refuses single messages that are larger; opens no connection yet. */
export type ConnectPeer = (address: string, options: { readonly maxMessageBytes: number }) => PluginPeer;
