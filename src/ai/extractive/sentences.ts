/** A sentence of a passage: `text.slice(start, end)`, in UTF-16 code units, without white space at its ends. */
export interface Sentence {
  readonly start: number;
  readonly end: number;
}

const SEGMENTER = new Intl.Segmenter("en", { granularity: "sentence" });
/** Dots that end no sentence: titles, initials, and what is mostly followed by a number or a name. */
const ABBREVIATION =
  /(?:^|[\s(])(?:\p{Lu}|(?:\p{L}\.)+\p{L}|Dr|Mr|Mrs|Ms|Prof|St|Sr|Jr|No|Nr|Nos|vs|ca|c|approx|bzw|geb|gest|Bd|vol|fig|Mt|Gen|Col|Capt|Lt|Sgt|Rev|Hon|Sen|Gov|Inc|Ltd|Co|al|ed|pp?|г|гг|в|вв|ул|им|т\.\s?е|π\.Χ|μ\.Χ)\.\s*$/u;
/** Thai abbreviations, such as those of its calendars. */
const THAI_ABBREVIATION = /(?:^|[\s.])\p{sc=Thai}{1,3}\.\s*$/u;
/** A date in German, such as "am 3. Mai". */
const ORDINAL = /(?:^|\s)\p{Nd}{1,2}\.\s*$/u;
/** Thai has no full stop: its writers put a space where a thought ends. */
const MAX_UNSTOPPED_UNITS = 200;
/** Enough of a sentence to see how it ends. */
const LAST_UNITS = 40;
/** What is put together again is no longer than this. */
const MAX_UNITS = 1_000;
const THAI_UNITS = 60;
const THAI = /\p{sc=Thai}/u;
const HEADING = /^ {0,3}#{1,6}(?:\s|$)/;
const HEADING_LINE = /(?<=^ {0,3}#{1,6}[ \t])[^\n]*$/gm;

/** The sentences of a passage in order; a heading is none, unless there is nothing else. Lines that a layout has broken count as one. */
export function sentencesOf(text: string): readonly Sentence[] {
  const found = withoutHeadings(text);
  if (found.length > 0) return found;
  const lines = Array.from(text.matchAll(HEADING_LINE), ({ 0: { length }, index }) => trim(text, index, index + length));
  return lines.filter((line) => line !== undefined);
}

function withoutHeadings(text: string): readonly Sentence[] {
  const found: Sentence[] = [];
  let start = 0;
  for (const { segment, index } of SEGMENTER.segment(text)) {
    const end = index + segment.length;
    if (end < text.length && end - start < MAX_UNITS && goesOn(text.slice(start, end), text.slice(end, end + 2))) continue;
    found.push(...partsOf(text, start, end));
    start = end;
  }
  if (start < text.length) found.push(...partsOf(text, start, text.length));
  return found;
}

/** Whether what looks like an end is none. */
function goesOn(whole: string, next: string): boolean {
  if (HEADING.test(whole)) return false;
  const sentence = whole.slice(-LAST_UNITS);
  if (/\n\s*\n\s*$/.test(sentence)) return false;
  if (/\n\s*$/.test(sentence)) return !/[.!?…。！？।:;؟»”"]\s*$/.test(sentence) && /^\p{Ll}/u.test(next);
  return ABBREVIATION.test(sentence) || THAI_ABBREVIATION.test(sentence) || (ORDINAL.test(sentence) && /^\p{L}/u.test(next)) ||
    /^\p{Ll}/u.test(next);
}

function partsOf(text: string, start: number, end: number): readonly Sentence[] {
  const trimmed = trim(text, start, end);
  if (trimmed === undefined || HEADING.test(text.slice(trimmed.start, trimmed.end))) return [];
  if (trimmed.end - trimmed.start <= MAX_UNSTOPPED_UNITS || !THAI.test(text.slice(trimmed.start, trimmed.end))) return [trimmed];
  const parts: Sentence[] = [];
  let from = trimmed.start;
  for (const { index } of text.slice(trimmed.start, trimmed.end).matchAll(/\s+/gu)) {
    const at = trimmed.start + index;
    if (at - from < THAI_UNITS) continue;
    parts.push({ start: from, end: at });
    from = trim(text, at, trimmed.end)!.start;
  }
  return [...parts, { start: from, end: trimmed.end }];
}

function trim(text: string, start: number, end: number): Sentence | undefined {
  const slice = text.slice(start, end);
  const plain = slice.trim();
  if (plain === "") return undefined;
  const lead = slice.length - slice.trimStart().length;
  return { start: start + lead, end: start + lead + plain.length };
}
