import type { PluginManifest } from "../../contracts/mod.ts";
import { ChatError } from "../../core/errors.ts";
import type { PluginLauncher, PluginToRun } from "../launch.ts";
import type { ConnectPeer, PluginPeer } from "./peer.ts";
import { checkPeer, type RemoteLimits, RemoteRunner } from "./runner.ts";
import type { CallTokens } from "./tokens.ts";

/** What remote plugins are run with. */
export interface RemoteLauncherOptions {
  readonly connect: ConnectPeer;
  readonly tokens: CallTokens;
  /** Where such plugins may be, as `host:port`: whoever installs one does not choose whom this server connects to. */
  readonly addresses: readonly string[];
  /** What plugins are told to ask at; default: they know. */
  readonly hostAddress?: string;
}

/** What a manifest gets that asks for nothing, and the most that any gets. */
export const REMOTE_LIMITS = {
  /** As long as a person waits; the most that a call of this system may take. */
  callMs: { usual: 5_000, most: 60_000 },
  /** What fits into one message with room to spare. */
  outputBytes: { usual: 1_048_576, most: 4_194_304 },
  /** A server of its own does several things at once, unlike a process in the sandbox. */
  concurrency: { usual: 16, most: 256 },
} as const satisfies Readonly<Record<keyof RemoteLimits, { readonly usual: number; readonly most: number }>>;

/** What comes with an output in its message. */
const ENVELOPE_BYTES = 65_536;
/** Also manifests and hooks' answers must fit. */
const LEAST_MESSAGE_BYTES = 4_194_304;

/** Runs plugins that are servers of their own. */
export function createRemoteLauncher(options: RemoteLauncherOptions): PluginLauncher {
  const { tokens, hostAddress = "" } = options;
  return {
    create(plugin, listener) {
      const { manifest } = plugin;
      const limits = limitsOf(manifest);
      return new RemoteRunner({ manifest, limits, connect: connector(plugin, options), tokens, hostAddress, listener });
    },
    async check(plugin, signal) {
      const peer = connector(plugin, options)();
      try {
        await checkPeer(peer, plugin.manifest, signal);
      } finally {
        await peer.close();
      }
    },
  };
}

/** What connects to the plugin; throws where this server may not. */
function connector({ name, manifest, code }: PluginToRun, { connect, addresses }: RemoteLauncherOptions): () => PluginPeer {
  if (code.kind !== "remote") throw new ChatError("failed_precondition", `Plugin ${name} has code and is no server of its own`);
  // Names of hosts are the same in any letters.
  if (!addresses.some((address) => address.toLowerCase() === code.address.toLowerCase())) {
    const text = `Plugin ${name} runs at ${code.address}, which this server does not connect to: PLUGIN_REMOTE_ADDRESSES does not name it`;
    throw new ChatError("failed_precondition", text);
  }
  const { address } = code;
  const maxMessageBytes = Math.max(LEAST_MESSAGE_BYTES, limitsOf(manifest).outputBytes) + ENVELOPE_BYTES;
  return () => connect(address, { maxMessageBytes });
}

function limitsOf({ limits }: PluginManifest): RemoteLimits {
  const of = (name: keyof RemoteLimits) => Math.min(limits?.[name] || REMOTE_LIMITS[name].usual, REMOTE_LIMITS[name].most);
  return { callMs: of("callMs"), outputBytes: of("outputBytes"), concurrency: of("concurrency") };
}
