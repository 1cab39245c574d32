import type { Kysely } from "kysely";
import type { Correction } from "../contracts/mod.ts";
import type { Schema } from "../database/schema.ts";
import { hasOwnTerms, termOf, type Token, tokens } from "../text/analysis.ts";
import { inverseFrequency } from "./bm25.ts";
import { detectLanguage } from "../text/language.ts";
import { stopWords } from "../text/stop_words.ts";
import { type Collection, type CollectionState, readCollection, readFrequencies, readSimilarWords } from "./store_reads.ts";
import { allowedMistakes, grams, isCorrectable, mistakesBetween } from "./words.ts";

/** Unknown words corrected in one query: each costs a statement. */
const MAX_CORRECTIONS = 16;
/** What a part of a known word counts, for what the whole does. */
const PART_SHARE = 0.5;
/** Collections whose languages are remembered; then all are forgotten, which costs a statement each. */
const MAX_REMEMBERED = 10_000;

/** A word of the query. */
export interface QueryWord {
  /** The terms it stands for, one for each language of the collection that tells them apart. */
  readonly terms: readonly string[];
  /** How often the query has it; less for a part of a word that is looked for as a whole too. */
  readonly times: number;
  /** The weight of one occurrence: inverse document frequency of all its terms together. */
  readonly idf: number;
}

/** A query as the index understands it. */
export interface Query {
  readonly words: readonly QueryWord[];
  /** What stands in quotes, each with a word in it. */
  readonly phrases: readonly string[];
  readonly languages: readonly string[];
  readonly corrections: readonly Correction[];
}

/** What {@link readQuery} reads. */
export interface Asked {
  readonly collection: string;
  readonly query: string;
  /** Unknown words stay as they are. */
  readonly exact: boolean;
}

/** Reads a query, and the collection as it is at that moment; undefined when nobody has written to the collection. */
export async function readQuery(
  db: Kysely<Schema>,
  { collection: name, query, exact }: Asked,
  expected: LanguageMemory,
): Promise<{ readonly collection: Collection; readonly query: Query } | undefined> {
  for (let guess = queryLanguages(query, expected.of(name));;) {
    const asked = askedWords(query, guess);
    const state = await readCollection(db, name, asked.flatMap((word) => word.terms));
    if (state === undefined) return undefined;
    const known = [...state.collection.languages.keys()];
    const languages = queryLanguages(query, known);
    if (languages.join() !== guess.join()) {
      expected.keep(name, known);
      guess = languages;
      continue;
    }
    const words = telling(asked, state.frequencies);
    const corrections = exact ? [] : await correct(db, words, { ...state, languages });
    const phrases = Array.from(query.matchAll(/"([^"]+)"/g), (match) => match[1]!).filter((phrase) => tokens(phrase).length > 0);
    return { collection: state.collection, query: { words: weighed(words, state), phrases, languages, corrections } };
  }
}

/**
 * The languages of a collection that a query is read in, the one that it seems to be written in first: all, since a short text is often taken for
 * one of another language, and is to be found by its words all the same. Of those that are treated alike one is enough.
 */
function queryLanguages(query: string, known: readonly string[]): readonly string[] {
  const detected = detectLanguage(query);
  const ordered = [...known.filter((language) => language === detected), ...known.filter((language) => language !== detected)];
  const firstUnknown = ordered.find((language) => !hasOwnTerms(language));
  return ordered.filter((language) => hasOwnTerms(language) || language === firstUnknown);
}

/** A word of a query before anything is known of it. */
interface AskedWord {
  readonly token: Token;
  times: number;
  terms: readonly string[];
  /** What the query has it only as a part of. */
  readonly whole: AskedWord | undefined;
}

function askedWords(query: string, languages: readonly string[]): AskedWord[] {
  const words = new Map<string, AskedWord>();
  const add = (token: Token, whole?: AskedWord): AskedWord => {
    const known = words.get(token.word);
    if (known === undefined) {
      const word = { token, times: 1, terms: termsOf(token, languages), whole };
      words.set(token.word, word);
      return word;
    }
    // What stands there by itself too counts as often as it does.
    if (whole === undefined || known.whole !== undefined) known.times++;
    return known;
  };
  const wholes = tokens(query).map((token) => ({ token, word: add(token) }));
  for (const { token, word } of wholes) for (const part of token.parts) add(part, word);
  return [...words.values()].filter((word) => word.terms.length > 0);
}

