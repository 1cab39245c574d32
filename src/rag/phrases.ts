import { MAX_WORD_UNITS, stem, type Token, tokens } from "../text/analysis.ts";
import { wordParts } from "../text/identifiers.ts";
import { foldWord } from "../text/letters.ts";
import { type Query, termsOf } from "./query.ts";

/** For each word of the phrases that the index knows, the terms it stands for; a word that is put together is known as a whole or by every part. */
export function phraseTerms({ phrases, languages }: Query): readonly (readonly string[])[] {
  return phrases.flatMap(tokens).flatMap((token) => groupsOf(token, languages)).filter((terms) => terms.length > 0);
}

function groupsOf(token: Token, languages: readonly string[]): (readonly string[])[] {
  const whole = termsOf(token, languages);
  if (token.parts.length === 0) return [whole];
  // A stop word among the parts says nothing of whether a chunk has the others.
  return token.parts.map((part) => termsOf(part, languages)).filter((terms) => terms.length > 0).map((terms) => [...whole, ...terms]);
}

/** A text's words in order, as wholes and taken apart; the same for most texts. */
export interface Forms {
  readonly wholes: readonly string[];
  readonly parts: readonly string[];
}

/** Where phrases may stand. */
export type PhraseText = Readonly<Record<"content" | "title" | "heading" | "language", string>>;

/** Looks for phrases, word after word; forms of a word are one, stop words count, and what is put together stands for its parts too. */
export class PhraseMatcher {
  readonly #phrases: readonly string[];
  /** By language, because stems depend on it. */
  readonly #wanted = new Map<string, readonly Forms[]>();

  constructor(phrases: readonly string[]) {
    this.#phrases = phrases;
  }

  /** Whether every phrase stands in the text, its title or its heading. */
  holds({ content, title, heading, language }: PhraseText): boolean {
    let wanted = this.#wanted.get(language);
    if (wanted === undefined) this.#wanted.set(language, wanted = this.#phrases.map((phrase) => formsOf(phrase, language)));
    const texts = [content, title, heading].map((text) => formsOf(text, language));
    return wanted.every((phrase) => texts.some((text) => standsIn(phrase, text)));
  }
}

function standsIn(phrase: Forms, text: Forms): boolean {
  if (holds(text.wholes, phrase.wholes)) return true;
  return (text.parts !== text.wholes || phrase.parts !== phrase.wholes) && holds(text.parts, phrase.parts);
}

// deno-lint-ignore no-control-regex -- what is not ASCII may be folded, paired, or no word
const ASCII = /^[\x00-\x7f]*$/;
/** Where a word of ASCII may have parts. */
const SEAM = /[a-z\d][A-Z]|[A-Z]{2}[a-z]|[A-Za-z]\d|\d[A-Za-z]/;

/** The forms of a text's words. English, the usual case, is taken apart without looking for anything else: twenty times as quick. */
export function formsOf(text: string, language: string): Forms {
  const words = ASCII.test(text)
    ? text.split(/[^A-Za-z0-9]+/).filter((word) => word !== "").map((word) => asciiWord(word, language))
    : tokens(text).map((token) => tokenWord(text, token, language));
  const wholes = words.map(({ whole }) => whole);
  return {
    wholes,
    parts: words.some(({ parts }) => parts.length > 0) ? words.flatMap(({ whole, parts }) => parts.length > 0 ? parts : whole) : wholes,
  };
}

interface WordForms {
  readonly whole: string;
  readonly parts: readonly string[];
}

const NO_PARTS: readonly string[] = [];

function asciiWord(word: string, language: string): WordForms {
  const whole = stem(word.slice(0, MAX_WORD_UNITS).toLowerCase(), language);
  return { whole, parts: word.length <= MAX_WORD_UNITS && SEAM.test(word) ? partForms(word, language) : NO_PARTS };
}

function tokenWord(text: string, { word, paired, parts, start, end }: Token, language: string): WordForms {
  if (paired) return { whole: word, parts: NO_PARTS };
  return { whole: stem(word, language), parts: parts.length > 0 ? partForms(text.slice(start, end), language) : NO_PARTS };
}

/** Single letters too, which are no terms, since a phrase is all of its letters. */
function partForms(word: string, language: string): readonly string[] {
  return wordParts(word).map(({ start, end }) => stem(foldWord(word.slice(start, end)), language)).filter((form) => form !== "");
}

function holds(forms: readonly string[], wanted: readonly string[]): boolean {
  for (let at = 0; at + wanted.length <= forms.length; at++) {
    if (wanted.every((form, index) => forms[at + index] === form)) return true;
  }
  return false;
}
