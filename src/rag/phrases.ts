import { keepsFirstLetter, type Token, tokens } from "../text/analysis.ts";
import { type Forms, formsOf, GAP, isPlain, plainForm, takenApart } from "./phrase_forms.ts";
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

/** Where phrases may stand. */
export type PhraseText = Readonly<Record<"content" | "title" | "heading" | "language", string>>;

/** A phrase in one language. */
interface Wanted {
  readonly forms: Forms;
  /** Undefined where a plain text cannot have it. */
  readonly wholes: RegExp | undefined;
  readonly parts: RegExp | undefined;
}

/** Looks for phrases, word after word; forms of a word are one, stop words count, and what is put together stands for its parts too. */
export class PhraseMatcher {
  readonly #phrases: readonly string[];
  /** By language, because stems depend on it. */
  readonly #wanted = new Map<string, readonly Wanted[]>();

  constructor(phrases: readonly string[]) {
    this.#phrases = phrases;
  }

  /** Whether every phrase stands in the text, its title or its heading. */
  holds({ content, title, heading, language }: PhraseText): boolean {
    let wanted = this.#wanted.get(language);
    if (wanted === undefined) this.#wanted.set(language, wanted = this.#phrases.map((phrase) => wantedIn(phrase, language)));
    const texts = [content, title, heading].filter((text) => text !== "");
    return wanted.every((phrase) => texts.some((text) => standsIn(phrase, text, language)));
  }
}

function wantedIn(phrase: string, language: string): Wanted {
  const forms = formsOf(phrase, language);
  return { forms, wholes: firstLetters(forms.wholes), parts: firstLetters(forms.parts) };
}

/** Finds words in a row that begin as the forms do. Hardly any place of a text does, so hardly any word has to be stemmed. */
function firstLetters(forms: readonly string[]): RegExp | undefined {
  if (!forms.every((form) => /^[a-z0-9]/.test(form))) return undefined;
  return new RegExp(`(?<![a-z0-9])${forms.map((form) => `${form[0]}[a-z0-9]*`).join("[^a-z0-9]+")}`, "gi");
}

function standsIn({ forms, wholes, parts }: Wanted, text: string, language: string): boolean {
  if (keepsFirstLetter(language) && isPlain(text)) {
    if (standsPlain(text, forms.wholes, { begins: wholes, language })) return true;
    const apart = takenApart(text);
    return (apart !== text || forms.parts !== forms.wholes) && standsPlain(apart, forms.parts, { begins: parts, language });
  }
  const found = formsOf(text, language);
  if (stands(found.wholes, forms.wholes)) return true;
  return (found.parts !== found.wholes || forms.parts !== forms.wholes) && stands(found.parts, forms.parts);
}

function standsPlain(
  text: string,
  wanted: readonly string[],
  { begins, language }: { readonly begins: RegExp | undefined; readonly language: string },
): boolean {
  if (begins === undefined) return false;
  begins.lastIndex = 0;
  for (let match = begins.exec(text); match !== null; match = begins.exec(text)) {
    if (match[0].split(GAP).every((word, index) => plainForm(word, language) === wanted[index])) return true;
    begins.lastIndex = match.index + 1;
  }
  return false;
}

function stands(forms: readonly string[], wanted: readonly string[]): boolean {
  for (let at = 0; at + wanted.length <= forms.length; at++) {
    if (wanted.every((form, index) => forms[at + index] === form)) return true;
  }
  return false;
}
