import type { ServiceClientOptions } from "../clients/options.ts";
import { PluginServerClient } from "../clients/plugin_server_client.ts";
import type { ConnectPeer } from "../plugin/remote/peer.ts";

/** A plugin's server that comes back is found within a second. */
const LONGEST_BACKOFF_MS = 1_000;
/** This room has its own way of leaving a server alone that is not there. */
const NO_CIRCUIT = 1_000;

/** How this process reaches plugins that are servers of their own: with the TLS files that it shows to other services. */
export function pluginPeers(calling: Omit<ServiceClientOptions, "address">): ConnectPeer {
  // What this process proves itself with to other services is not for plugins.
  const { token: _token, ...rest } = calling;
  return (address, { maxMessageBytes }) =>
    new PluginServerClient({ ...rest, address, maxMessageBytes, backoffMaxMs: LONGEST_BACKOFF_MS, circuitFailures: NO_CIRCUIT });
}
