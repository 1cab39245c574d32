/** A mark that names at least one passage that exists, or plain text. */
export type CitationPiece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "mark"; readonly text: string; readonly numbers: readonly number[] };

/** `[3]` or `[1, 2]`. */
const MARK = /\[\s*\d{1,4}(?:\s*,\s*\d{1,4})*\s*\]/g;
/** What may still become one: an open bracket, digits, commas and spaces, up to the longest mark that anybody writes. */
const UNFINISHED = /\[[\d\s,]{0,39}$/;
/** A longer one is text, however it is cut up on its way. */
const MAX_MARK_UNITS = 40;
const HIGH_SURROGATE_END = /[\uD800-\uDBFF]$/;

/**
 * Takes an answer apart while it comes: what may be the beginning of a mark, or half of a character, is held back until it is clear. A number that names no passage
 * is dropped and counted, and with the last of its mark the mark. Where there are no passages all is text.
 */
export class CitationReader {
  readonly #passages: number;
  #held = "";
  #dropped = 0;

  /** Passages are numbered from 1 to `passages`. */
  constructor(passages: number) {
    this.#passages = passages;
  }

  /** Numbers dropped so far. */
  get dropped(): number {
    return this.#dropped;
  }

  /** What is clear after more of the answer. */
  read(text: string): readonly CitationPiece[] {
    const all = this.#held + text;
    const unclear = (this.#passages > 0 ? UNFINISHED.exec(all)?.index : undefined) ??
      (HIGH_SURROGATE_END.test(all) ? all.length - 1 : all.length);
    this.#held = all.slice(unclear);
    return this.#pieces(all.slice(0, unclear));
  }

  /** What is left when the answer is over. */
  end(): readonly CitationPiece[] {
    const rest = this.#held.toWellFormed();
    this.#held = "";
    return this.#pieces(rest);
  }

  #pieces(text: string): readonly CitationPiece[] {
    if (this.#passages === 0) return plain(text);
    const pieces: CitationPiece[] = [];
    let at = 0;
    for (const { 0: mark, index } of text.matchAll(MARK)) {
      if (mark.length > MAX_MARK_UNITS) continue;
      pieces.push(...plain(text.slice(at, index)));
      at = index + mark.length;
      const numbers = mark.match(/\d+/g)!.map(Number);
      const known = [...new Set(numbers.filter((number) => number >= 1 && number <= this.#passages))];
      this.#dropped += numbers.filter((number) => !known.includes(number)).length;
      if (known.length > 0) pieces.push({ kind: "mark", text: `[${known.join(", ")}]`, numbers: known });
    }
    return [...pieces, ...plain(text.slice(at))];
  }
}

function plain(text: string): readonly CitationPiece[] {
  return text === "" ? [] : [{ kind: "text", text }];
}
