/**
 * How text becomes the terms of the index, the same on every database whatever its locale: words folded as `letters.ts` says, without the stop words of the text's language, and stemmed by it. Scripts that write no spaces between words give each pair of
 * neighbours; words that are put together of others are one word and each of its parts.
 *
 * @module
 */
import stemmers from "snowball-stemmers";
import { wordParts } from "./identifiers.ts";
import { foldStem, foldWord } from "./letters.ts";
import { lightStem } from "./light_stems.ts";
import { stopWords } from "./stop_words.ts";

/** A piece of text that the index knows, where it stands in the text in UTF-16 code units. */
export interface Token {
  /** Folded, not stemmed. */
  readonly word: string;
  readonly start: number;
  readonly end: number;
  /** A pair of characters of a script without spaces, or one that stands alone: never stemmed, corrected or dropped. */
  readonly paired: boolean;
  /** The words it is put together of, as `getUserName` is; none for most. They have no parts themselves. */
  readonly parts: readonly Token[];
}

/** Scripts without spaces; Hangul too, whose words carry their particles with them. */
const UNSPACED =
  "\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}\\p{sc=Hangul}\\p{sc=Thai}\\p{sc=Lao}\\p{sc=Khmer}\\p{sc=Myanmar}ー\\uff70\\uff9e\\uff9f";
const SPACED = `[[\\p{L}\\p{N}\\p{M}]--[${UNSPACED}]]+`;
/** Soft hyphens, joiners and non-joiners stand within words. */
const RUN = new RegExp(`(?<run>[${UNSPACED}][${UNSPACED}\\p{M}]*)|${SPACED}(?:[\\u00ad\\u200c\\u200d]+${SPACED})*`, "gv");
/** A character with the marks that belong to it, the half-width ones of Katakana too, or the parts of one Korean syllable. */
const LETTER = /[\u1100-\u115f][\u1160-\u11a7][\u11a8-\u11ff]?|\P{M}[\p{M}\uff9e\uff9f]*|\p{M}+/gu;
/** Longer words are cut: they are identifiers or noise. */
export const MAX_WORD_UNITS = 64;

/** The stemmers of `snowball-stemmers` by ISO 639-1 code; "english" is Porter2. */
const STEMMERS: Readonly<Record<string, string>> = {
  ...{ ar: "arabic", hy: "armenian", eu: "basque", ca: "catalan", cs: "czech", da: "danish", nl: "dutch", en: "english", fi: "finnish" },
  ...{ fr: "french", de: "german", hu: "hungarian", it: "italian", ga: "irish", no: "norwegian", nb: "norwegian", pt: "portuguese" },
  ...{ ro: "romanian", ru: "russian", es: "spanish", sl: "slovene", sv: "swedish", ta: "tamil", tr: "turkish" },
};

/** Stems kept per language, so that a text's repeats cost a lookup; dropped as a whole when full. */
const CACHED_STEMS = 50_000;

interface Stemmer {
  stem(word: string): string;
}

const loaded = new Map<string, { readonly stemmer: Stemmer; readonly cache: Map<string, string> }>();

/** The tokens of a text in order, stop words included. */
export function tokens(text: string): Token[] {
  const found: Token[] = [];
  for (const match of text.matchAll(RUN)) {
    if (match.groups?.["run"] !== undefined) pairs(match[0], match.index, found);
    else found.push(wordToken(match[0], match.index));
  }
  return found;
}

/** The same with the parts of each word after it. */
export function tokensAndParts(text: string): Token[] {
  return tokens(text).flatMap((token) => token.parts.length === 0 ? token : [token, ...token.parts]);
}

function wordToken(text: string, start: number): Token {
  const parts = text.length > MAX_WORD_UNITS ? [] : wordParts(text).filter((part) => part.telling).map((part) => ({
    ...{ word: fold(text.slice(part.start, part.end)), start: start + part.start, end: start + part.end, paired: false, parts: [] },
  }));
  return { word: fold(text), start, end: start + text.length, paired: false, parts };
}

