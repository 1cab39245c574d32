/** How two values are compared. */
export type Comparison = "eq" | "ne" | "gt" | "lt" | "ge" | "le";

/** A parsed filter. */
export type Filter =
  | { readonly kind: "compare"; readonly comparison: Comparison; readonly key: string; readonly value: string | number }
  | { readonly kind: "in"; readonly key: string; readonly values: readonly (string | number)[] }
  | { readonly kind: "exists"; readonly key: string }
  | { readonly kind: "and" | "or"; readonly parts: readonly Filter[] }
  | { readonly kind: "not"; readonly part: Filter };
