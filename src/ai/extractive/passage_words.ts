import { stem, tokens } from "../../text/analysis.ts";
import type { SourcePassage } from "../methods.ts";
import { sentencesOf } from "./sentences.ts";

/** A sentence with the forms of its words. */
export interface SentenceWords {
  readonly passage: number;
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly order: readonly string[];
  readonly forms: ReadonlySet<string>;
}

/** A passage taken apart. */
export interface PassageWords {
  readonly sentences: readonly SentenceWords[];
  /** Forms of the words of its title, and of headings in its text. */
  readonly title: ReadonlySet<string>;
}

const HEADINGS = /^ {0,3}#{1,6}[ \t]+.*$/gm;

/** Single characters of Chinese, many of which are words. */
export function hanOf(text: string): readonly string[] {
  return text.match(/\p{sc=Han}/gu) ?? [];
}

/** Takes a passage apart, its words in the forms of its language. */
export function passageWords({ text, title }: SourcePassage, passage: number, language: string): PassageWords {
  const forms = (part: string) => tokens(part).map((token) => token.paired ? token.word : stem(token.word, language));
  const sentences = sentencesOf(text).map(({ start, end }) => {
    const sentence = text.slice(start, end);
    const order = forms(sentence);
    return { passage, start, end, text: sentence, order, forms: new Set([...order, ...hanOf(sentence)]) };
  });
  return { sentences, title: new Set(forms([title, ...(text.match(HEADINGS) ?? [])].join("\n"))) };
}
