/**
 * The shapes of settings about who calls.
 *
 * @module
 */
import { isScope, type Scope, SCOPES } from "../core/caller.ts";
import type { CertificateRule } from "./config.ts";
import { isPublic } from "../core/hosts.ts";
import type { Kind, Parsed } from "./kinds.ts";

/** A secret that HS256 may be used with: as long as the hash at least (RFC 7518, section 3.2). */
export const jwtSecret: Kind<string> = {
  parse: (text) =>
    /^[\x21-\x7e]{32,1024}$/.test(text) ? { value: text } : { wanted: "32 to 1024 printable ASCII characters without spaces" },
};

/** Where public keys are fetched from: whoever can change them on the way can sign tokens, so not in the clear over a network. */
export const keySetUrl: Kind<string> = {
  parse(text) {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    const safe = url?.protocol === "https:" || (url?.protocol === "http:" && !isPublic(url.hostname.replace(/^\[|\]$/g, "")));
    return url !== undefined && safe && url.username + url.password + url.hash === ""
      ? { value: text }
      : { wanted: "an https:// address (http:// on loopback only) without user name and fragment" };
  },
};

/** Rules for certificates; `none` is the empty list. */
export const certificateRules: Kind<readonly CertificateRule[]> = {
  parse(text) {
    if (text.toLowerCase() === "none") return { value: [] };
    const parsed = text.split(";").map((part) => part.trim()).filter((part) => part !== "").map(rule);
    const problem = parsed.find((one) => "wanted" in one);
    return problem ?? { value: parsed.flatMap((one) => "value" in one ? [one.value] : []) };
  },
};

function rule(text: string): Parsed<CertificateRule> {
  const [san = "", name = "", scopes = "", ...rest] = text.split(/\s+/);
  const named = scopes.split(",").filter((scope) => scope !== "");
  const unknown = named.find((scope) => !isScope(scope));
  if (unknown !== undefined) return { wanted: `a list of rules whose scopes are among ${SCOPES.join(", ")} (not ${unknown})` };
  if (!/^(DNS|URI|email|IP):./.test(san) || name === "" || name.length > 128 || named.length === 0 || rest.length > 0) {
    return { wanted: "none, or rules like `DNS:gateway.chat gateway messages:read,messages:write` separated by semicolons" };
  }
  return { value: { san, name, scopes: named as Scope[] } };
}
