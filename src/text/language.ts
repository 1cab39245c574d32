import { FUNCTION_WORDS, LETTERS, SEQUENCES } from "./language_words.ts";

const KNOWN = [
  ...[
    "ar",
    "el",
    "hi",
    "hy",
    "eu",
    "ca",
    "cs",
    "da",
    "nl",
    "en",
    "fi",
    "fr",
    "de",
    "hu",
    "it",
    "ga",
    "no",
    "pt",
    "ro",
    "ru",
    "es",
    "sl",
    "sv",
    "ta",
    "tr",
  ],
  ...["uk", "zh", "ja", "ko", "th"],
] as const;

/** An ISO 639-1 code of a language that the index treats in a way of its own, or "und" for any other. */
export type Language = (typeof KNOWN extends readonly (infer Code)[] ? Code : never) | "und";

/** Enough of a text to tell its language; taken from three places, because beginnings are often lists of names. */
const SAMPLE_UNITS = 1_500;
/** Characters of these scripts are worth about a syllable or a word. */
const DENSE_WEIGHT = 2;
/** One Japanese character in so many is a kana, even in a title. */
const KANA_SHARE = 20;
/** Less evidence than one telling word is none. */
const MIN_SCORE = 0.6;
/** How much better the best language must be than the second. */
const MIN_LEAD = 1.1;
/** Evidence and lead from which on a language is hardly ever mistaken for another; most texts of two sentences have them. */
const SURE_SCORE = 2;
const SURE_LEAD = 1.5;
/** Letters that Russian and Ukrainian have, and their neighbours have not. */
const SURELY_CYRILLIC = /[ыэїє]/;
const LETTER_WEIGHT = 1.5;
/** A sequence of letters may come by chance. */
const SEQUENCE_WEIGHT = 0.3;
const WORD = /[\p{L}\p{M}'’]+/gu;

const SCRIPTS = {
  latin: /\p{sc=Latin}/gu,
  cyrillic: /\p{sc=Cyrillic}/gu,
  arabic: /\p{sc=Arabic}/gu,
  armenian: /\p{sc=Armenian}/gu,
  tamil: /\p{sc=Tamil}/gu,
  thai: /\p{sc=Thai}/gu,
  hangul: /\p{sc=Hangul}/gu,
  han: /\p{sc=Han}/gu,
  kana: /[\p{sc=Hiragana}\p{sc=Katakana}]/gu,
  greek: /\p{sc=Greek}/gu,
  devanagari: /\p{sc=Devanagari}/gu,
  other:
    /[^\P{L}\p{sc=Latin}\p{sc=Cyrillic}\p{sc=Arabic}\p{sc=Armenian}\p{sc=Greek}\p{sc=Devanagari}\p{sc=Tamil}\p{sc=Thai}\p{sc=Hangul}\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}]/gu,
} as const;

type Script = keyof typeof SCRIPTS;
const DENSE: ReadonlySet<Script> = new Set(["thai", "hangul", "han", "kana"]);

/** A text's language, and whether it is hardly ever another one: short texts often tell too little. */
export interface DetectedLanguage {
  readonly language: Language;
  readonly sure: boolean;
}

/** The language that a text is written in, by its script, its commonest words and its letters; "und" when that cannot be told. Takes well under a millisecond. */
export function detectLanguage(text: string): Language {
  return judgeLanguage(text).language;
}

/** The same with whether that is sure. Scripts that one known language is written in leave no doubt. */
export function judgeLanguage(text: string): DetectedLanguage {
  const sample = sampleOf(text).normalize("NFC").toLowerCase();
  const counts = new Map((Object.keys(SCRIPTS) as Script[]).map((script) => [script, countOf(sample, script)]));
  const [script, count] = [...counts].reduce((best, next) => next[1] > best[1] ? next : best);
  if (count === 0) return { language: "und", sure: false };
  if (script === "latin") return latin(sample);
  return { language: beyondLatin(sample, { script, counts }), sure: script !== "cyrillic" || SURELY_CYRILLIC.test(sample) };
}