function fold(word: string): string {
  return foldWord(word.length <= MAX_WORD_UNITS ? word : word.slice(0, MAX_WORD_UNITS).toWellFormed());
}

function pairs(run: string, offset: number, found: Token[]): void {
  // Folded first, since what is written as two characters may be one, and one several.
  const letters = Array.from(run.matchAll(LETTER)).flatMap(({ 0: text, index }) => {
    const [start, end] = [offset + index, offset + index + text.length];
    return Array.from(fold(text).matchAll(LETTER), ([letter]) => ({ letter, start, end }));
  });
  const add = (word: string, start: number, end: number) => found.push({ word, start, end, paired: true, parts: [] });
  if (letters.length === 1) add(letters[0]!.letter, letters[0]!.start, letters[0]!.end);
  for (let index = 1; index < letters.length; index++) {
    const [left, right] = [letters[index - 1]!, letters[index]!];
    add(left.letter + right.letter, left.start, right.end);
  }
}

/** Languages that are not written in Latin letters, by what they are written in. */
const SCRIPT_OF: Readonly<Record<string, RegExp>> = {
  ...{ ru: /^\p{sc=Cyrillic}/u, uk: /^\p{sc=Cyrillic}/u, ar: /^\p{sc=Arabic}/u, el: /^\p{sc=Greek}/u, hi: /^\p{sc=Devanagari}/u },
  ...{ hy: /^\p{sc=Armenian}/u, ta: /^\p{sc=Tamil}/u, th: /^\p{sc=Thai}/u, ko: /^\p{sc=Hangul}/u, zh: /^\p{sc=Han}/u },
  ja: /^[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}]/u,
};
const LATIN = /^\p{sc=Latin}/u;
/** What a word in foreign letters is mostly of. */
const FOREIGN: readonly (readonly [RegExp, string])[] = [
  [LATIN, "en"],
  ...(["ru", "ar", "el", "hi"] as const).map((language) => [SCRIPT_OF[language]!, language] as const),
];
/** Below it all letters are Latin. */
const BEYOND_LATIN = 0x250;

/** Whether texts of a language are taken apart in a way of its own; all others are treated alike, but for `und`. */
export function hasOwnTerms(language: string): boolean {
  return language === "und" || SCRIPT_OF[language] !== undefined || STEMMERS[language] !== undefined;
}

/** The language of one word in a text: the text's, unless the word stands in letters that this language is not written in. */
function languageOf(word: string, language: string): string {
  const script = SCRIPT_OF[language];
  if (language === "und" || (script === undefined ? word.charCodeAt(0) < BEYOND_LATIN || LATIN.test(word) : script.test(word))) {
    return language;
  }
  return FOREIGN.find(([letters]) => letters.test(word))?.[1] ?? language;
}

/** The term of a token in a text of a language; undefined for a stop word. */
export function termOf(token: Token, language: string): string | undefined {
  if (token.paired) return token.word;
  const own = languageOf(token.word, language);
  return stopWords(own).has(token.word) ? undefined : stem(token.word, own);
}

/** Whether the stem of a word of ASCII letters begins as the word does: what is known of Porter2, and of no stemmer at all. */
export function keepsFirstLetter(language: string): boolean {
  return language === "en" || STEMMERS[language] === undefined;
}

/** A folded word's stem; the word itself in a language without a stemmer. */
export function stem(word: string, language: string): string {
  const algorithm = STEMMERS[language];
  if (algorithm === undefined) return foldStem(lightStem(word), language);
  let entry = loaded.get(language);
  if (entry === undefined) loaded.set(language, entry = { stemmer: stemmers.newStemmer(algorithm), cache: new Map() });
  let stemmed = entry.cache.get(word);
  if (stemmed === undefined) {
    if (entry.cache.size >= CACHED_STEMS) entry.cache.clear();
    entry.cache.set(word, stemmed = foldStem(lightStem(entry.stemmer.stem(word)), language));
  }
  return stemmed;
}
