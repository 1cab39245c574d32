/**
 * What the AI service is handed for its work without a language model. Neither does any I/O.
 *
 * @module
 */

/** A text to answer from. */
export interface SourcePassage {
  readonly text: string;
  /** Of its document, or who said it; may be empty. */
  readonly title: string;
  /** How well it fits the question, 0 to 1. */
  readonly score: number;
  /** Whoever asks has given it with the question, so that it is likely to answer it. */
  readonly given: boolean;
}

/** A sentence of a passage: `passages[passage].text.slice(start, end)`. */
export interface ChosenSentence {
  /** Index of its passage. */
  readonly passage: number;
  readonly start: number;
  readonly end: number;
}

/** The sentences that answer, in the order in which they read best; none: the passages do not hold an answer. */
export interface ExtractedAnswer {
  readonly sentences: readonly ChosenSentence[];
  /** 0 to 1; the method says what it stands for. */
  readonly confidence: number;
}

/** What was asked, and what it may lean on. */
export interface ExtractiveQuestion {
  readonly question: string;
  /** What was said before, oldest first: names that the question only points back to. */
  readonly earlier: readonly string[];
}

/** Chooses sentences that answer a question. */
export type ExtractiveAnswerer = (
  question: ExtractiveQuestion,
  passages: readonly SourcePassage[],
) => ExtractedAnswer | Promise<ExtractedAnswer>;

/** A mood with its reasons. */
export interface JudgedMood {
  readonly sentiment: "positive" | "negative" | "neutral";
  /** 0 to 1. */
  readonly confidence: number;
  /** Shares by mood, together 1, and the sum of all, -1 to 1. */
  readonly scores: { readonly positive: number; readonly negative: number; readonly neutral: number; readonly compound: number };
  readonly notices: readonly string[];
}

/** Tells the mood of a text; the signal ends it. */
export type SentimentAnalyzer = (text: string, signal?: AbortSignal) => Promise<JudgedMood>;