function beyondLatin(
  sample: string,
  { script, counts }: { readonly script: Exclude<Script, "latin">; readonly counts: ReadonlyMap<Script, number> },
): Language {
  switch (script) {
    case "cyrillic":
      return cyrillic(sample);
    case "arabic":
      // Persian, Urdu and their neighbours have letters that Arabic lacks.
      return /[پچژگکیٹڈںےۆێ]/u.test(sample) ? "und" : "ar";
    case "han":
    case "kana":
      return counts.get("kana")! * KANA_SHARE >= counts.get("han")! + counts.get("kana")! ? "ja" : "zh";
    case "other":
      return "und";
    default:
      return ({ armenian: "hy", greek: "el", devanagari: "hi", tamil: "ta", thai: "th", hangul: "ko" } as const)[script];
  }
}

function sampleOf(text: string): string {
  if (text.length <= 3 * SAMPLE_UNITS) return text;
  const middle = text.length >> 1;
  return [text.slice(0, SAMPLE_UNITS), text.slice(middle, middle + SAMPLE_UNITS), text.slice(-SAMPLE_UNITS)].join(" ");
}

function countOf(sample: string, script: Script): number {
  return (sample.match(SCRIPTS[script])?.length ?? 0) * (DENSE.has(script) ? DENSE_WEIGHT : 1);
}

function cyrillic(sample: string): Language {
  const has = (letters: RegExp) => sample.match(letters)?.length ?? 0;
  const [russian, ukrainian] = [has(/[ыэё]/g), has(/[іїєґ]/g)];
  if (has(/[ђјљњћџѓќўәғқңөұүһ]/g) > russian + ukrainian) return "und";
  if (ukrainian > russian) return "uk";
  // Bulgarian writes ъ within words everywhere and has no ы.
  if (
    russian === 0 &&
    (has(/ъ/g) > 0 ||
      has(/(?<!\p{L})(?:е|са|се|за|от|на|си|със|това)(?!\p{L})/gu) > has(/(?<!\p{L})(?:и|в|не|что|как|это|где|из|по)(?!\p{L})/gu))
  ) {
    return "und";
  }
  return "ru";
}

/** How much a word or letter speaks for a language: less the more languages share it. */
const EVIDENCE = {
  words: weights(FUNCTION_WORDS),
  letters: weights(Object.fromEntries(Object.entries(LETTERS).map(([code, list]) => [code, [...list]]))),
};

function weights(lists: Readonly<Record<string, readonly string[]>>): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const owners = new Map<string, Set<string>>();
  for (const [code, list] of Object.entries(lists)) {
    for (const one of list) owners.set(one, (owners.get(one) ?? new Set()).add(code));
  }
  return new Map([...owners].map(([one, codes]) => [one, new Map([...codes].map((code) => [code, 1 / codes.size]))]));
}

function latin(sample: string): DetectedLanguage {
  const scores = new Map<string, number>();
  const add = (evidence: ReadonlyMap<string, number> | undefined, weight: number) => {
    for (const [code, share] of evidence ?? []) scores.set(code, (scores.get(code) ?? 0) + share * weight);
  };
  for (const [word] of sample.matchAll(WORD)) {
    add(EVIDENCE.words.get(word.replaceAll("’", "'")), 1);
    for (const letter of new Set(word)) if (letter > "\x7f") add(EVIDENCE.letters.get(letter), LETTER_WEIGHT);
  }
  for (const [code, sequence] of Object.entries(SEQUENCES)) {
    scores.set(code, (scores.get(code) ?? 0) + (sample.match(sequence)?.length ?? 0) * SEQUENCE_WEIGHT);
  }
  const [best, second] = [...scores].sort((left, right) => right[1] - left[1]);
  const [score, next] = [best?.[1] ?? 0, second?.[1] ?? 0];
  const language = score < MIN_SCORE || score < MIN_LEAD * next ? undefined : KNOWN.find((code) => code === best?.[0]);
  return { language: language ?? "und", sure: score >= SURE_SCORE && score >= SURE_LEAD * next };
}
