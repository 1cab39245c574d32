/**
 * The mood of a text by VADER (Hutto and Gilbert, "VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media Text", ICWSM 2014),
 * with what it lacks: emoji, typographic apostrophes, hashtags, lengthened words, long texts, and the honesty to say that it knows English only.
 *
 * @module
 */
import { takeEmoji } from "./emoji.ts";
import { isEnglish } from "./english.ts";
import { withoutMarkup } from "./phrases.ts";
import { emoticonsOf, plainText } from "./plain_text.ts";
import { vaderScores } from "./vader.ts";

/** A mood with its reasons. */
export interface Mood {
  readonly sentiment: "positive" | "negative" | "neutral";
  /** 0 to 1; see {@link moodOf}. */
  readonly confidence: number;
  /** Shares of the words by mood, together 1, and the sum of all, -1 to 1. */
  readonly scores: { readonly positive: number; readonly negative: number; readonly neutral: number; readonly compound: number };
  /** Why the verdict is to be taken with care. */
  readonly notices: readonly string[];
}

/** From here on a text is positive, from its negative on negative (Hutto and Gilbert's own threshold). */
const THRESHOLD = 0.05;
/** VADER's normalisation: x / √(x² + 15). */
const ALPHA = 15;
/** The sum of valences grows with a text's length faster than people are moved: from here on it is scaled down, a little, … */
const SHORT_WORDS = 8;
const SHORT_POWER = 0.2;
/** … and from here on in proportion, so that a book is as moved as its average page. */
const USUAL_WORDS = 40;
/** Sentences scored together: what a tweet is. */
const WINDOW_UNITS = 280;
/** What the segmenter is given at a time: what it takes a millisecond for. */
const MAX_BLOCK_UNITS = 4_000;
const SENTENCES = new Intl.Segmenter("en", { granularity: "sentence" });
/** How long the event loop is held at a time. */
const STEP_MS = 10;

const FOREIGN_CONFIDENCE = 0.1;
const FOREIGN_NOTICE = "The text does not seem to be English, which is all that this model knows: only emoji and emoticons were counted";
const NOTHING_NOTICE = "The text has no words";
const NOTHING: Tally = { words: 0, sum: 0, positive: 0, negative: 0, neutral: 0 };

/** What a part of a text adds to the whole: words are weighed as VADER does, a word with a mood as its strength plus 1. */
interface Tally {
  readonly words: number;
  /** Of valences. */
  readonly sum: number;
  readonly positive: number;
  readonly negative: number;
  readonly neutral: number;
}

/**
 * The mood of a text. A text of more than a few sentences is scored by groups of sentences; other work goes on in between, and the signal ends it.
 *
 * `confidence` is how far the text stands from the next other verdict, told as a chance: for a positive or negative text with the compound score c
 * it is 1 - ½·e^(-5(|c| - 0.05)), so ½ at the threshold, where the next word might turn it, and .99 at .8; for a neutral one it is 1 - |c| / 0.1, so 1 when
 * nothing speaks for a mood and ½ at the threshold, and at most ½ when the text has no words. A text in another language is neutral, or what its emoji say, with a
 * confidence of at most 0.1 for its words. It knows nothing of irony.
 */
export async function moodOf(given: string, signal?: AbortSignal): Promise<Mood> {
  const text = withoutMarkup(given);
  const foreign = !isEnglish(text);
  let tally = NOTHING;
  let pauseAtMs = performance.now() + STEP_MS;
  for (const part of windows(text)) {
    tally = added(tally, tallyOf(part, foreign));
    if (performance.now() < pauseAtMs) continue;
    await new Promise((resolve) => setTimeout(resolve, 0));
    signal?.throwIfAborted();
    pauseAtMs = performance.now() + STEP_MS;
  }
  return verdict(tally, foreign);
}

/** Groups of neighbouring sentences, each about as long as a tweet; together the whole text. */
function* windows(text: string): Generator<string> {
  if (text.length <= WINDOW_UNITS) return yield text;
  let group = "";
  for (const block of blocks(text)) {
    for (const { segment } of SENTENCES.segment(block)) {
      if (group.length + segment.length > WINDOW_UNITS && group !== "") {
        yield group;
        group = "";
      }
      group += segment;
    }
  }
  if (group !== "") yield group;
}

/** Parts that the segmenter takes in a moment, cut at white space where there is some. */
function* blocks(text: string): Generator<string> {
  for (let at = 0; at < text.length;) {
    let end = Math.min(text.length, at + MAX_BLOCK_UNITS);
    if (end < text.length) {
      const space = text.lastIndexOf(" ", end);
      end = space > at ? space : end;
    }
    yield text.slice(at, end);
    at = end;
  }
}

function tallyOf(part: string, foreign: boolean): Tally {
  const { text, valences } = takeEmoji(part);
  const plain = foreign ? foreignText(text) : plainText(text);
  const { pos, neg, neu, compound } = vaderScores(plain.text);
  // Back from what VADER has normalised to the sum, so that parts can be added up.
  const sum = Math.sign(compound) * Math.sqrt(ALPHA * compound ** 2 / (1 - Math.min(compound ** 2, 0.9999)));
  const neutral = Math.max(0, neu * (plain.words + plain.fillers) - plain.fillers);
  const words = { words: plain.words, sum, positive: pos * plain.words, negative: neg * plain.words, neutral };
  return added(words, tallyOfValences(valences));
}

function foreignText(text: string): ReturnType<typeof plainText> {
  const emoticons = emoticonsOf(text);
  return { text: emoticons, words: emoticons === "" ? 0 : emoticons.split(" ").length, fillers: 0 };
}

function tallyOfValences(valences: readonly number[]): Tally {
  return valences.map((valence) => ({
    ...{ words: 1, sum: valence, neutral: valence === 0 ? 1 : 0 },
    ...{ positive: valence > 0 ? valence + 1 : 0, negative: valence < 0 ? 1 - valence : 0 },
  })).reduce(added, NOTHING);
}

function added(left: Tally, right: Tally): Tally {
  return {
    ...{ words: left.words + right.words, sum: left.sum + right.sum, positive: left.positive + right.positive },
    ...{ negative: left.negative + right.negative, neutral: left.neutral + right.neutral },
  };
}

function verdict({ words, sum, positive, negative, neutral }: Tally, foreign: boolean): Mood {
  const scaled = sum * Math.min(1, (SHORT_WORDS / Math.max(1, words)) ** SHORT_POWER) * Math.min(1, USUAL_WORDS / Math.max(1, words));
  const compound = scaled / Math.sqrt(scaled ** 2 + ALPHA);
  const all = positive + negative + neutral;
  const share = (part: number) => all === 0 ? 0 : part / all;
  const scores = { positive: share(positive), negative: share(negative), neutral: all === 0 ? 1 : share(neutral), compound };
  const sentiment = compound >= THRESHOLD ? "positive" : compound <= -THRESHOLD ? "negative" : "neutral";
  const notices = foreign ? [FOREIGN_NOTICE] : words === 0 ? [NOTHING_NOTICE] : [];
  return { sentiment, confidence: confidenceOf(compound, { foreign, words }), scores, notices };
}

function confidenceOf(compound: number, { foreign, words }: { readonly foreign: boolean; readonly words: number }): number {
  const size = Math.abs(compound);
  if (size < THRESHOLD) return foreign ? FOREIGN_CONFIDENCE : (1 - size / (2 * THRESHOLD)) * (words === 0 ? 0.5 : 1);
  const sure = 1 - 0.5 * Math.exp(-5 * (size - THRESHOLD));
  return foreign ? sure / 2 : sure;
}
