import { addresses, path } from "../kinds.ts";
import { builtInPlugins, trustedKeys } from "../plugin_kinds.ts";
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
  PLUGIN_BUILT_IN: given(
    builtInPlugins,
    "none",
    "Plugins that come with this system and are on, by their names, separated by commas",
    "A room says only what people say, until somebody wants more",
  ),
} as const;
