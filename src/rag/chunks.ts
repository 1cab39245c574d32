import { cutPieces, partsOf, type Piece } from "./pieces.ts";
import { type Section, sectionsOf } from "./sections.ts";

/** A passage of a text: `text.slice(start, end)`, in UTF-16 code units, without white space at its ends. */
export interface Chunk {
  readonly start: number;
  readonly end: number;
  /** The headings above it, outermost first, joined by ` › `; empty above the first heading. */
  readonly heading: string;
}

/** What {@link chunkText} may be told. */
export interface ChunkOptions {
  /** Tokens of a chunk at most, as `estimateTokens` counts them: about what tokenizers make of it, mostly a little more. Default 400. */
  readonly maxTokens?: number;
  /** Tokens at most that a chunk repeats of the one before it, in whole sentences; at most half of `maxTokens`. Default 50. */
  readonly overlapTokens?: number;
  /** BCP 47 language for the rules of where sentences end. Default "en", whose rules do for most. */
  readonly locale?: string;
}

/** Five passages fit into the context that a question gets by default, and an abstract is one chunk. */
const DEFAULT_MAX_TOKENS = 400;
/** A sentence or two: enough that a pronoun finds its noun. */
const DEFAULT_OVERLAP_TOKENS = 50;
/** Longer sections are cut in parts of this size, each as if it were a section, so that a step of {@link chunksOf} takes milliseconds. */
const MAX_PART_UNITS = 30_000;

/**
 * Cuts a text into chunks: at its headings (lines that begin with `#`, as Markdown has them and as `extractText` writes them for every
 * format), then at sentences packed to a token budget, the chunks of a section being about equally long. Everything but white space is in a
 * chunk; a sentence longer than the budget is cut at white space, and what has none between characters. A text of white space has no chunks.
 */
export function chunkText(text: string, options: ChunkOptions = {}): readonly Chunk[] {
  return [...chunksOf(text, options)];
}

/** The chunks of {@link chunkText} one by one, so that other work can go on between them while a book is cut. */
export function* chunksOf(text: string, options: ChunkOptions = {}): Generator<Chunk> {
  const maxTokens = Math.max(1, Math.floor(options.maxTokens ?? DEFAULT_MAX_TOKENS));
  const overlapTokens = Math.min(Math.max(0, Math.floor(options.overlapTokens ?? DEFAULT_OVERLAP_TOKENS)), Math.floor(maxTokens / 2));
  const segmenter = new Intl.Segmenter(options.locale ?? "en", { granularity: "sentence" });
  for (const section of sectionsOf(text)) {
    for (const part of partsOf(text, section, MAX_PART_UNITS)) {
      const pieces = cutPieces(text, part, { maxTokens, overlapTokens, segmenter });
      for (const range of pack(pieces, { maxTokens, overlapTokens })) yield trimmed(text, { ...section, ...range });
    }
  }
}

/** Pieces hold more than white space, so the chunk does too. */
function trimmed(text: string, { start, end, heading }: Section): Chunk {
  const slice = text.slice(start, end);
  const lead = slice.length - slice.trimStart().length;
  return { start: start + lead, end: start + lead + slice.trim().length, heading };
}

interface Budget {
  readonly maxTokens: number;
  readonly overlapTokens: number;
}

/** Runs of neighbouring pieces, each within the budget, with the last pieces of the run before at the head of the next. */
function* pack(pieces: readonly Piece[], budget: Budget): Generator<{ readonly start: number; readonly end: number }> {
  const wanted = freshTokens(pieces, budget);
  let begin = 0;
  for (let next = 0; next < pieces.length;) {
    let from = overlapFrom(pieces, { begin, next, budget });
    let tokens = sum(pieces, from, next);
    // The first new piece goes in whatever it takes.
    while (from < next && tokens + pieces[next]!.tokens > budget.maxTokens) tokens -= pieces[from++]!.tokens;
    let fresh = 0;
    begin = next;
    do {
      fresh += pieces[next]!.tokens;
      tokens += pieces[next++]!.tokens;
    } while (next < pieces.length && fresh < wanted && tokens + pieces[next]!.tokens <= budget.maxTokens);
    yield { start: pieces[from]!.start, end: pieces[next - 1]!.end };
  }
}

/** How much that is new each chunk should hold so that all are about equally long, instead of a scrap at the end. */
function freshTokens(pieces: readonly Piece[], { maxTokens, overlapTokens }: Budget): number {
  const total = sum(pieces, 0, pieces.length);
  if (total <= maxTokens) return maxTokens;
  const count = Math.ceil((total - overlapTokens) / (maxTokens - overlapTokens));
  return Math.ceil(total / count);
}

/** The first piece that the next chunk repeats: never one that the chunk before repeated itself. */
function overlapFrom(
  pieces: readonly Piece[],
  { begin, next, budget }: { readonly begin: number; readonly next: number; readonly budget: Budget },
): number {
  let from = next;
  let tokens = 0;
  while (from > begin && tokens + pieces[from - 1]!.tokens <= budget.overlapTokens) tokens += pieces[--from]!.tokens;
  return from;
}

function sum(pieces: readonly Piece[], from: number, to: number): number {
  let tokens = 0;
  for (let index = from; index < to; index++) tokens += pieces[index]!.tokens;
  return tokens;
}
