import type { Caller, Scope } from "../../core/caller.ts";
import { isScope } from "../../core/caller.ts";
import { limits } from "../../core/limits.ts";
import { refused } from "../token.ts";

/** What a verified token says. */
export type Claims = Readonly<Record<string, unknown>>;

const MAX_SUBJECT = 256;

/**
 * The caller that a verified token is for. Scopes come from `scope` (RFC 8693: words with spaces between) and `scp` (a list, or words); those that
 * this system does not know are other systems' and are passed over. `rooms`, a list, bounds where the token is good for.
 * Throws `unauthenticated` for a subject or name that no user can have.
 */
export function callerOf(claims: Claims, nameClaim: string): Caller {
  const subject = text(claims, "sub", MAX_SUBJECT);
  const { exp, rooms } = claims;
  return {
    ...{
      kind: "jwt",
      id: `jwt:${subject}`,
      name: nameClaim === "sub" ? shortEnough(subject, "sub") : text(claims, nameClaim, limits.nameBytes),
    },
    scopes: new Set<Scope>([...words(claims["scope"]), ...words(claims["scp"])].filter(isScope)),
    ...(rooms === undefined ? {} : { rooms: new Set(roomNames(rooms)) }),
    expiresAtMs: Number(exp) * 1_000,
  };
}

function text(claims: Claims, claim: string, maxBytes: number): string {
  const value = claims[claim];
  // deno-lint-ignore no-control-regex -- that is what no name may hold
  if (typeof value !== "string" || value === "" || !value.isWellFormed() || /[\x00-\x1f\x7f]/.test(value)) {
    throw refused(`The token's claim \`${claim}\` must be text without control characters`);
  }
  return shortEnough(value, claim, maxBytes);
}

function shortEnough(value: string, claim: string, maxBytes: number = limits.nameBytes): string {
  if (new TextEncoder().encode(value).length <= maxBytes) return value;
  throw refused(`The token's claim \`${claim}\` must be at most ${maxBytes} bytes`);
}

function words(claim: unknown): readonly string[] {
  if (typeof claim === "string") return claim.split(" ");
  return Array.isArray(claim) ? claim.filter((word) => typeof word === "string") : [];
}

/** A broken list of rooms must not come to mean all rooms. */
function roomNames(claim: unknown): readonly string[] {
  if (Array.isArray(claim) && claim.every((room) => typeof room === "string")) return claim;
  throw refused("The token's claim `rooms` must be a list of room names");
}
