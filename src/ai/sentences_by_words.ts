import { termOf, tokens } from "../text/analysis.ts";
import { detectLanguage } from "../text/language.ts";
import type { ChosenSentence, ExtractedAnswer, ExtractiveQuestion, SourcePassage } from "./methods.ts";

/** Sentences that an answer has at most. */
const MAX_SENTENCES = 3;
/** A sentence's neighbours say what it is about, for so much of what they weigh. */
const NEIGHBOUR_SHARE = 0.2;
/** Of the weight of a question's words, what the best sentence and its neighbours must have: with less it is about something else. */
const LEAST_SHARE = 0.4;
/** Further sentences must come so near to the best. */
const NEAR_BEST = 0.75;

interface Candidate extends ChosenSentence {
  readonly terms: ReadonlySet<string>;
}

/**
 * Chooses the sentences that have the most of a question's words, rare words counting for more (the logarithm of how few sentences have one), times the
 * score of their passage. `confidence` is the share of the weight of the question's words that the best sentence has, its neighbours counting a fifth: how much
 * of the question is spoken of, not how likely the answer is.
 */
export function sentencesByWords({ question, earlier }: ExtractiveQuestion, passages: readonly SourcePassage[]): ExtractedAnswer {
  const asked = termsOf(question);
  // A question of pronouns alone leans on what was said before.
  const wanted = asked.size > 1 ? asked : new Set([...asked, ...termsOf(earlier.at(-1) ?? "")]);
  const all = passages.flatMap((passage, index) => sentencesOf(passage.text, index));
  const weights = new Map(
    [...wanted].map((term) => [term, Math.log(1 + all.length / (1 + all.filter(({ terms }) => terms.has(term)).length))]),
  );
  const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0);
  if (total === 0) return { sentences: [], confidence: 0 };
  const shares = all.map((one, index) => shareOf(one, neighbours(all, index), weights) / total);
  const ranked = all.map((one, index) => ({ one, index, share: shares[index]!, score: shares[index]! * passages[one.passage]!.score }))
    .sort((left, right) => right.score - left.score || left.index - right.index);
  const best = ranked[0];
  if (best === undefined || best.share < LEAST_SHARE) return { sentences: [], confidence: 0 };
  const chosen = ranked.filter(({ score, share }) => share >= LEAST_SHARE && score >= best.score * NEAR_BEST).slice(0, MAX_SENTENCES);
  return { sentences: chosen.map(({ one: { passage, start, end } }) => ({ passage, start, end })), confidence: Math.min(1, best.share) };
}

function neighbours(all: readonly Candidate[], index: number): readonly Candidate[] {
  return [all[index - 1], all[index + 1]].filter((other) =>
    other !== undefined && other.passage === all[index]?.passage
  ) as readonly Candidate[];
}

function shareOf({ terms }: Candidate, around: readonly Candidate[], weights: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const [term, weight] of weights) {
    if (terms.has(term)) sum += weight;
    else if (around.some((other) => other.terms.has(term))) sum += weight * NEIGHBOUR_SHARE;
  }
  return sum;
}

const SENTENCES = new Intl.Segmenter(undefined, { granularity: "sentence" });

function sentencesOf(text: string, passage: number): readonly Candidate[] {
  return Array.from(SENTENCES.segment(text), ({ segment, index }) => {
    const start = index + segment.length - segment.trimStart().length;
    const end = index + segment.trimEnd().length;
    return { passage, start, end, terms: termsOf(text.slice(start, end)) };
  }).filter(({ terms }) => terms.size > 0);
}

function termsOf(text: string): ReadonlySet<string> {
  const language = detectLanguage(text);
  return new Set(tokens(text).map((token) => termOf(token, language)).filter((term) => term !== undefined));
}
