/**
 * Checks of single request fields that several services share. Every refusal is an `invalid_argument` that names the field by its proto name and
 * the value found.
 *
 * @module
 */
import { invalidField } from "./errors.ts";
import { limits } from "./limits.ts";

const encoder = new TextEncoder();

/** A text that an empty or absent one leaves out. */
export function optionalText(field: string, value: string | undefined, maxBytes: number): string | undefined {
  return value === undefined || value === "" ? undefined : text(field, value, { minBytes: 1, maxBytes });
}

/** A text of so many bytes that Postgres can store and UTF-8 can say. */
export function text(field: string, value: unknown, size: { readonly minBytes: number; readonly maxBytes: number }): string {
  if (typeof value !== "string") throw invalidField(field, `must be text, got ${typeof value}`);
  const bytes = utf8Bytes(value);
  if (bytes < size.minBytes || bytes > size.maxBytes) {
    throw invalidField(field, `must be ${size.minBytes} to ${size.maxBytes} bytes of UTF-8, got ${bytes}`);
  }
  checkCharacters(field, value);
  return value;
}

/** Refuses what Postgres cannot store (U+0000) and what has no UTF-8 (a lone surrogate). */
export function checkCharacters(field: string, value: string): void {
  const nul = value.indexOf("\0");
  if (nul >= 0) throw invalidField(field, `must not hold U+0000, got one at character ${nul}`);
  if (!value.isWellFormed()) {
    throw invalidField(field, `must be well-formed Unicode, got a lone surrogate at character ${loneSurrogate(value)}`);
  }
}

function loneSurrogate(value: string): number {
  return value.search(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/);
}

function utf8Bytes(value: string): number {
  // A short all-ASCII text, the usual case, needs no encoder to be known to fit; its length is its size.
  // deno-lint-ignore no-control-regex -- all of ASCII, control characters included
  return value.length <= 128 && /^[\x00-\x7f]*$/.test(value) ? value.length : encoder.encode(value).byteLength;
}

/** Metadata of a message or a document, within the limits. */
export function checkedMetadata(metadata: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const entries = Object.entries(metadata);
  if (entries.length > limits.metadataEntries) {
    throw invalidField("metadata", `must have at most ${limits.metadataEntries} entries, got ${entries.length}`);
  }
  let bytes = 0;
  for (const [key, value] of entries) {
    if (typeof value !== "string") throw invalidField("metadata", `must map text to text, got ${typeof value} under one key`);
    bytes += utf8Bytes(key) + utf8Bytes(value);
    checkCharacters("metadata", key);
    checkCharacters("metadata", value);
  }
  if (bytes > limits.metadataBytes) throw invalidField("metadata", `must be at most ${limits.metadataBytes} bytes of UTF-8, got ${bytes}`);
  return metadata;
}

/** A whole number of a range that begins at 0 unless said otherwise. */
export function integer(field: string, value: unknown, range: { readonly min?: number; readonly max: number }): number {
  const min = range.min ?? 0;
  if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > range.max) {
    throw invalidField(field, `must be a whole number from ${min} to ${range.max}, got ${String(value)}`);
  }
  return value;
}
