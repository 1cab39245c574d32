import { ChatError, invalidField } from "../core/errors.ts";

/**
 * The longest URL taken, in characters. All parameters at their largest, each byte percent-encoded, fit together, but for `filter`,
 * which is 8,192 characters at most and rarely more than a line; Deno itself refuses 65,535.
 */
export const MAX_URL_LENGTH = 61_440;

const METADATA = "metadata.";

/** Query parameters, decoded; `metadata.KEY` parameters stand apart, by KEY. */
export interface Query {
  readonly fields: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a URL's query strictly: a repeated parameter and bytes that are not UTF-8 are refused, not guessed at (`URLSearchParams` would put
 * U+FFFD where they were).
 */
export function readQuery(url: string): Query {
  const pairs = new Map<string, string>();
  for (const part of queryPart(url).split("&")) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    const name = decoded(equals < 0 ? part : part.slice(0, equals));
    if (pairs.has(name)) throw invalidField(name.slice(0, 80), "must be given once, got it twice");
    pairs.set(name, equals < 0 ? "" : decoded(part.slice(equals + 1)));
  }
  const isMetadata = ([name]: [string, string]) => name.startsWith(METADATA);
  const entries = [...pairs];
  return {
    fields: Object.fromEntries(entries.filter((entry) => !isMetadata(entry))),
    metadata: Object.fromEntries(entries.filter(isMetadata).map(([name, value]) => [name.slice(METADATA.length), value])),
  };
}

function queryPart(url: string): string {
  const start = url.indexOf("?");
  return start < 0 ? "" : url.slice(start + 1);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch (error) {
    throw new ChatError("invalid_argument", `The query must be percent-encoded UTF-8, got ${JSON.stringify(text.slice(0, 80))}`, {
      cause: error,
    });
  }
}
