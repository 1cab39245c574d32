/**
 * The shapes of settings about plugins.
 *
 * @module
 */
import type { PluginKey } from "./config.ts";
import type { Kind, Parsed } from "./kinds.ts";

const WANTED = "ID:PUBLIC_KEY pairs separated by commas, each key 32 bytes in base64";

/** As many as a manifest may name. */
const MAX_HOSTS = 32;

/** Keys, separated by commas or lines; `#` begins a comment line. */
export const trustedKeys: Kind<readonly PluginKey[]> = {
  parse(text) {
    const lines = text.split(/[,\n]/).map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#"));
    const keys = lines.map(key);
    const wrong = keys.find((one) => "wanted" in one);
    if (wrong !== undefined) return wrong;
    const value = keys.flatMap((one) => "value" in one ? [one.value] : []);
    if (value.length === 0) return { wanted: WANTED };
    return new Set(value.map(({ id }) => id)).size === value.length ? { value } : { wanted: `${WANTED}, each id once` };
  },
};

function key(text: string): Parsed<PluginKey> {
  const [, id = "", encoded = ""] = /^([A-Za-z0-9._-]{1,64}):([A-Za-z0-9+/=_-]{43,44})$/.exec(text) ?? [];
  try {
    const publicKey = Uint8Array.fromBase64(encoded.replaceAll("-", "+").replaceAll("_", "/"));
    return id !== "" && publicKey.length === 32 ? { value: { id, publicKey } } : { wanted: WANTED };
  } catch {
    return { wanted: WANTED };
  }
}

/** Names of plugins; `none` is the empty list. */
export const builtInPlugins: Kind<readonly string[]> = {
  parse(text) {
    if (text.toLowerCase() === "none") return { value: [] };
    const names = [...new Set(text.split(",").map((name) => name.trim()).filter((name) => name !== ""))];
    return names.length > 0 && names.every((name) => /^[a-z][a-z0-9-]{0,63}$/.test(name))
      ? { value: names }
      : { wanted: "none, or names of plugins separated by commas" };
  },
};

/** `host` or `host:port` of servers that a plugin may connect to; what they may be exactly, the manifest's rules say. */
export const pluginHosts: Kind<readonly string[]> = {
  parse(text) {
    const hosts = [...new Set(text.split(",").map((host) => host.trim().toLowerCase()).filter((host) => host !== ""))];
    const isHost = (host: string) => /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]+\])(:[1-9]\d{0,4})?$/.test(host);
    return hosts.length > 0 && hosts.length <= MAX_HOSTS && hosts.every(isHost)
      ? { value: hosts }
      : { wanted: `up to ${MAX_HOSTS} hosts, each as host or host:port, separated by commas` };
  },
};
