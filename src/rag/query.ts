import type { Kysely } from "kysely";
import type { Correction } from "../contracts/mod.ts";
import type { Schema } from "../database/schema.ts";
import { termOf, type Token, tokens } from "./analysis.ts";
import { inverseFrequency } from "./bm25.ts";
import { type Collection, readFrequencies, readSimilarWords } from "./store_reads.ts";
import { allowedMistakes, grams, isCorrectable, mistakesBetween } from "./words.ts";

/** Languages that the query is read in; a collection's rarer ones are mostly mistaken for it. */
const MAX_LANGUAGES = 4;
/** Unknown words corrected in one query: each costs a statement. */
const MAX_CORRECTIONS = 16;

/** A word of the query. */
export interface QueryWord {
  /** The terms it stands for, one for each language of the collection that tells them apart. */
  readonly terms: readonly string[];
  /** How often the query has it. */
  readonly times: number;
  /** The weight of one occurrence: inverse document frequency of all its terms together. */
  readonly idf: number;
}

/** A query as the index understands it. */
export interface Query {
  readonly words: readonly QueryWord[];
  /** Each phrase as its tokens in order, stop words included. */
  readonly phrases: readonly (readonly Token[])[];
  readonly languages: readonly string[];
  readonly corrections: readonly Correction[];
}

/** Reads a query for a collection. With `exact` unknown words stay as they are. */
export async function readQuery(
  db: Kysely<Schema>,
  collection: Collection,
  { query, exact }: { readonly query: string; readonly exact: boolean },
): Promise<Query> {
  const languages = collection.languages.slice(0, MAX_LANGUAGES);
  const phrases = Array.from(query.matchAll(/"([^"]+)"/g), (match) => tokens(match[1]!)).filter((phrase) => phrase.length > 0);
  const times = new Map<string, { token: Token; times: number }>();
  for (const token of tokens(query)) {
    const known = times.get(token.word);
    if (known === undefined) times.set(token.word, { token, times: 1 });
    else known.times++;
  }
  const asked = [...times.values()].map((word) => ({ ...word, terms: termsOf(word.token, languages) })).filter((word) =>
    word.terms.length > 0
  );
  const frequencies = await readFrequencies(db, collection.id, asked.flatMap((word) => word.terms));
  const corrections: Correction[] = [];
  for (const word of asked) {
    if (exact || corrections.length >= MAX_CORRECTIONS || !isCorrectable(word.token) || word.terms.some((term) => frequencies.has(term))) {
      continue;
    }
    const corrected = await correction(db, collection.id, word.token.word);
    if (corrected === undefined) continue;
    corrections.push({ word: word.token.word, corrected });
    word.terms = termsOf({ ...word.token, word: corrected }, languages);
  }
  if (corrections.length > 0) {
    const fresh = asked.flatMap((word) => word.terms).filter((term) => !frequencies.has(term));
    for (const [term, df] of await readFrequencies(db, collection.id, fresh)) frequencies.set(term, df);
  }
  const words = asked.map(({ terms, times }) => {
    const df = terms.reduce((sum, term) => sum + (frequencies.get(term) ?? 0), 0);
    return { terms, times, idf: inverseFrequency(df, collection.chunks) };
  });
  return { words, phrases, languages, corrections };
}

/** Whether a query has a word to look for in any language; such a query can be answered without looking at a collection's languages. */
export function termsOf(token: Token, languages: readonly string[]): string[] {
  const known = languages.length === 0 ? ["en"] : languages;
  return [...new Set(known.flatMap((language) => termOf(token, language) ?? []))];
}

/** The known word with the fewest mistakes in between, of equals the more frequent; undefined when none is near enough. */
async function correction(db: Kysely<Schema>, id: number, word: string): Promise<string | undefined> {
  const mistakes = allowedMistakes(word);
  const similar = await readSimilarWords(db, id, { grams: grams(word, id), length: word.length, mistakes });
  const near = similar.map((one) => ({ ...one, distance: mistakesBetween(word, one.word, mistakes) }))
    .filter((one) => one.distance > 0 && one.distance <= mistakes);
  return near.toSorted((left, right) => left.distance - right.distance || right.df - left.df)[0]?.word;
}
