/** A parameter as both databases take it. */
export type Parameter = string | number | boolean | null | Uint8Array;

/**
 * One rule for both databases: an array becomes an array literal (`$1::text[]`), any other object JSON, a Date ISO text. A string is sent as
 * it is, so what goes into a jsonb column as JSON text is not quoted again; a jsonb *array* must come as text (`JSON.stringify`).
 */
export function toParameter(value: unknown): Parameter {
  if (value === null || value === undefined) return null;
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  if (typeof value === "bigint") return String(value);
  if (value instanceof Uint8Array) return value;
  if (value instanceof Date) return value.toISOString();
  return Array.isArray(value) ? arrayLiteral(value) : JSON.stringify(value);
}

/** `{"a","b",NULL}`: every element quoted, so that a comma, brace, empty string or the word NULL is only text. */
function arrayLiteral(values: readonly unknown[]): string {
  return `{${values.map(arrayElement).join(",")}}`;
}

function arrayElement(value: unknown): string {
  if (Array.isArray(value)) return arrayLiteral(value);
  if (typeof value === "number") return String(value);
  if (value instanceof Uint8Array) return `"\\\\x${value.toHex()}"`;
  const parameter = toParameter(value);
  return parameter === null ? "NULL" : `"${String(parameter).replaceAll(/["\\]/g, "\\$&")}"`;
}
