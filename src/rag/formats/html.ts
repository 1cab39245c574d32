import { Parser } from "htmlparser2";
import { badDocument } from "./document.ts";
import { TextWriter } from "./text_writer.ts";

/** Not meant for readers, or no text. */
const SKIPPED = new Set([
  "script",
  "style",
  "noscript",
  "template",
  "svg",
  "math",
  "iframe",
  "object",
  "canvas",
  "audio",
  "video",
  "select",
  "textarea",
]);
const BLOCKS = new Set([
  ...[
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "center",
    "dd",
    "details",
    "dialog",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
  ],
  ...[
    "figure",
    "footer",
    "form",
    "header",
    "hr",
    "html",
    "li",
    "main",
    "menu",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "tbody",
  ],
  ...["tfoot", "thead", "tr", "ul", "caption", "h1", "h2", "h3", "h4", "h5", "h6", "title"],
]);
/** Pages by people stay under a hundred; the parser's work for a stray end tag grows with it. */
const MAX_DEPTH = 2_000;
const INVISIBLE = /display\s*:\s*none|visibility\s*:\s*hidden/i;

type Attributes = Readonly<Record<string, string>>;

/** The text of an HTML page or fragment, without scripts, styles and what is hidden. Linear in its length; throws `invalid_argument` when nested too deeply. */
export function htmlToText(html: string): { readonly text: string; readonly title: string } {
  const reader = new HtmlReader();
  const parser = new Parser({
    onopentag: (name, attributes) => reader.open(name, attributes),
    onclosetag: (name) => reader.close(name),
    ontext: (text) => reader.text(text),
  });
  parser.end(html);
  return reader.finish();
}

/** Gathers the text between the edges of blocks. */
class HtmlReader {
  readonly #writer = new TextWriter();
  #title = "";
  #depth = 0;
  /** The depth of the outermost element that is left out; 0 outside of any. */
  #skippedFrom = 0;
  #pre = 0;
  #parts: string[] = [];
  /** What the text gathered now will be. */
  #kind = "p";

  open(name: string, attributes: Attributes): void {
    if (++this.#depth > MAX_DEPTH) throw badDocument(`The HTML is nested more than ${MAX_DEPTH} elements deep`);
    if (this.#skippedFrom > 0) return;
    if (SKIPPED.has(name) || isHidden(attributes)) {
      this.#skippedFrom = this.#depth;
      return;
    }
    if (BLOCKS.has(name)) {
      this.#flush();
      this.#kind = name;
      if (name === "pre") this.#pre++;
    } else if (name === "br") this.#parts.push("\n");
    else if (name === "img") this.#parts.push(attributes["alt"] ?? "");
    else if ((name === "td" || name === "th") && this.#parts.length > 0) this.#parts.push(" | ");
  }

  close(name: string): void {
    const depth = this.#depth--;
    if (this.#skippedFrom > 0) {
      if (depth <= this.#skippedFrom) this.#skippedFrom = 0;
      return;
    }
    if (!BLOCKS.has(name)) return;
    this.#flush();
    this.#kind = "p";
    if (name === "pre") this.#pre--;
  }

  text(text: string): void {
    if (this.#skippedFrom > 0) return;
    this.#parts.push(this.#pre > 0 ? text : text.replaceAll(/[ \t\r\n\f]+/g, " "));
  }

  finish(): { readonly text: string; readonly title: string } {
    this.#flush();
    return { text: this.#writer.text, title: (this.#title || this.#writer.firstHeading).toWellFormed() };
  }

  #flush(): void {
    const joined = this.#parts.join("");
    this.#parts = [];
    if (joined.trim() === "") return;
    if (this.#pre > 0) return this.#writer.code(joined.replaceAll("\r\n", "\n"));
    const text = joined.replaceAll(/ {2,}/g, " ").replaceAll(/ ?\n ?/g, "\n").trim();
    const level = /^h([1-6])$/.exec(this.#kind)?.[1];
    if (this.#kind === "title") this.#title ||= text.replaceAll("\n", " ");
    else if (level !== undefined) this.#writer.heading(Number(level), text);
    else if (this.#kind === "li") this.#writer.item(text);
    else if (this.#kind === "tr") this.#writer.item(text, "");
    else this.#writer.paragraph(text);
  }
}

function isHidden(attributes: Attributes): boolean {
  return attributes["hidden"] !== undefined || attributes["aria-hidden"] === "true" ||
    INVISIBLE.test(attributes["style"]?.slice(0, 1_000) ?? "");
}
