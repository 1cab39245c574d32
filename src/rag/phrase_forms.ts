import { MAX_WORD_UNITS, stem, type Token, tokens } from "../text/analysis.ts";
import { wordParts } from "../text/identifiers.ts";
import { foldWord } from "../text/letters.ts";

/** A text's words in order, as wholes and taken apart; the same for most texts. */
export interface Forms {
  readonly wholes: readonly string[];
  readonly parts: readonly string[];
}

/** Words of ASCII between signs that are in no word: what most English is. Other texts may be folded, paired, or no word. */
const PLAIN =
  // deno-lint-ignore no-control-regex -- all of ASCII
  /^[\x00-\x7f\u00a0-\u00a9\u00ab\u00ac\u00ae-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u00d7\u00f7\u2010-\u2027\u2030-\u205e\u20a0-\u20c0\u2190-\u22ff]*$/;
/** What parts two words of a plain text. */
export const GAP = /[^A-Za-z0-9]+/;
/** Where a plain word may have parts, and a word that has such a place. */
const SEAMS = "(?:[a-z0-9][A-Z]|[A-Z]{2}[a-z]|[A-Za-z][0-9]|[0-9][A-Za-z])";
const SEAM = new RegExp(SEAMS);
const SEAMED_WORDS = new RegExp(`(?<![A-Za-z0-9])[A-Za-z0-9]*${SEAMS}[A-Za-z0-9]*`, "g");

/** Whether {@link GAP} parts the words of a text as the index does. */
export function isPlain(text: string): boolean {
  return PLAIN.test(text);
}

/** The form of a word of a plain text. */
export function plainForm(word: string, language: string): string {
  return stem(word.slice(0, MAX_WORD_UNITS).toLowerCase(), language);
}

/** A plain text with a space wherever two parts of a word meet. */
export function takenApart(text: string): string {
  return SEAM.test(text) ? text.replaceAll(SEAMED_WORDS, (word) => partsOf(word).join(" ")) : text;
}

/** The forms of a text's words. Plain texts are taken apart without looking for anything else: much quicker. */
export function formsOf(text: string, language: string): Forms {
  if (isPlain(text)) {
    const formsIn = (given: string) => given.split(GAP).filter((word) => word !== "").map((word) => plainForm(word, language));
    const [wholes, apart] = [formsIn(text), takenApart(text)];
    return { wholes, parts: apart === text ? wholes : formsIn(apart) };
  }
  const found = tokens(text);
  const formOf = ({ word, paired }: Token) => paired ? word : stem(word, language);
  const wholes = found.map(formOf);
  if (found.every((token) => token.parts.length === 0)) return { wholes, parts: wholes };
  const parts = found.flatMap((token) => {
    if (token.parts.length === 0) return formOf(token);
    return partsOf(text.slice(token.start, token.end)).map((part) => stem(foldWord(part), language)).filter((form) => form !== "");
  });
  return { wholes, parts };
}

/** Single letters too, which are no terms, since a phrase is all of its letters; the word itself when it has no parts. */
function partsOf(word: string): readonly string[] {
  const parts = word.length > MAX_WORD_UNITS ? [] : wordParts(word);
  return parts.length === 0 ? [word] : parts.map(({ start, end }) => word.slice(start, end));
}
