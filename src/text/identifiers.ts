/**
 * How words that programs and writers put together without a space are taken apart: `getUserName`, `HTTPServer`, `user2name`, `sha256`, `10mg`.
 *
 * @module
 */

/** Marks that belong to the letter before, and what stands invisibly between letters. */
const MARKS = "[\\p{M}\\u00ad\\u200c\\u200d]*";
const CAPITAL = `(?:\\p{Lu}${MARKS})`;
const SMALL_LETTER = "[\\p{L}--\\p{Lu}]";
const SMALL = `(?:${SMALL_LETTER}${MARKS})`;
/** An ordinal number, capitals with the s of a plural, capitals before another word, a word, a number, or anything else. */
const PART = new RegExp(
  [
    "\\p{Nd}+(?:st|nd|rd|th)(?!\\p{L})",
    `${CAPITAL}{2,}s(?!${SMALL_LETTER})`,
    `${CAPITAL}+(?![${SMALL_LETTER}\\p{M}\\u00ad\\u200c\\u200d])`,
    `${CAPITAL}?${SMALL}+`,
    "\\p{Nd}+",
    ".",
  ].join("|"),
  "gsv",
);
/** Where parts may meet; hardly any word of prose has such a place. */
const SEAM = /\p{L}\p{M}*\p{Nd}|\p{Nd}\p{L}|[\p{Ll}\p{Lo}]\p{M}*\p{Lu}|\p{Lu}\p{Lu}\p{Ll}/u;
const LETTER = /\p{L}/gu;
const NUMBER = /^\p{Nd}/u;

/** Where a part of a word stands in it, in UTF-16 code units. */
export interface WordPart {
  readonly start: number;
  readonly end: number;
  /** Whether it says something on its own: a number, or more than one letter. */
  readonly telling: boolean;
}

/** The parts that a word is put together of, all of them in order; none for a word that is one, and where the parts would tell nothing (`v2`, `PhD`, `20th`). */
export function wordParts(word: string): readonly WordPart[] {
  if (!SEAM.test(word)) return [];
  const parts = Array.from(word.matchAll(PART), ({ 0: text, index }) => {
    const letters = text.match(LETTER)?.length ?? 0;
    return { start: index, end: index + text.length, letters, telling: letters > 1 || NUMBER.test(text) };
  });
  const telling = parts.filter((part) => part.telling);
  const most = Math.max(0, ...telling.map((part) => part.letters));
  const isOne = parts.length === 1 || most < 2 || (telling.length === 1 && most < 3);
  return isOne ? [] : parts.map(({ start, end, telling }) => ({ start, end, telling }));
}