/** A word that is put together is looked for as a whole where the collection knows it, and by its parts; else by its parts alone. */
function telling(asked: readonly AskedWord[], frequencies: ReadonlyMap<string, number>): AskedWord[] {
  const isKnown = ({ terms }: AskedWord) => terms.some((term) => frequencies.has(term));
  return asked.flatMap((word) => {
    if (word.whole === undefined || !isKnown(word.whole)) return isKnown(word) || word.token.parts.length === 0 ? word : [];
    return isKnown(word) ? { ...word, times: word.times * PART_SHARE } : [];
  });
}

function weighed(asked: readonly AskedWord[], { frequencies, collection }: CollectionState): QueryWord[] {
  return asked.map(({ token, terms, times }) => {
    const df = terms.reduce((sum, term) => sum + (frequencies.get(term) ?? 0), unseen(token.word, collection));
    return { terms, times, idf: inverseFrequency(df, collection.chunks) };
  });
}

/** In how many chunks a word stands that the index does not know of: about all that are in a language of which it is a stop word. */
export function unseen(word: string, { languages, chunks }: Collection): number {
  let share = 0;
  for (const [language, documents] of languages) if (stopWords(language).has(word)) share += documents;
  return Math.round(share * chunks);
}

/** Gives unknown words the terms of the known words that are nearest, and adds their frequencies. */
async function correct(
  db: Kysely<Schema>,
  asked: readonly AskedWord[],
  { collection, frequencies, languages }: CollectionState & { readonly languages: readonly string[] },
): Promise<Correction[]> {
  const unknown = asked.filter(({ token, terms }) => isCorrectable(token) && !terms.some((term) => frequencies.has(term)));
  // All at once: each is a round trip, and they need nothing of each other.
  const found = await Promise.all(
    unknown.slice(0, MAX_CORRECTIONS).map(async (word) => ({
      word,
      corrected: await correction(db, collection.id, word.token.word),
    })),
  );
  const corrections: Correction[] = [];
  for (const { word, corrected } of found) {
    if (corrected === undefined) continue;
    corrections.push({ word: word.token.word, corrected });
    word.terms = termsOf({ ...word.token, word: corrected }, languages);
  }
  const fresh = unknown.flatMap((word) => word.terms).filter((term) => !frequencies.has(term));
  if (corrections.length > 0) {
    for (const [term, df] of await readFrequencies(db, collection.id, fresh)) frequencies.set(term, df);
  }
  return corrections;
}

/** The languages that collections were last seen to have, so that a query can be taken apart before its collection is read. */
export class LanguageMemory {
  readonly #languages = new Map<string, readonly string[]>();

  of(collection: string): readonly string[] {
    return this.#languages.get(collection) ?? ["en"];
  }

  keep(collection: string, languages: readonly string[]): void {
    if (this.#languages.size >= MAX_REMEMBERED) this.#languages.clear();
    this.#languages.set(collection, languages);
  }
}

/** Whether a query has a word to look for in any language; such a query can be answered without looking at a collection's languages. */
export function termsOf(token: Token, languages: readonly string[]): string[] {
  const known = languages.length === 0 ? ["en"] : languages;
  return [...new Set(known.flatMap((language) => termOf(token, language) ?? []))];
}

/** The known word with the fewest mistakes in between, of equals the more frequent; undefined when none is near enough. */
async function correction(db: Kysely<Schema>, id: number, word: string): Promise<string | undefined> {
  const mistakes = allowedMistakes(word);
  const similar = await readSimilarWords(db, id, { word, grams: grams(word, id), mistakes });
  const near = similar.map((one) => ({ ...one, distance: mistakesBetween(word, one.word, mistakes) }))
    .filter((one) => one.distance > 0 && one.distance <= mistakes);
  return near.toSorted((left, right) => left.distance - right.distance || right.df - left.df)[0]?.word;
}
