import type { Sentiment } from "../../src/contracts/mod.ts";
import type { RatedText } from "./tweets.ts";

/** How well moods agree with people. */
export interface Agreement {
  readonly texts: number;
  /** Pearson's, of the compound score with the mean rating. */
  readonly correlation: number;
  /** Share of the texts rated above or below 0 that are called positive or negative as people do. */
  readonly signs: number;
  /** Share right of three classes, a rating within ±0.5 being neutral. */
  readonly classes: number;
}

/** Texts that are judged at once. */
const AT_ONCE = 4;

/** Has every text judged, and compares with people. */
export async function agreement(rated: readonly RatedText[], moodOf: (text: string) => Promise<Sentiment>): Promise<Agreement> {
  const moods: Sentiment[] = [];
  const left = rated.entries();
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (const [index, { text }] of left) moods[index] = await moodOf(text);
  }));
  const ratings = rated.map(({ rating }) => rating);
  const classed = (edge: number) =>
    moods.map(({ sentiment }, index) => {
      const rating = ratings[index]!;
      return sentiment === (rating > edge ? "positive" : rating < -edge ? "negative" : "neutral");
    });
  return {
    texts: rated.length,
    correlation: pearson(moods.map(({ scores }) => scores["compound"] ?? NaN), ratings),
    signs: share(classed(0).filter((_, index) => ratings[index] !== 0)),
    classes: share(classed(0.5)),
  };
}

function share(right: readonly boolean[]): number {
  return right.filter(Boolean).length / right.length;
}

function pearson(left: readonly number[], right: readonly number[]): number {
  const [meanLeft, meanRight] = [left, right].map((values) => values.reduce((sum, value) => sum + value, 0) / values.length) as [
    number,
    number,
  ];
  let [both, ofLeft, ofRight] = [0, 0, 0];
  for (const [index, value] of left.entries()) {
    const [a, b] = [value - meanLeft, right[index]! - meanRight];
    both += a * b;
    ofLeft += a ** 2;
    ofRight += b ** 2;
  }
  return both / Math.sqrt(ofLeft * ofRight);
}
