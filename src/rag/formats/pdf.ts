import { getDocumentProxy } from "unpdf";
import { badDocument, MAX_TEXT_UNITS } from "./document.ts";
import { TextWriter } from "./text_writer.ts";

const MAX_PAGES = 10_000;
/** A line this much larger than most of the text is a heading. */
const HEADING_SIZE = 1.15;
const MAX_HEADING_UNITS = 150;
const MAX_HEADING_LEVEL = 3;
/** A gap of more than so many line heights begins a paragraph. */
const PARAGRAPH_GAP = 1.6;

interface Line {
  readonly text: string;
  /** Height of its letters and distance from the foot of the page, in points. */
  readonly size: number;
  readonly y: number;
  readonly page: number;
}

interface TextItem {
  readonly str: string;
  readonly height: number;
  readonly transform: readonly number[];
  readonly hasEOL: boolean;
}

/**
 * The text of a PDF in reading order, with large lines as headings. Throws `invalid_argument` for what is no PDF or is encrypted; scanned pages have no
 * text. A small file may ask for any amount of time and memory: call this where it can be ended.
 */
export async function pdfToText(bytes: Uint8Array): Promise<{ readonly text: string; readonly title: string }> {
  const pdf = await open(bytes);
  try {
    if (pdf.numPages > MAX_PAGES) throw badDocument(`The PDF has ${pdf.numPages} pages, more than ${MAX_PAGES}`);
    const lines: Line[] = [];
    let units = 0;
    for (let page = 1; page <= pdf.numPages; page++) {
      const { items } = await (await pdf.getPage(page)).getTextContent();
      for (const line of linesOf(items.filter((item) => "str" in item), page)) {
        lines.push(line);
        units += line.text.length;
      }
      if (units > MAX_TEXT_UNITS) throw badDocument(`The document holds more than ${MAX_TEXT_UNITS} characters of text`);
    }
    const { info } = await pdf.getMetadata() as { readonly info: { readonly Title?: unknown } };
    const title = typeof info.Title === "string" ? info.Title.replaceAll(/[\s\0]+/g, " ").trim().toWellFormed() : "";
    return { text: written(lines), title };
  } finally {
    await pdf.loadingTask.destroy();
  }
}

async function open(bytes: Uint8Array): ReturnType<typeof getDocumentProxy> {
  try {
    return await getDocumentProxy(bytes, { verbosity: 0, useSystemFonts: false, stopAtErrors: false });
  } catch (error) {
    if (error instanceof Error && error.name === "PasswordException") {
      throw badDocument("The PDF is encrypted: its text cannot be read", error);
    }
    const reason = error instanceof Error ? error.message.replace(/\.$/, "") : String(error);
    throw badDocument(`The PDF is broken: ${reason}`, error);
  }
}

function* linesOf(items: readonly TextItem[], page: number): Generator<Line> {
  let parts: TextItem[] = [];
  for (const item of items) {
    parts.push(item);
    if (!item.hasEOL) continue;
    yield lineOf(parts, page);
    parts = [];
  }
  if (parts.length > 0) yield lineOf(parts, page);
}

function lineOf(parts: readonly TextItem[], page: number): Line {
  const text = parts.map((part) => part.str).join("").replaceAll(/\s+/g, " ").trim();
  const written = parts.filter((part) => part.str.trim() !== "");
  return {
    text,
    size: Math.max(0, ...written.map((part) => part.height)),
    y: written[0]?.transform[5] ?? parts[0]?.transform[5] ?? 0,
    page,
  };
}

function written(lines: readonly Line[]): string {
  const body = bodySize(lines);
  const isHeading = (line: Line) => line.size > body * HEADING_SIZE && line.text.length <= MAX_HEADING_UNITS && /\p{L}/u.test(line.text);
  const sizes = [...new Set(lines.filter(isHeading).map((line) => Math.round(line.size)))].sort((left, right) => right - left);
  const writer = new TextWriter();
  let paragraph = "";
  let previous: Line | undefined;
  const flush = () => {
    writer.paragraph(paragraph);
    paragraph = "";
  };
  for (const line of lines) {
    if (line.text === "") continue;
    if (isHeading(line)) {
      flush();
      writer.heading(Math.min(MAX_HEADING_LEVEL, sizes.indexOf(Math.round(line.size)) + 1), line.text);
    } else {
      if (previous !== undefined && startsParagraph(previous, line)) flush();
      paragraph = joined(paragraph, line.text);
    }
    previous = line;
  }
  flush();
  return writer.text;
}

/** The letter height of most of the text. */
function bodySize(lines: readonly Line[]): number {
  const units = new Map<number, number>();
  for (const { size, text } of lines) units.set(Math.round(size), (units.get(Math.round(size)) ?? 0) + text.length);
  return [...units].reduce((best, next) => next[1] > best[1] ? next : best, [0, 0])[0];
}

function startsParagraph(previous: Line, line: Line): boolean {
  // A page's last sentence goes on at the top of the next.
  if (previous.page !== line.page) return /[.!?:]$/.test(previous.text);
  return Math.abs(previous.y - line.y) > PARAGRAPH_GAP * Math.max(previous.size, line.size, 1);
}

/** A word that was broken at the end of a line becomes whole. */
function joined(paragraph: string, line: string): string {
  if (paragraph === "") return line;
  if (/\p{Ll}-$/u.test(paragraph.slice(-3)) && /^\p{Ll}/u.test(line)) return paragraph.slice(0, -1) + line;
  return `${paragraph}\n${line}`;
}
