/**
 * How words are folded before they are compared: what writers leave out, add or write in two ways is made one, where it does not make another word
 * of it.
 *
 * @module
 */

/** Invisible within words: soft hyphens, joiners and selectors of another shape; and the strokes that only lengthen an Arabic word. */
const INVISIBLE = /[\u00ad\u200c\u200d\u0640\p{Variation_Selector}]/gu;
/** Vowel points of Arabic and Hebrew, which hardly anybody writes; the dot over an i that a Turkish capital leaves; the Hindi point below. */
const POINTS = /[\u064b-\u065f\u0670\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u093c]|(?<=i)\u0307/g;
/** Letters written in two ways. */
const VARIANTS: Readonly<Record<string, string>> = {
  ...{ "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ی": "ي", "ک": "ك", "ς": "σ", "ё": "е", "ँ": "ं" },
};
const VARIANT = new RegExp(`[${Object.keys(VARIANTS).join("")}]`, "g");
const GREEK = /\p{sc=Greek}/u;
/** Accents of Latin and Greek letters, taken apart from them. */
const ACCENTS = /[\u0300-\u036f]/g;

/** Languages whose accents people often leave out, and where a word without them is rarely another one. */
const WITHOUT_ACCENTS: ReadonlySet<string> = new Set(["en", "fr", "es", "it", "pt", "ca", "ro", "nl", "ga", "tr"]);

/** A word in lower case and compatibility form (NFKC), with what varies in writing made one. */
export function foldWord(word: string): string {
  // deno-lint-ignore no-control-regex -- ASCII, the usual case, is its own form
  if (/^[\x00-\x7f]*$/.test(word)) return word.toLowerCase();
  const plain = word.normalize("NFKC").toLowerCase().replace(INVISIBLE, "").replace(POINTS, "").replace(
    VARIANT,
    (letter) => VARIANTS[letter]!,
  );
  return GREEK.test(plain) ? unaccented(plain) : plain;
}

/** A stem as the index has it: without accents where the language's writers often leave them out. After stemming, which needs them. */
export function foldStem(stem: string, language: string): string {
  // deno-lint-ignore no-control-regex -- ASCII has no accents
  if (!WITHOUT_ACCENTS.has(language) || /^[\x00-\x7f]*$/.test(stem)) return stem;
  return unaccented(stem).replaceAll("ı", "i");
}

function unaccented(word: string): string {
  return word.normalize("NFD").replace(ACCENTS, "").normalize("NFC");
}
