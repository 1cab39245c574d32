/**
 * Answers in the words of the passages: the sentences that answer a question best, or none when the passages do not seem to hold an answer. Nothing
 * is written that is not in them.
 *
 * A sentence is scored by the question's words in it, each with its weight (inverse sentence frequency as in BM25: Robertson and Zaragoza,
 * "The Probabilistic Relevance Framework", 2009), by those of its neighbours, of the passage's first sentence and of the title above it in part, by the question's pairs of
 * words that stand together in it, by whether it has what the question asks for (a date, a number, a name, a reason; answer types after Hirschman et al.,
 * "Deep Read: A Reading Comprehension System", ACL 1999), and by how much of the question its passage is about.
 *
 * @module
 */
import { detectLanguage } from "../../text/language.ts";
import type { ExtractedAnswer, ExtractiveQuestion, SourcePassage } from "../methods.ts";
import { type PassageWords, passageWords, type SentenceWords } from "./passage_words.ts";
import { type Question, questionOf, startsWithPronoun } from "./question.ts";
import { type AnswerKind, answersKind } from "./question_words.ts";
import { matchOf, vocabularyOf, type WeightedTerm, weightsOf } from "./weights.ts";

/** How many sentences an answer has at most. */
const MAX_SENTENCES = 3;
/** What a word counts that is not in the sentence but next to it, or in the title. */
const NEIGHBOUR = 0.1;
const TITLE = 0.6;
const TOPIC = 0.55;
/** The same, where the sentence begins with a pronoun that stands for something in the one before. */
const POINTED_TO = 0.5;
/** What a pair of the question's words that stand together in the sentence adds to their weights. */
const PAIR = 0.25;
/** How far apart they may stand. */
const PAIR_REACH = 2;
/** A sentence with what is asked for counts this much more, and one without it less. */
const HAS_KIND = 1.4;
const LACKS_KIND = 0.65;
/** Who did something need have no name ("volunteers"), so that its lack says less. */
const LACKS_NAME = 0.85;
const NAMED: ReadonlySet<AnswerKind> = new Set(["person", "place"]);
/** What is left of the confidence without it. */
const UNSURE = 0.7;
/** The share of a sentence's score that hangs on how much of the question its passage is about, and on how well the search found it to fit. */
const PASSAGE_SHARE = 0.4;
const SEARCH_SHARE = 0.3;
/** What a passage in another language than the question counts, where there are some in the question's. */
const FOREIGN = 0.5;
/** Of the best sentence's score, for another to be said besides. */
const MIN_SHARE_OF_BEST = 0.2;
/** What a sentence scores by what it has of the kind that is asked for alone. */
const KIND_ALONE = 0.05;
/** What a word of the question counts for the confidence that stands elsewhere in the passage. */
const ELSEWHERE = 0.4;
/** Enough of a passage to tell its language. */
const SAMPLE_UNITS = 300;
/** Less of the question found is no answer; measured on questions with and without an answer, as is the least for passages that were given with the question. */
const MIN_CONFIDENCE = 0.27;
const MIN_GIVEN_CONFIDENCE = 0.1;
/** How long the event loop is held at a time, or for one passage. */
const STEP_MS = 10;

interface Scored {
  readonly sentence: SentenceWords;
  readonly score: number;
  readonly confidence: number;
}

/**
 * The sentences of the passages that answer a question, the best first; none when too little of the question is found in them.
 *
 * `confidence` is the share of the question's words, by weight, that the best sentence with its neighbours and title accounts for, less a part when it has
 * nothing of the kind that is asked for. It tells how much of the question was found, not whether the passage is true.
 */
export async function extractAnswer(question: ExtractiveQuestion, passages: readonly SourcePassage[]): Promise<ExtractedAnswer> {
  const work = steps(question, passages);
  let pauseAtMs = performance.now() + STEP_MS;
  for (;;) {
    const { value, done } = work.next();
    if (done === true) return value;
    if (performance.now() < pauseAtMs) continue;
    await new Promise((resolve) => setTimeout(resolve, 0));
    pauseAtMs = performance.now() + STEP_MS;
  }
}

