/**
 * The filter language on metadata, in two forms that mean the same.
 *
 * Text: `lang = "en" and (year >= 2020 or not exists(draft)) and tag in ("a", "b")`. A key is a bare word (letters, digits, `_`, `-`, `.`) or
 * stands in quotes; strings stand in double or single quotes, where a backslash takes the next character as it is. `not` binds closest, then
 * `and`, then `or`.
 *
 * JSON: `{"and": [{"eq": ["lang", "en"]}, {"or": [{"ge": ["year", 2020]}, {"not": {"exists": "draft"}}]}, {"in": ["tag", ["a", "b"]]}]}`.
 *
 * Metadata are texts. A number in a filter compares as a number, with entries that are decimal numbers and with nothing else; a string
 * compares as text, by code points. A missing entry equals nothing and is neither greater nor less, so `ne` and `not` hold for it.
 *
 * @module
 */
import { invalidField } from "./errors.ts";
import { parseFilterText } from "./filter_text.ts";
import type { Comparison, Filter } from "./filter_types.ts";

export type { Comparison, Filter };

/** Filters are small; larger ones are attacks or mistakes. */
const MAX_UNITS = 8_192;
const MAX_DEPTH = 32;
const MAX_VALUES = 256;
const COMPARISONS: ReadonlySet<string> = new Set(["eq", "ne", "gt", "lt", "ge", "le"]);
/** What counts as a number in metadata; the same pattern runs in SQL. */
export const DECIMAL = "^-?[0-9]{1,30}(\\.[0-9]{1,30})?$";
const decimal = new RegExp(DECIMAL);

/** Reads a filter of either form; undefined for an empty one. Throws `invalid_argument` that names `field`, what is wrong and where. */
export function parseFilter(text: string, field = "filter"): Filter | undefined {
  if (text.trim() === "") return undefined;
  if (text.length > MAX_UNITS) throw invalidField(field, `must be at most ${MAX_UNITS} characters, got ${text.length}`);
  if (!isStorable(text)) throw invalidField(field, "must be well-formed Unicode without U+0000");
  try {
    const filter = text.trimStart().startsWith("{") ? fromJson(parseJson(text), 0) : parseFilterText(text);
    checkDepth(filter, 0);
    return filter;
  } catch (error) {
    if (error instanceof SyntaxError) throw invalidField(field, error.message);
    throw error;
  }
}

/** Whether metadata pass a filter; SQL made from the same filter says the same. */
export function matches(filter: Filter, metadata: Readonly<Record<string, string>>): boolean {
  switch (filter.kind) {
    case "compare":
      return compare(filter.comparison, entry(metadata, filter.key), filter.value);
    case "in":
      return filter.values.some((value) => compare("eq", entry(metadata, filter.key), value));
    case "exists":
      return entry(metadata, filter.key) !== undefined;
    case "and":
      return filter.parts.every((part) => matches(part, metadata));
    case "or":
      return filter.parts.some((part) => matches(part, metadata));
    case "not":
      return !matches(filter.part, metadata);
  }
}

function entry(metadata: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(metadata, key) ? metadata[key] : undefined;
}

function compare(comparison: Comparison, found: string | undefined, value: string | number): boolean {
  if (comparison === "ne") return !compare("eq", found, value);
  if (found === undefined) return false;
  const order = typeof value === "string" ? codePointOrder(found, value) : decimal.test(found) ? Math.sign(Number(found) - value) : NaN;
  if (comparison === "eq") return order === 0;
  if (comparison === "gt") return order > 0;
  if (comparison === "lt") return order < 0;
  return comparison === "ge" ? order >= 0 : order <= 0;
}

/** As Postgres compares text that is `collate "C"`, which is UTF-8 order: not that of UTF-16 where surrogates come in. */
function codePointOrder(left: string, right: string): number {
  let at = 0;
  while (at < left.length && left.charCodeAt(at) === right.charCodeAt(at)) at++;
  if (at > 0 && /[\uDC00-\uDFFF]/.test(left.charAt(at) + right.charAt(at))) at--;
  return Math.sign((left.codePointAt(at) ?? -1) - (right.codePointAt(at) ?? -1));
}

function checkDepth(filter: Filter, depth: number): void {
  if (depth > MAX_DEPTH) throw new SyntaxError(`must be at most ${MAX_DEPTH} levels deep`);
  if (filter.kind === "and" || filter.kind === "or") { for (const part of filter.parts) checkDepth(part, depth + 1); }
  if (filter.kind === "not") checkDepth(filter.part, depth + 1);
  if (filter.kind === "in" && (filter.values.length === 0 || filter.values.length > MAX_VALUES)) {
    throw new SyntaxError(`must list 1 to ${MAX_VALUES} values after "in", got ${filter.values.length}`);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SyntaxError("begins like JSON and is none");
  }
}

function fromJson(json: unknown, depth: number): Filter {
  if (depth > MAX_DEPTH) throw new SyntaxError(`must be at most ${MAX_DEPTH} levels deep`);
  const entries = typeof json === "object" && json !== null && !Array.isArray(json) ? Object.entries(json) : [];
  const [operator, operand] = entries[0] ?? [];
  if (entries.length !== 1 || operator === undefined) {
    throw new SyntaxError(`must be an object with one operator, got ${shown(json)}`);
  }
  if (operator === "not") return { kind: "not", part: fromJson(operand, depth + 1) };
  if (operator === "and" || operator === "or") return { kind: operator, parts: list(operand).map((part) => fromJson(part, depth + 1)) };
  if (operator === "exists") return { kind: "exists", key: jsonKey(operand) };
  const [key, value, ...more] = list(operand);
  if (more.length > 0) throw new SyntaxError(`must give "${operator}" a key and a value, got ${shown(operand)}`);
  if (operator === "in") return { kind: "in", key: jsonKey(key), values: list(value).map(jsonValue) };
  if (!COMPARISONS.has(operator)) throw new SyntaxError(`has an unknown operator ${shown(operator)}`);
  return { kind: "compare", comparison: operator as Comparison, key: jsonKey(key), value: jsonValue(value) };
}

function list(json: unknown): readonly unknown[] {
  if (Array.isArray(json) && json.length > 0 && json.length <= MAX_VALUES) return json;
  throw new SyntaxError(`must have a list of 1 to ${MAX_VALUES} there, got ${shown(json)}`);
}

function jsonKey(json: unknown): string {
  if (typeof json === "string") return storable(json);
  throw new SyntaxError(`must name a key there, got ${shown(json)}`);
}

function jsonValue(json: unknown): string | number {
  if (typeof json === "boolean") return String(json);
  if (typeof json === "string") return storable(json);
  if (typeof json === "number" && Number.isFinite(json)) return json;
  throw new SyntaxError(`must compare with a string or a number, got ${shown(json)}`);
}

/** JSON's escapes can say what the filter's own text may not hold. */
function storable(text: string): string {
  if (isStorable(text)) return text;
  throw new SyntaxError("must be well-formed Unicode without U+0000, which a JSON escape in it is");
}

function isStorable(text: string): boolean {
  return !text.includes("\0") && text.isWellFormed();
}

function shown(json: unknown): string {
  const text = JSON.stringify(json) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 60).toWellFormed()}…` : text;
}
