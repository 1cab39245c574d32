/** A part of a text under one heading, the line of the heading included. */
export interface Section {
  readonly start: number;
  readonly end: number;
  /** The headings above, outermost first, joined by ` › `. */
  readonly heading: string;
}

/** Longer lines are no headings: they are text that happens to begin with a `#`. */
const MAX_HEADING_UNITS = 300;
const HEADING = /^ {0,3}(?<marks>#{1,6})[ \t]+(?<title>\S.*)$/s;
const FENCE = /^ {0,3}(?<fence>`{3,}|~{3,})/;

interface Heading {
  readonly level: number;
  readonly title: string;
}

/** The sections of a text in order; together they are the whole text. Headings with nothing under them belong to what follows. */
export function* sectionsOf(text: string): Generator<Section> {
  let path: readonly Heading[] = [];
  let fence: string | undefined;
  let start = 0;
  let hasBody = false;
  for (const { at, line } of linesOf(text)) {
    const mark = FENCE.exec(line)?.groups?.["fence"];
    if (fence !== undefined) {
      // Inside code a line with a # is a comment.
      if (mark !== undefined && mark.startsWith(fence)) fence = undefined;
      continue;
    }
    const heading = mark === undefined ? headingOf(line) : undefined;
    if (heading === undefined) {
      fence = mark;
      hasBody ||= line.trim() !== "";
      continue;
    }
    if (hasBody) {
      yield { start, end: at, heading: written(path) };
      [start, hasBody] = [at, false];
    }
    path = [...path.filter((above) => above.level < heading.level), heading];
  }
  if (start < text.length) yield { start, end: text.length, heading: written(path) };
}

/** The lines of a text without their ends, and where they begin. */
export function* linesOf(text: string): Generator<{ readonly at: number; readonly line: string }> {
  for (let at = 0; at < text.length;) {
    const newline = text.indexOf("\n", at);
    const end = newline < 0 ? text.length : newline;
    yield { at, line: text.slice(at, end) };
    at = end + 1;
  }
}

function headingOf(line: string): Heading | undefined {
  if (line.length > MAX_HEADING_UNITS) return undefined;
  const { marks, title } = HEADING.exec(line)?.groups ?? {};
  if (marks === undefined || title === undefined) return undefined;
  return { level: marks.length, title: title.replace(/\s#+\s*$/, "").trim().toWellFormed() };
}

function written(path: readonly Heading[]): string {
  return path.map((heading) => heading.title).join(" › ");
}
