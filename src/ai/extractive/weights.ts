import { stem } from "../../text/analysis.ts";
import type { SentenceWords } from "./passage_words.ts";
import type { Question } from "./question.ts";
import { formsAlike } from "./synonyms.ts";

/** A word of the question in the form of a passage's language, and how much it tells. */
export interface WeightedTerm {
  readonly form: string;
  readonly weight: number;
  /** The forms in the passages that stand for it, and how far. */
  readonly matches: readonly (readonly [form: string, value: number])[];
}

/** A word that shares its beginning with one of the question ("invent", "inventor") counts for this much. */
const KIN = 0.5;
/** And so does one that may stand for it. */
const ALIKE = 0.5;
/** Letters of a common beginning at least, and as a share of the longer word; or of an end that is the whole other word ("glass works" in German). */
const KIN_LETTERS = 4;
const KIN_SHARE = 0.6;
/** Where words are put together of words, one may be the beginning of the other ("Orgel", "Orgelwettbewerb"). */
const COMPOUNDING: ReadonlySet<string> = new Set(["de", "nl", "sv", "da", "no", "fi", "hu", "et", "is"]);
const COMPOUND_LETTERS = 5;
/** Most pairs of characters of a question are no word of it: one that no passage has says little. */
const UNKNOWN_PAIR = 0.3;
/** A word that no passage has may be put in other words there. */
const UNKNOWN_WORD = 0.5;

/** The question's words with their inverse sentence frequency over all sentences: log(1 + (N - n + ½) / (n + ½)). */
export function weightsOf(question: Question, language: string, vocabulary: Vocabulary): readonly WeightedTerm[] {
  const { sentences, frequencies } = vocabulary;
  return question.wanted.map(({ token, weight }) => {
    const form = token.paired ? token.word : stem(token.word, language);
    const having = frequencies.get(form) ?? 0;
    // A word that is nowhere tells no more than one that is in one sentence.
    const counted = Math.max(1, having);
    const rarity = Math.log(1 + (sentences - counted + 0.5) / (counted + 0.5));
    const known = having > 0 ? 1 : token.paired ? UNKNOWN_PAIR : UNKNOWN_WORD;
    return { form, weight: weight * rarity * known, matches: token.paired ? [[form, 1]] : matchesOf(form, language, vocabulary) };
  });
}

/** In how many sentences each form stands. */
export interface Vocabulary {
  readonly sentences: number;
  readonly frequencies: ReadonlyMap<string, number>;
  /** Forms by their first and by their last letters, which kin have in common. */
  readonly beginnings: ReadonlyMap<string, readonly string[]>;
  readonly ends: ReadonlyMap<string, readonly string[]>;
}

/** Counts the forms of sentences. */
export function vocabularyOf(sentences: readonly SentenceWords[]): Vocabulary {
  const frequencies = new Map<string, number>();
  for (const { forms } of sentences) for (const form of forms) frequencies.set(form, (frequencies.get(form) ?? 0) + 1);
  const long = [...frequencies.keys()].filter((form) => form.length >= KIN_LETTERS);
  return { sentences: sentences.length, frequencies, beginnings: Map.groupBy(long, beginningOf), ends: Map.groupBy(long, endOf) };
}

const beginningOf = (form: string) => form.slice(0, KIN_LETTERS);
const endOf = (form: string) => form.slice(-KIN_LETTERS);

function matchesOf(
  form: string,
  language: string,
  { frequencies, beginnings, ends }: Vocabulary,
): readonly (readonly [string, number])[] {
  const alike = formsAlike(form, language).filter((other) => frequencies.has(other)).map((other) => [other, ALIKE] as const);
  const near = form.length < KIN_LETTERS ? [] : [...beginnings.get(beginningOf(form)) ?? [], ...ends.get(endOf(form)) ?? []];
  const kin = new Set(near.filter((other) => other !== form && isKin(form, other, language)));
  return [[form, 1], ...alike, ...Array.from(kin, (other) => [other, KIN] as const)];
}

/** How far a text with these forms has a word: 1, a part for one of its kin or one that may stand for it, or 0. */
export function matchOf({ matches }: WeightedTerm, forms: ReadonlySet<string>): number {
  let best = 0;
  for (const [form, value] of matches) if (value > best && forms.has(form)) best = value;
  return best;
}

function isKin(left: string, right: string, language: string): boolean {
  const [short, long] = left.length < right.length ? [left, right] : [right, left];
  if (short.length >= KIN_LETTERS && long.endsWith(short)) return true;
  if (COMPOUNDING.has(language) && short.length >= COMPOUND_LETTERS && long.startsWith(short)) return true;
  const needed = Math.max(KIN_LETTERS, KIN_SHARE * Math.max(left.length, right.length));
  if (left.length < needed || right.length < needed) return false;
  let same = 0;
  while (same < left.length && left[same] === right[same]) same++;
  return same >= needed;
}
