/**
 * The shapes of settings about the HTTP gateway.
 *
 * @module
 */
import { type IpBlock, ipBlock } from "../core/ip.ts";
import type { Rate } from "../core/rate_limiter.ts";
import type { Kind, Parsed } from "./kinds.ts";

/** Exact origins, as browsers write them; `none` is the empty list. */
export const origins: Kind<readonly string[]> = {
  parse: (text) =>
    listOf(text, (part) => URL.canParse(part) && /^https?:[^*]*$/.test(part) && new URL(part).origin === part ? part : undefined) ??
      { wanted: "none, or origins such as https://app.example (no path, no `*`, as browsers write them), separated by commas" },
};

/** Host names; `auto` and `any` are themselves. */
export const hostNames: Kind<readonly string[] | "auto" | "any"> = {
  parse(text) {
    if (/^auto$/i.test(text)) return { value: "auto" };
    if (/^any$/i.test(text)) return { value: "any" };
    return listOf(text, (part) => /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(part) ? part.toLowerCase() : undefined) ??
      { wanted: "auto, any, none, or host names without ports, separated by commas" };
  },
};

/** Addresses and blocks of them; `none` is the empty list. */
export const ipBlocks: Kind<readonly IpBlock[]> = {
  parse: (text) => listOf(text, ipBlock) ?? { wanted: "none, or IP addresses and blocks such as 10.0.0.0/8, separated by commas" },
};

/** `COUNT/SECONDS`, `off` or `auto`. */
export const rate: Kind<Rate | "off" | "auto"> = {
  parse(text) {
    if (/^auto$/i.test(text)) return { value: "auto" };
    if (/^(off|none)$/i.test(text)) return { value: "off" };
    const [, count, seconds] = /^(\d{1,9})\/(\d{1,5})$/.exec(text) ?? [];
    if (Number(count) > 0 && Number(seconds) > 0) return { value: { count: Number(count), windowMs: Number(seconds) * 1_000 } };
    return { wanted: "COUNT/SECONDS such as 1000/10, off, or auto" };
  },
};

/** The parts of a list; undefined when one is wrong. */
function listOf<T>(text: string, read: (part: string) => T | undefined): Parsed<readonly T[]> | undefined {
  if (/^none$/i.test(text)) return { value: [] };
  const parts = text.split(",").map((part) => part.trim()).filter((part) => part !== "").map(read);
  const known = parts.filter((part) => part !== undefined);
  return known.length === parts.length && known.length > 0 ? { value: known } : undefined;
}
