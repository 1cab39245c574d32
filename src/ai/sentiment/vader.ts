import vader from "vader-sentiment";

/** What VADER says of a text: shares of its words by mood, and the sum of all as -1 to 1. */
export interface VaderScores {
  readonly pos: number;
  readonly neg: number;
  readonly neu: number;
  readonly compound: number;
}

const analyzer: { polarity_scores(text: string): VaderScores } = vader.SentimentIntensityAnalyzer;

/** Words kept with what VADER makes of them alone; dropped as a whole when full. */
const CACHED_WORDS = 20_000;
const polar = new Map<string, boolean>();

/** Scores a text that {@link plainText} has prepared. Takes time in proportion to its length; blocks meanwhile. */
export function vaderScores(text: string): VaderScores {
  return analyzer.polarity_scores(text);
}

/** Whether a word or emoticon stands in VADER's lexicon. */
export function isPolar(word: string): boolean {
  let known = polar.get(word);
  if (known === undefined) {
    if (polar.size >= CACHED_WORDS) polar.clear();
    polar.set(word, known = analyzer.polarity_scores(word).compound !== 0);
  }
  return known;
}
