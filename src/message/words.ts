/**
 * How text becomes the words of the search index, the same on every database whatever its locale.
 *
 * Words are runs of letters, digits and marks after compatibility folding (NFKC), lower case and without Latin accents. Scripts that write
 * no spaces (Han, Kana, Thai, Lao, Khmer, Burmese) give one word a character, and a run of them in a query becomes a phrase, so that any
 * part of a sentence is found. An emoji is a word.
 *
 * @module
 */
const WORD = new RegExp(
  "[\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}\\p{sc=Thai}\\p{sc=Lao}\\p{sc=Khmer}\\p{sc=Myanmar}]" +
    "|[[\\p{L}\\p{N}\\p{M}_]--[\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}\\p{sc=Thai}\\p{sc=Lao}\\p{sc=Khmer}\\p{sc=Myanmar}]]+" +
    "|\\p{Extended_Pictographic}",
  "gv",
);

/** Longer words are cut: they are identifiers or noise, and Postgres refuses them above 2 KB. */
const MAX_WORD_CHARACTERS = 128;
/** Postgres keeps positions up to this; what follows is found as a word, but not as part of a phrase. */
const MAX_POSITION = 16_383;
/** Postgres keeps this many positions of a word in one text. */
const MAX_POSITIONS_PER_WORD = 255;

/** The words of a text in order, repeats included. */
export function words(text: string): string[] {
  const folded = text.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").normalize("NFC").toLowerCase();
  return Array.from(folded.matchAll(WORD), ([word]) => cut(word));
}

/** The phrases of a query: a quoted part is one, and so is each part between spaces that the writer left unbroken. */
export function searchPhrases(query: string): string[][] {
  const parts = Array.from(query.matchAll(/"([^"]*)"?|[^\s"]+/g), (match) => match[1] ?? match[0]);
  return parts.map(words).filter((phrase) => phrase.length > 0);
}

/** A Postgres `tsvector` literal of a message's words with their positions, and of its room, which no word can be mistaken for. */
export function wordsVector(room: string, text: string): string {
  const positions = new Map<string, number[]>();
  for (const [index, word] of words(text).entries()) {
    const places = positions.get(word);
    const position = Math.min(index + 1, MAX_POSITION);
    if (places === undefined) positions.set(word, [position]);
    else if (places.length < MAX_POSITIONS_PER_WORD && places.at(-1) !== position) places.push(position);
  }
  return [quoted(roomLexeme(room)), ...Array.from(positions, ([word, places]) => `${quoted(word)}:${places.join(",")}`)].join(" ");
}

/** A Postgres `tsquery` literal: in this room, and every phrase. */
export function wordsQuery(room: string, phrases: readonly (readonly string[])[]): string {
  return [quoted(roomLexeme(room)), ...phrases.map((phrase) => `(${phrase.map(quoted).join(" <-> ")})`)].join(" & ");
}

function roomLexeme(room: string): string {
  return `/${room}`;
}

function quoted(lexeme: string): string {
  return `'${lexeme.replace(/['\\]/g, (character) => character + character)}'`;
}

function cut(word: string): string {
  return word.length <= MAX_WORD_CHARACTERS ? word : word.slice(0, MAX_WORD_CHARACTERS).toWellFormed();
}
