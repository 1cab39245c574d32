/** A URL that may name several hosts, as libpq's do: `postgres://user@first:5432,second:5433/database`. */
export interface HostList {
  /** The URL with the first host alone. */
  readonly first: string;
  /** `host` or `host:port` of the others. */
  readonly others: readonly string[];
}

/** Takes a URL with several hosts apart; one with a single host comes back as it is. */
export function splitHostList(text: string): HostList {
  const [, scheme = "", authority = "", rest = ""] = /^([a-z]+:\/\/)([^/?#]*)(.*)$/s.exec(text) ?? [];
  const at = authority.lastIndexOf("@") + 1;
  const [host = "", ...others] = authority.slice(at).split(",");
  return others.length === 0 ? { first: text, others } : { first: `${scheme}${authority.slice(0, at)}${host}${rest}`, others };
}
