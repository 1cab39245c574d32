import type { Kind } from "./kinds.ts";

/** What `NATS_URL` says. */
export interface NatsServers {
  /** `host:port` each; IPv6 in brackets. */
  readonly servers: readonly string[];
  /** At least one of them begins with `tls://`; then none is spoken to in the clear. */
  readonly tls: boolean;
  readonly user?: string;
  readonly password?: string;
  /** A user without a password. */
  readonly token?: string;
}

const WANTED = "nats:// or tls:// addresses, separated by commas";

/** `nats://user:password@host:4222`, several of them separated by commas; `tls://` for TLS. Who names a user in one names the same in all. */
export const natsServers: Kind<NatsServers> = {
  parse(text) {
    const parts = text.split(/,(?=\s*[a-z]+:\/\/)/).map((part) => part.trim());
    const urls = parts.filter((part) => URL.canParse(part)).map((part) => new URL(part));
    if (urls.length < parts.length || urls.some((url) => !/^(nats|tls):$/.test(url.protocol) || url.hostname === "")) {
      return { wanted: WANTED };
    }
    if (urls.some((url) => !/^\/?$/.test(url.pathname) || url.search !== "" || url.hash !== "")) {
      return { wanted: `${WANTED}, without a path` };
    }
    const who = [...new Set(urls.map((url) => `${url.username}:${url.password}`))].filter((pair) => pair !== ":");
    if (who.length > 1) return { wanted: `${WANTED}, with one user for all` };
    const [user = "", password = ""] = (who[0] ?? "").split(":").map(decoded);
    return {
      value: {
        servers: urls.map((url) => `${url.hostname}:${url.port || 4222}`),
        tls: urls.some((url) => url.protocol === "tls:"),
        ...(user === "" ? {} : password === "" ? { token: user } : { user, password }),
      },
    };
  },
};

/** What the subjects of the wake-ups begin with. */
export const subjectPrefix: Kind<string> = {
  parse: (text) =>
    /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/.test(text) ? { value: text } : { wanted: "words of letters, digits, _ and -, joined by dots" },
};

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
