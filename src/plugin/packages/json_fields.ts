/**
 * Reads JSON that strangers have written, field by field: what is not known is refused by its name, and every refusal says where and what was found.
 *
 * @module
 */
import { invalidField } from "../../core/errors.ts";
import { integer, text } from "../../core/fields.ts";

const MAX_SHOWN = 64;
const MAX_ITEMS_SHOWN = 8;

/** A value found, cut so that it fits into a sentence; cheap however large the value is. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, MAX_SHOWN)) + (value.length > MAX_SHOWN ? "…" : "");
  if (Array.isArray(value)) {
    return `[${value.slice(0, MAX_ITEMS_SHOWN).map(shownItem).join(", ")}${value.length > MAX_ITEMS_SHOWN ? ", …" : ""}]`;
  }
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

function shownItem(item: unknown): string {
  return Array.isArray(item) ? "a list" : shown(item);
}

/** Reads a JSON text of bounded depth; `field` names it in refusals. */
export function parseJson(field: string, json: string, maxDepth: number): unknown {
  checkDepth(field, json, maxDepth);
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw invalidField(field, `must be JSON, got ${shown(json)} (${cause instanceof Error ? cause.message.slice(0, 128) : "unreadable"})`);
  }
}

/** Counted in the text, because whatever walks the value afterwards has a stack. */
function checkDepth(field: string, json: string, maxDepth: number): void {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === 0x22) quoted = !quoted;
    else if (quoted) at += code === 0x5c ? 1 : 0;
    else if (code === 0x5b || code === 0x7b) {
      if (++depth > maxDepth) throw invalidField(field, `must nest at most ${maxDepth} deep, got more at character ${at}`);
    } else if (code === 0x5d || code === 0x7d) depth--;
  }
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A JSON object of which every field is known. */
export class JsonObject {
  readonly path: string;
  readonly #value: Readonly<Record<string, unknown>>;

  constructor(path: string, value: unknown, known: readonly string[]) {
    if (!isObject(value)) throw invalidField(path, `must be an object, got ${shown(value)}`);
    const unknown = Object.keys(value).find((key) => !known.includes(key));
    if (unknown !== undefined) throw invalidField(path, `must have no field but ${known.join(", ")}, got ${shown(unknown)}`);
    this.path = path;
    this.#value = value;
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#value, key);
  }

  /** The value as it is; undefined where there is none. */
  raw(key: string): unknown {
    return this.has(key) ? this.#value[key] : undefined;
  }

  at(key: string): string {
    return `${this.path}.${key}`;
  }

  /** A text that may be left out unless it needs a byte at least. */
  text(key: string, size: { readonly minBytes?: number; readonly maxBytes: number }): string {
    const value = this.raw(key);
    return text(this.at(key), value === undefined ? "" : value, { minBytes: size.minBytes ?? 0, maxBytes: size.maxBytes });
  }

  /** One of these words; left out, it is the first one. */
  word<const T extends string>(key: string, words: readonly T[]): T {
    const value = this.raw(key) ?? words[0];
    const found = words.find((word) => word === value);
    if (found === undefined) {
      throw invalidField(
        this.at(key),
        `must be ${words.map((word) => `"${word}"`).join(" or ")}, got ${shown(value)}`,
      );
    }
    return found;
  }

  /** A text of that form, such as `"a"`; `wanted` completes "must be …". */
  matching(key: string, form: RegExp, wanted: string): string {
    const value = this.text(key, { maxBytes: 512 });
    if (!form.test(value)) throw invalidField(this.at(key), `must be ${wanted}, got ${shown(value)}`);
    return value;
  }

  /** False where it is left out. */
  flag(key: string): boolean {
    const value = this.raw(key) ?? false;
    if (typeof value !== "boolean") throw invalidField(this.at(key), `must be true or false, got ${shown(value)}`);
    return value;
  }

  /** 0 where it is left out. */
  integer(key: string, range: { readonly min?: number; readonly max: number }): number {
    return integer(this.at(key), this.raw(key) ?? 0, range);
  }

  /** Empty where it is left out. */
  list<T>(key: string, maxItems: number, read: (path: string, value: unknown) => T): readonly T[] {
    const value = this.raw(key) ?? [];
    if (!Array.isArray(value)) throw invalidField(this.at(key), `must be a list, got ${shown(value)}`);
    if (value.length > maxItems) throw invalidField(this.at(key), `must have at most ${maxItems} entries, got ${value.length}`);
    return value.map((item, index) => read(`${this.at(key)}[${index}]`, item));
  }
}

/** Refuses a list that has one thing twice. */
export function checkUnique<T>(path: string, items: readonly T[], keyOf: (item: T) => string): void {
  const seen = new Set<string>();
  for (const [index, item] of items.entries()) {
    const key = keyOf(item);
    if (seen.has(key)) throw invalidField(`${path}[${index}]`, `must be there once, got ${shown(key)} again`);
    seen.add(key);
  }
}
