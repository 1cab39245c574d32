import { MAX_WORD_UNITS, stem, type Token, tokens } from "../text/analysis.ts";
import { type Query, termsOf } from "./query.ts";

/** For each word of the phrases that the index knows, the terms it stands for. */
export function phraseTerms({ phrases, languages }: Query): readonly (readonly string[])[] {
  return phrases.flat().map((token) => termsOf(token, languages)).filter((terms) => terms.length > 0);
}

/** Whether every phrase stands in the text, word after word; forms of a word are one, and stop words count. */
export function holdsPhrases(
  { content, title, heading, language }: Readonly<Record<"content" | "title" | "heading" | "language", string>>,
  phrases: readonly (readonly Token[])[],
): boolean {
  const wanted = phrases.map((phrase) => phrase.map((token) => formOf(token, language)));
  const texts = [content, title, heading].map((text) => formsOf(text, language));
  return wanted.every((phrase) => texts.some((forms) => holds(forms, phrase)));
}

// deno-lint-ignore no-control-regex -- what is not ASCII may be folded, paired, or no word
const ASCII = /^[\x00-\x7f]*$/;

/** The forms of a text's words in order. English, the usual case, is taken apart without looking for anything else: twenty times as quick. */
export function formsOf(text: string, language: string): readonly string[] {
  if (!ASCII.test(text)) return tokens(text).map((token) => formOf(token, language));
  return text.toLowerCase().split(/[^a-z0-9]+/).filter((word) => word !== "").map((word) => stem(word.slice(0, MAX_WORD_UNITS), language));
}

function formOf(token: Token, language: string): string {
  return token.paired ? token.word : stem(token.word, language);
}

function holds(forms: readonly string[], wanted: readonly string[]): boolean {
  for (let at = 0; at + wanted.length <= forms.length; at++) {
    if (wanted.every((form, index) => forms[at + index] === form)) return true;
  }
  return false;
}
