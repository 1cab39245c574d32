import { splitHostList } from "./host_list.ts";

/** What a setting's text was read as: a value, or what the text should have been. */
export type Parsed<T> = { readonly value: T } | { readonly wanted: string };

/** A shape that a setting's text must have. */
export interface Kind<T> {
  /** Reads text that is not empty; `wanted` completes the sentence "NAME must be …". */
  parse(text: string): Parsed<T>;
}

/** `true` or `false`, in any case; `1`, `0`, `yes` and `no` too. */
export const flag: Kind<boolean> = {
  parse(text) {
    if (/^(true|1|yes)$/i.test(text)) return { value: true };
    return /^(false|0|no)$/i.test(text) ? { value: false } : { wanted: "true or false" };
  },
};

/** A whole number from `min` to `max`, in decimal digits. */
export function wholeNumber(min: number, max: number): Kind<number> {
  return {
    parse(text) {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
      return value >= min && value <= max ? { value } : { wanted: `a whole number from ${min} to ${max}` };
    },
  };
}

/** One of `values`. */
export function oneOf<const T extends string>(values: readonly T[]): Kind<T> {
  return {
    parse(text) {
      const value = values.find((known) => known === text.toLowerCase());
      return value === undefined ? { wanted: values.join(" or ") } : { value };
    },
  };
}

/** A comma-separated list, not empty, of `values`. */
export function setOf<const T extends string>(values: readonly T[]): Kind<ReadonlySet<T>> {
  const one = oneOf(values);
  return {
    parse(text) {
      const parsed = text.split(",").map((part) => part.trim()).filter((part) => part !== "").map((part) => one.parse(part));
      const found = parsed.flatMap((item) => "value" in item ? [item.value] : []);
      if (found.length === parsed.length && found.length > 0) return { value: new Set(found) };
      return { wanted: `a comma-separated list of ${values.join(", ")}` };
    },
  };
}

/** A host name or an IP address to listen on, without a port; IPv6 may stand in brackets. */
export const host: Kind<string> = {
  parse(text) {
    const bare = text.replace(/^\[(.*)\]$/, "$1");
    const ok = /^[A-Za-z0-9.-]+$/.test(bare) || (/^[0-9A-Fa-f:.]+$/.test(bare) && URL.canParse(`http://[${bare}]`));
    return ok ? { value: bare } : { wanted: "a host name or an IP address without a port" };
  },
};

/** `host:port` of another process, or of several that do the same, separated by commas. */
export const addresses: Kind<readonly string[]> = {
  parse(text) {
    const found = [...new Set(text.split(",").map((part) => part.trim()).filter((part) => part !== ""))];
    return found.length > 0 && found.every(isAddress) ? { value: found } : { wanted: "host:port, or several separated by commas" };
  },
};

/** `host:port`. */
export const address: Kind<string> = {
  parse: (text) => isAddress(text) ? { value: text } : { wanted: "host:port" },
};

function isAddress(text: string): boolean {
  const port = Number(/^(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):(\d{1,5})$/.exec(text)?.[1]);
  return port >= 1 && port <= 65_535;
}

/** A port, 0 for a free one, `off`, or `auto`. */
export const metricsPort: Kind<number | "off" | "auto"> = {
  parse(text) {
    if (/^auto$/i.test(text)) return { value: "auto" };
    if (/^(off|none)$/i.test(text)) return { value: "off" };
    const parsed = wholeNumber(0, 65_535).parse(text);
    return "value" in parsed ? parsed : { wanted: "a port from 0 to 65535, off, or auto" };
  },
};

/** Which calls are logged: `all`, `errors`, `off`, or a share between 0 and 1. */
export const accessLogMode: Kind<"all" | "errors" | "off" | number> = {
  parse(text) {
    const word = oneOf(["all", "errors", "off"]).parse(text);
    if ("value" in word) return word;
    const share = /^(0?\.\d{1,9})$/.test(text) ? Number(text) : NaN;
    return share > 0 ? { value: share } : { wanted: "all, errors, off, or a share such as 0.01" };
  },
};

/** Text that others must not guess, in printable ASCII so that it fits into a header. */
export const token: Kind<string> = {
  parse: (text) => /^[\x21-\x7e]{16,512}$/.test(text) ? { value: text } : { wanted: "16 to 512 printable ASCII characters without spaces" },
};

/** The address of an HTTP API, without user name, password, query and fragment. */
export const httpUrl: Kind<string> = {
  parse(text) {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    const ok = url !== undefined && /^https?:$/.test(url.protocol) && url.username + url.password + url.search + url.hash === "";
    return ok ? { value: text.replace(/\/+$/, "") } : { wanted: "an http:// or https:// address without user name, query and fragment" };
  },
};

/** A name or a key that goes into a request: printable, without spaces. */
export const word: Kind<string> = {
  parse: (text) => /^[\x21-\x7e]{1,512}$/.test(text) ? { value: text } : { wanted: "1 to 512 printable ASCII characters without spaces" },
};

/** A file or folder; not looked at here. */
export const path: Kind<string> = {
  parse: (text) => text.includes("\0") ? { wanted: "a path" } : { value: text },
};

/** The address of a Postgres database; several hosts, separated by commas, are tried in turn. */
export const postgresUrl: Kind<string> = {
  parse(text) {
    const { first, others } = splitHostList(text);
    const ok = URL.canParse(first) && /^postgres(ql)?:$/.test(new URL(first).protocol) &&
      others.every((host) => URL.canParse(`postgres://${host}`));
    return ok ? { value: text } : { wanted: "a postgres:// address" };
  },
};
