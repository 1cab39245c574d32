import { ChatError } from "../../core/errors.ts";

/** The text of a document: headings stand on lines of their own as `# Title`, code between fences, paragraphs apart by an empty line. */
export interface ExtractedText {
  readonly text: string;
  /** As the document itself gives it; empty when it has none. */
  readonly title: string;
  /** What it was read as, without parameters. */
  readonly mediaType: string;
}

/** Text of a document at most, in UTF-16 code units: a format that packs its text may hold far more of it than its file has bytes. */
export const MAX_TEXT_UNITS = 16 * 1024 * 1024;

/** An `invalid_argument` about a document's bytes. */
export function badDocument(problem: string, cause?: unknown): ChatError {
  return new ChatError("invalid_argument", problem, { field: "content_bytes", ...(cause === undefined ? {} : { cause }) });
}

/** Something from a document as it can be shown in an error: short and on one line. */
export function shown(text: string): string {
  return JSON.stringify(text.slice(0, 80).toWellFormed());
}
