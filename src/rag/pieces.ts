import { linesOf } from "./sections.ts";
import { estimateTokens } from "../text/token_estimate.ts";

/** A sentence, or a part of one that is too long. Offsets in UTF-16 code units. */
export interface Piece {
  readonly start: number;
  readonly end: number;
  readonly tokens: number;
}

interface Range {
  readonly start: number;
  readonly end: number;
}

/** How {@link cutPieces} cuts. */
export interface PieceOptions {
  readonly maxTokens: number;
  readonly overlapTokens: number;
  readonly segmenter: Intl.Segmenter;
}

/** An item of a list, a row of a table, a heading or a fence begins anew, whatever the line before. */
const STARTS_ANEW = /^\s*(?:[-*+•|#]|`{3}|~{3}|\d{1,9}[.)]\s)/;
/** Whatever may end a sentence; text without it is one, without asking the rules, which take longer to begin than to end. */
const ENDS_SENTENCE = /[\p{Sentence_Terminal}\u0085\u2028\u2029]/u;
/** Text handed to the sentence rules at once, so that their working memory stays small. */
const MAX_BLOCK_UNITS = 20_000;
/** How far back from a cut marks that belong to the character before are looked for. */
const MAX_MARKS = 16;

/** The sentences of a range, in order, each within the budget; they cover everything but white space. */
export function cutPieces(text: string, range: Range, options: PieceOptions): Piece[] {
  const pieces: Piece[] = [];
  for (const block of blocksOf(text, range)) {
    // Lines of one paragraph are one text; the rules would end a sentence at each. Same length, so offsets hold.
    const flat = text.slice(block.start, block.end).replaceAll(/[\r\n]/g, " ");
    for (const { index, segment } of ENDS_SENTENCE.test(flat) ? options.segmenter.segment(flat) : [{ index: 0, segment: flat }]) {
      if (segment.trim() === "") continue;
      const sentence = { start: block.start + index, end: block.start + index + segment.length, tokens: estimateTokens(segment) };
      if (sentence.tokens <= options.maxTokens) pieces.push(sentence);
      else pieces.push(...cutLong(text, sentence, options));
    }
  }
  return pieces;
}

/** Paragraphs, list items and table rows; very long ones in parts. */
function* blocksOf(text: string, range: Range): Generator<Range> {
  let start = range.start;
  let blank = true;
  for (const { at, line } of linesOf(text.slice(range.start, range.end))) {
    const lineStart = range.start + at;
    const isBlank = line.trim() === "";
    if (lineStart > start && (isBlank !== blank || (!isBlank && STARTS_ANEW.test(line.slice(0, 40))))) {
      yield* partsOf(text, { start, end: lineStart }, MAX_BLOCK_UNITS);
      start = lineStart;
    }
    blank = isBlank;
  }
  if (start < range.end) yield* partsOf(text, { start, end: range.end }, MAX_BLOCK_UNITS);
}

/** A range in parts of at most `maxUnits`, cut after an empty line where the second half of a part has one, else at white space. */
export function* partsOf(text: string, { start, end }: Range, maxUnits: number): Generator<Range> {
  for (let at = start; at < end;) {
    const stop = end - at <= maxUnits ? end : paragraphEnd(text, at, at + maxUnits) ?? goodEnd(text, at, at + maxUnits);
    yield { start: at, end: stop };
    at = stop;
  }
}

function paragraphEnd(text: string, start: number, stop: number): number | undefined {
  const half = text.slice(start + ((stop - start) >> 1), stop);
  const last = half.lastIndexOf("\n\n");
  return last < 0 ? undefined : stop - half.length + last + 2;
}

/** Parts of a sentence that is longer than a chunk: as small as the overlap, so that they can overlap too. */
function* cutLong(text: string, { start, end }: Range, { maxTokens, overlapTokens }: PieceOptions): Generator<Piece> {
  const budget = overlapTokens > 0 ? overlapTokens : maxTokens;
  let likely = budget * 6;
  for (let at = start; at < end;) {
    let size = Math.min(end - at, likely);
    for (let tokens = estimateTokens(text.slice(at, at + size)); size > 1 && tokens > budget;) {
      size = Math.max(1, Math.min(size - 1, Math.floor(size * budget / tokens)));
      tokens = estimateTokens(text.slice(at, at + size));
    }
    // What comes next is mostly written in the same script.
    likely = Math.min(budget * 6, size * 2 + 2);
    const stop = at + size >= end ? end : goodEnd(text, at, at + size);
    const part = text.slice(at, stop);
    if (part.trim() !== "") yield { start: at, end: stop, tokens: estimateTokens(part) };
    at = stop;
  }
}

/** Where to cut between `start` and `stop`: after white space in the second half, else before a whole character. Always beyond `start`. */
function goodEnd(text: string, start: number, stop: number): number {
  const middle = start + ((stop - start) >> 1);
  for (let at = stop; at > middle; at--) if (/\s/.test(text[at - 1]!)) return at;
  for (let at = stop; at > Math.max(start, stop - MAX_MARKS); at--) if (isBoundary(text, at)) return at;
  return insidePair(text, stop) ? stop + 1 : stop;
}

function isBoundary(text: string, at: number): boolean {
  return !insidePair(text, at) && !/^[\p{M}\u200d]/u.test(text.slice(at, at + 2));
}

function insidePair(text: string, at: number): boolean {
  return /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(at - 1, at + 1));
}
