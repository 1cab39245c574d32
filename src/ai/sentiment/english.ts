import { tokens } from "../../text/analysis.ts";
import { detectLanguage } from "../../text/language.ts";
import { stopWords } from "../../text/stop_words.ts";
import { isPolar } from "./vader.ts";

/** Enough of a text to tell its language. */
const SAMPLE_UNITS = 4_000;
const LETTER = /\p{L}/gu;
const LATIN = /\p{sc=Latin}/gu;
const FOREIGN_LETTER = /[^\p{ASCII}]/u;

/**
 * Whether a text is English as far as that can be told, or has no letters at all. A few words are English until something speaks against it:
 * tweets and names look like any language to what counts letters.
 */
export function isEnglish(text: string): boolean {
  const sample = text.slice(0, SAMPLE_UNITS);
  const letters = sample.match(LETTER)?.length ?? 0;
  if (letters === 0) return true;
  if ((sample.match(LATIN)?.length ?? 0) < letters / 2) return false;
  const language = detectLanguage(sample);
  if (language === "en") return true;
  const [own, english] = [stopWords(language), stopWords("en")];
  let against = 0;
  for (const { word } of tokens(sample)) {
    if (own.has(word) !== english.has(word)) against += own.has(word) ? 1 : -1;
    else if (!own.has(word)) against += FOREIGN_LETTER.test(word) ? 1 : isPolar(word) ? -1 : 0;
  }
  return language === "und" ? against <= 1 : against <= 0;
}
