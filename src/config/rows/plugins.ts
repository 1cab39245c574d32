import { address, addresses, path, wholeNumber } from "../kinds.ts";
import { builtInPlugins, pluginHosts, trustedKeys } from "../plugin_kinds.ts";
import { given, optional } from "../setting.ts";

/** Other people's code, and what it may have of this machine. */
export const pluginRows = {
  PLUGIN_TRUSTED_KEYS: optional(
    trustedKeys,
    "Keys that plugins must be signed with, as `ID:PUBLIC_KEY` (ed25519, in base64, as `deno task plugin keygen` prints it), separated by commas; one good signature is enough",
    "Unset: plugins need no signature, and whoever has the scope plugins:manage is trusted",
  ),
  PLUGIN_TRUSTED_KEYS_PATH: optional(
    path,
    "File that has such keys, one a line; read at the start",
    "Unset: the keys in `PLUGIN_TRUSTED_KEYS`, if any",
  ),
  PLUGIN_DATA_DIR: optional(
    path,
    "Folder in which each plugin that was granted one has a folder of its own",
    "Unset: `plugins` in `DATA_DIR`",
  ),
  PLUGIN_ENV_PATH: optional(
    path,
    "File of `NAME=value` lines that plugins may be granted by name; read at the start",
    "Unset: there are none; of the server's own environment no plugin sees anything",
  ),
  PLUGIN_REMOTE_ADDRESSES: optional(
    addresses,
    "host:port of every server that a remote plugin may run at, separated by commas",
    "Unset: there are no remote plugins, because the server may not connect to whatever an archive names",
  ),
  PLUGIN_HOST_ADDRESS: optional(
    address,
    "host:port at which remote plugins reach this very server, told to them with each call: where several servers share an address, only the one that made a call knows its token",
    "Unset: plugins ask at the address that they know, which is right where there is one server",
  ),
  PLUGIN_MAX_PROCESSES: given(
    wholeNumber(1, 10_000),
    "32",
    "Processes of all plugins together; calls wait for one in their turn",
    "Some 60 MB each, besides what a plugin itself takes",
  ),
  PLUGIN_MAX_MEMORY_MB: given(
    wholeNumber(16, 1_024),
    "1024",
    "Megabytes (of 1,048,576 bytes) that one process of a plugin may take, whatever its manifest asks for; 128 where that asks for nothing",
    "The most that a manifest can ask for",
  ),
  PLUGIN_MAX_CALL_MS: given(
    wholeNumber(10, 60_000),
    "60000",
    "Milliseconds that one call of a plugin may take, whatever its manifest asks for; 5000 where that asks for nothing",
    "As long as a unary call may take by default",
  ),
  PLUGIN_BUILT_IN: given(
    builtInPlugins,
    "none",
    "Plugins that come with this system and are on, by their names, separated by commas: `word-filter`, `link-preview`, `poll`, `reminder`, `webhook`",
    "A room says only what people say, until somebody wants more",
  ),
  PLUGIN_LINK_PREVIEW_HOSTS: optional(
    pluginHosts,
    "Hosts of which `link-preview` shows pages, each as host or host:port, separated by commas; this machine only by number and port",
    "Unset: it shows none, because whoever writes a link would choose whom the server asks",
  ),
  PLUGIN_WEBHOOK_HOSTS: optional(
    pluginHosts,
    "Hosts that `webhook` may tell of messages, in the same form",
    "Unset: none",
  ),
} as const;
