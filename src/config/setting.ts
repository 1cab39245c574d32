import type { Kind } from "./kinds.ts";

/** One setting. */
export interface Setting<T> {
  readonly kind: Kind<T>;
  /** As it would stand in the environment; absent: unset, or derived from other settings as `why` says. */
  readonly default?: string;
  /** Why this default. */
  readonly why: string;
  /** What it means, with its unit. */
  readonly doc: string;
  /** Never shown; `url` shows the address without user name, password and query, `text` nothing. */
  readonly secret?: "url" | "text";
}

/** A setting that always has a value. */
export type Given<T> = Setting<T> & { readonly default: string };

/** A row with a default. */
export function given<T>(kind: Kind<T>, value: string, doc: string, why: string): Given<T> {
  return { kind, default: value, doc, why };
}

/** A row without one. */
export function optional<T>(kind: Kind<T>, doc: string, why: string, secret?: "url" | "text"): Setting<T> {
  return secret === undefined ? { kind, doc, why } : { kind, doc, why, secret };
}
