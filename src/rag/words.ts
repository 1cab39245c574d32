import type { Token } from "../text/analysis.ts";

/** Shorter words have too many neighbours to be corrected. */
const MIN_LETTERS = 4;
const MAX_LETTERS = 32;
/** From this length on two mistakes are allowed. */
const TWO_MISTAKES_FROM = 8;
const LETTERS = /^[\p{L}\p{M}]+$/u;

/** Whether a word is one that unknown words may be corrected to, and that may be corrected itself. */
export function isCorrectable({ word, paired }: Token): boolean {
  return !paired && word.length >= MIN_LETTERS && word.length <= MAX_LETTERS && LETTERS.test(word);
}

/** How many mistakes a word of this length may have. */
export function allowedMistakes(word: string): number {
  return word.length >= TWO_MISTAKES_FROM ? 2 : 1;
}

/** The distinct trigrams of a word with its ends marked, each with the collection it belongs to. */
export function grams(word: string, collectionId: number): string[] {
  const padded = `^${word}$`;
  const found = new Set<string>();
  for (let at = 0; at + 3 <= padded.length; at++) found.add(`${collectionId}:${padded.slice(at, at + 3)}`);
  return [...found];
}

/**
 * How many letters must be changed, added, left out, or swapped with their neighbour, to make one word of the other (optimal string alignment,
 * Damerau 1964); a number above `max` when it is more than `max`.
 */
export function mistakesBetween(left: string, right: string, max: number): number {
  if (Math.abs(left.length - right.length) > max) return max + 1;
  let before: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1];
      let cost = Math.min(previous[column]! + 1, current[column - 1]! + 1, previous[column - 1]! + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (swapped) cost = Math.min(cost, before[column - 2]! + 1);
      current.push(cost);
    }
    [before, previous] = [previous, current];
  }
  return previous[right.length]!;
}
