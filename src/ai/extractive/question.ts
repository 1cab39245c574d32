import { termOf, type Token, tokens } from "../../text/analysis.ts";
import { detectLanguage, type Language } from "../../text/language.ts";
import { hanOf } from "./passage_words.ts";
import { type AnswerKind, kindOf, withoutAsking } from "./question_words.ts";

/** A word that an answer should be about, before it is stemmed for a passage's language. */
export interface Wanted {
  readonly token: Pick<Token, "word" | "paired">;
  /** 1 for the question's own words, less for what is taken from earlier turns. */
  readonly weight: number;
}

/** A question as the sentences are held against it. */
export interface Question {
  readonly text: string;
  readonly language: Language;
  readonly kind: AnswerKind;
  readonly wanted: readonly Wanted[];
}

/** Words that stand for something said before. */
const PRONOUN =
  /(?<![\p{L}\p{M}])(?:he|she|it|they|him|his|her|hers|its|their|them|this|that|these|those|there|er|sie|es|ihn|ihm|ihr|sein\p{L}*|ihre\p{L}*|dort|él|ella|ellos|ellas|su|sus|il|elle|ils|elles|sa|son|ses|leur|lui|lei|loro|suo|sua|ele|ela|eles|elas|dele|dela|seu|он|она|оно|они|его|её|ее|их|هو|هي|هم|वह|वे|उसने|उसका|उसकी|उन्होंने|उनका|उनकी|इसका|इसकी|onun|ona|onlar|αυτός|αυτή|του|της|ông ấy|bà ấy|anh ấy|cô ấy|nó|họ)(?![\p{L}\p{M}])|他|她|它|彼|彼女|それ|その|เขา|เธอ|มัน/iu;
/** What a single Chinese character counts. */
const HAN_WEIGHT = 0.4;
const EMPTY_HAN: ReadonlySet<string> = new Set("的了是在有和与與为為这這那一个個不被由于於从從到会會可以之其所用".split(""));
const LEADING = new RegExp(`^(?:${PRONOUN.source})`, "iu");
/** A question of fewer words that say something leans on what was said before. */
const FEW_WORDS = 2;
/** Longer questions are texts, of which the beginning says what they ask. */
const MAX_WANTED = 100;
const EARLIER_WEIGHT = 0.5;
/** What is longer is an answer, of which only the names are the subject. */
const LONG_UNITS = 120;
/** How far back a pronoun reaches. */
const TURNS = 3;
const CAPITAL = /^\p{Lu}/u;

/** Takes a question apart; what was said earlier, oldest first, tells what its pronouns stand for. */
export function questionOf(text: string, earlier: readonly string[] = []): Question {
  const language = detectLanguage(text);
  const subject = withoutAsking(text);
  const own = contentTokens(subject, language).map((token) => ({ token, weight: 1 }));
  const single = hanOf(subject).filter((word) => !EMPTY_HAN.has(word)).map((word) => ({
    token: { word, paired: true },
    weight: HAN_WEIGHT,
  }));
  const seen = new Set<string>();
  const wanted = [...own, ...single, ...meant(text, { words: own.length, earlier })]
    .filter(({ token }) => !seen.has(token.word) && seen.add(token.word)).slice(0, MAX_WANTED);
  return { text, language, kind: kindOf(text), wanted };
}

/** What to search for: the question, with what its pronouns stand for. */
export function searchTextOf(text: string, earlier: readonly string[]): string {
  const own = contentTokens(withoutAsking(text), detectLanguage(text));
  const words = meant(text, { words: own.length, earlier }).map(({ token }) => token.word);
  return [text, ...new Set(words)].join(" ");
}

/** The words of earlier turns that a question leans on; none when it stands by itself. */
function meant(text: string, { words, earlier }: { readonly words: number; readonly earlier: readonly string[] }): readonly Wanted[] {
  const leans = words < FEW_WORDS || PRONOUN.test(text);
  return leans ? earlier.slice(-TURNS).toReversed().flatMap(wantedOfTurn) : [];
}

function contentTokens(text: string, language: string): readonly Token[] {
  return tokens(text).filter((token) => termOf(token, language) !== undefined);
}

function wantedOfTurn(said: string): readonly Wanted[] {
  const short = said.length <= LONG_UNITS;
  const text = short ? withoutAsking(said) : said;
  return contentTokens(text, detectLanguage(said))
    .filter(({ start }) => short || CAPITAL.test(text.slice(start, start + 2)))
    .map((token) => ({ token, weight: EARLIER_WEIGHT }));
}

/** Whether a sentence begins with a word that stands for something in the one before. */
export function startsWithPronoun(sentence: string): boolean {
  return LEADING.test(sentence);
}
