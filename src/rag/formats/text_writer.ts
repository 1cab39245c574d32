import { badDocument, MAX_TEXT_UNITS } from "./document.ts";

/** Longer ones are text that somebody wanted large. */
const MAX_HEADING_UNITS = 250;
/** What a reader of the result would take for a heading or for the edge of code. */
const LOOKS_LIKE_MARKUP = /^( {0,3})(?=#{1,6}[ \t]|`{3}|~{3})/gm;

/** Items of a list stand on lines right below each other, and so do rows of a table. */
type BlockKind = "item" | "row" | "other";

/** Writes the blocks of a document, whatever its format, in the one form that chunks are cut from. */
export class TextWriter {
  readonly #blocks: string[] = [];
  #units = 0;
  #firstHeading = "";
  #previous: BlockKind = "other";

  /** All that was written. */
  get text(): string {
    return this.#blocks.join("").trim();
  }

  /** The first heading; empty when there is none. */
  get firstHeading(): string {
    return this.#firstHeading;
  }

  /** A heading of level 1 to 6. */
  heading(level: number, text: string): void {
    const title = oneLine(text);
    if (title === "") return;
    if (title.length > MAX_HEADING_UNITS) return this.paragraph(title);
    this.#firstHeading ||= title;
    this.#add(`${"#".repeat(Math.min(6, Math.max(1, level)))} ${title}`, "other");
  }

  /** Running text; its line ends stay. */
  paragraph(text: string): void {
    this.#add(plain(text), "other");
  }

  /** An item of a list or a row of a table: on the line after the one before. */
  item(text: string, marker = "- "): void {
    const written = plain(text);
    if (written !== "") this.#add(marker + written, marker === "" ? "row" : "item");
  }

  /** Code, kept as it is, between fences that it does not hold itself. */
  code(text: string): void {
    if (text.trim() === "") return;
    const longest = Math.max(2, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length));
    const fence = "`".repeat(longest + 1);
    this.#add(`${fence}\n${text.replace(/\n+$/, "")}\n${fence}`, "other");
  }

  #add(block: string, kind: BlockKind): void {
    if (block === "") return;
    const gap = this.#blocks.length === 0 ? "" : kind !== "other" && this.#previous === kind ? "\n" : "\n\n";
    this.#units += gap.length + block.length;
    if (this.#units > MAX_TEXT_UNITS) throw badDocument(`The document holds more than ${MAX_TEXT_UNITS} characters of text`);
    this.#blocks.push(gap + block.replaceAll("\0", "\ufffd").toWellFormed());
    this.#previous = kind;
  }
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}

function plain(text: string): string {
  return text.trim().replaceAll(LOOKS_LIKE_MARKUP, "$1\\");
}