/** Yields after each passage that is taken apart or scored, so that other work may go on between. */
function* steps({ question: text, earlier }: ExtractiveQuestion, passages: readonly SourcePassage[]): Generator<void, ExtractedAnswer> {
  const question = questionOf(text, earlier);
  const languages = passages.map((passage) => languageOf(passage, question));
  const words: PassageWords[] = [];
  for (const [index, passage] of passages.entries()) {
    words.push(passageWords(passage, index, languages[index]!));
    yield;
  }
  const vocabulary = vocabularyOf(words.flatMap((passage) => passage.sentences));
  yield;
  const bestSearch = Math.max(0, ...passages.map(({ score }) => score));
  const terms = new Map([...new Set(languages)].map((language) => [language, weightsOf(question, language, vocabulary)]));
  const scored: Scored[] = [];
  for (const [index, passage] of words.entries()) {
    yield;
    const wanted = terms.get(languages[index]!)!;
    const all = new Set([...passage.title, ...passage.sentences.flatMap(({ order }) => order)]);
    const about = share(wanted, (term) => matchOf(term, all));
    const search = bestSearch === 0 ? 1 : passages[index]!.score / bestSearch;
    const foreign = question.language !== "und" && languages[index] !== question.language && languages.includes(question.language);
    const factor = (1 - PASSAGE_SHARE + PASSAGE_SHARE * about) * (1 - SEARCH_SHARE + SEARCH_SHARE * search) * (foreign ? FOREIGN : 1);
    for (const [at, sentence] of passage.sentences.entries()) {
      const [before, after] = [passage.sentences[at - 1], passage.sentences[at + 1]];
      const { title, sentences: [first] } = passage;
      scored.push(scoreOf(question, sentence, { terms: wanted, before, after, title, topic: first!.forms, all, factor }));
    }
  }
  return chosen(scored, ({ passage }) => passages[passage]!.given ? MIN_GIVEN_CONFIDENCE : MIN_CONFIDENCE);
}

/** A passage of which that cannot be told is taken to be in the question's language. */
function languageOf({ text }: SourcePassage, { language }: Question): string {
  const own = detectLanguage(text.slice(0, SAMPLE_UNITS));
  return own === "und" ? language : own;
}

interface Surroundings {
  readonly terms: readonly WeightedTerm[];
  readonly before: SentenceWords | undefined;
  readonly after: SentenceWords | undefined;
  readonly title: ReadonlySet<string>;
  /** Of the first sentence, which says what the others are about. */
  readonly topic: ReadonlySet<string>;
  /** Of the whole passage with its title. */
  readonly all: ReadonlySet<string>;
  readonly factor: number;
}

function scoreOf(question: Question, sentence: SentenceWords, { terms, before, after, title, topic, all, factor }: Surroundings): Scored {
  const back = startsWithPronoun(sentence.text) ? POINTED_TO : NEIGHBOUR;
  const found = share(terms, (term) => {
    const near = (one: SentenceWords | undefined, weight: number) => one === undefined ? 0 : weight * matchOf(term, one.forms);
    return Math.max(
      matchOf(term, sentence.forms),
      TITLE * matchOf(term, title),
      TOPIC * matchOf(term, topic),
      near(before, back),
      near(after, NEIGHBOUR),
    );
  });
  const kind = answersKind(question.kind, sentence.text, question.text);
  const fits = kind === undefined ? 1 : kind ? HAS_KIND : NAMED.has(question.kind) ? LACKS_NAME : LACKS_KIND;
  const score = (found + PAIR * pairs(terms, sentence) + KIND_ALONE) * fits * factor;
  const known = share(terms, (term) => Math.max(matchOf(term, sentence.forms), ELSEWHERE * matchOf(term, all)));
  return { sentence, score, confidence: known * (kind === false && question.kind !== "reason" ? UNSURE : 1) };
}

/** The share of the question's weight that is found. */
function share(terms: readonly WeightedTerm[], found: (term: WeightedTerm) => number): number {
  let [all, sum] = [0, 0];
  for (const term of terms) {
    all += term.weight;
    sum += term.weight * found(term);
  }
  return all === 0 ? 0 : sum / all;
}

/** The share of the weight of neighbouring words of the question that stand close together in the sentence. */
function pairs(terms: readonly WeightedTerm[], { order }: SentenceWords): number {
  let [all, sum] = [0, 0];
  for (let index = 1; index < terms.length; index++) {
    const [left, right] = [terms[index - 1]!, terms[index]!];
    const weight = (left.weight + right.weight) / 2;
    all += weight;
    const places = order.flatMap((form, at) => form === left.form ? [at] : []);
    if (places.some((at) => order.slice(Math.max(0, at - PAIR_REACH), at + PAIR_REACH + 1).includes(right.form))) sum += weight;
  }
  return all === 0 ? 0 : sum / all;
}

function chosen(scored: readonly Scored[], least: (sentence: SentenceWords) => number): ExtractedAnswer {
  const ranked = scored.toSorted((left, right) => right.score - left.score);
  const [best] = ranked;
  if (best === undefined || best.confidence < least(best.sentence)) return { sentences: [], confidence: best?.confidence ?? 0 };
  const said = new Set<string>();
  // Overlapping chunks say the same twice.
  const distinct = ranked.filter(({ sentence }) => !said.has(sentence.text) && said.add(sentence.text));
  const sentences = distinct.slice(0, MAX_SENTENCES).filter(({ score }) => score >= MIN_SHARE_OF_BEST * best.score);
  return { sentences: sentences.map(({ sentence: { passage, start, end } }) => ({ passage, start, end })), confidence: best.confidence };
}
