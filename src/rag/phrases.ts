import { stem, type Token, tokens } from "./analysis.ts";
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
  const form = (token: Token) => token.paired ? token.word : stem(token.word, language);
  const texts = [content, title, heading].map((text) => tokens(text).map(form));
  return phrases.every((phrase) => {
    const wanted = phrase.map(form);
    return texts.some((forms) => holds(forms, wanted));
  });
}

function holds(forms: readonly string[], wanted: readonly string[]): boolean {
  for (let at = 0; at + wanted.length <= forms.length; at++) {
    if (wanted.every((form, index) => forms[at + index] === form)) return true;
  }
  return false;
}
