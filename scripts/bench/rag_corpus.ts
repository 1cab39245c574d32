/**
 * Documents and questions for the search benchmarks, the same on every machine. 1,400 base texts are Cranfield's where its folder is given, else made
 * here: words of syllables whose frequencies fall as Zipf's law has it, half of each text drawn from one of 200 topics. Larger collections repeat
 * the base texts with variation: a third of the words of each copy are exchanged for words drawn from all base texts, so that frequent words grow
 * with the collection, and one word in two hundred is one that no other document has, so that the vocabulary grows too.
 *
 * @module
 */
import type { IndexDocumentRequest, SearchDocumentsRequest } from "../../src/contracts/mod.ts";
import { type Random, seeded } from "../../tests/support/seeded.ts";
import { readCranfield } from "../eval/cranfield.ts";
import { damage } from "../eval/typos.ts";

const BASE_TEXTS = 1_400;
const TEXT_WORDS = 160;
const VOCABULARY = 12_000;
const TOPICS = 200;
const TOPIC_WORDS = 40;
/** The exponent of English text. */
const ZIPF = 1.05;
const LINKS = ["the", "of", "and", "in", "a", "to", "is", "for", "with", "on", "by", "that"];
const SYLLABLES = [
  "ba",
  "con",
  "der",
  "el",
  "fi",
  "gra",
  "hy",
  "in",
  "lo",
  "mer",
  "na",
  "or",
  "pre",
  "qui",
  "ra",
  "sten",
  "ti",
  "ul",
  "ver",
  "wo",
];
const YEARS = 20;

/** One of the texts that collections are made of. */
interface BaseText {
  readonly title: string;
  readonly words: readonly string[];
}

/** The base texts; `folder` holds Cranfield. */
export async function baseTexts(folder: string | undefined): Promise<readonly BaseText[]> {
  if (folder === undefined) return madeTexts();
  const { documents } = await readCranfield(folder);
  return documents.map(({ title, content }) => ({ title, words: content.split(/\s+/) })).filter(({ words }) => words.length > 20);
}

function madeTexts(): readonly BaseText[] {
  const random = seeded(11);
  const vocabulary = Array.from({ length: VOCABULARY }, (_, rank) => madeWord(rank));
  const zipf = zipfian(VOCABULARY, random);
  const topics = Array.from({ length: TOPICS }, () => Array.from({ length: TOPIC_WORDS }, () => vocabulary[zipf()]!));
  return Array.from({ length: BASE_TEXTS }, (_, index) => {
    const topic = topics[index % TOPICS]!;
    const content = () => random.chance(0.5) ? topic[Math.floor(random.next() ** 2 * TOPIC_WORDS)]! : vocabulary[zipf()]!;
    const word = () => random.chance(0.4) ? random.pick(LINKS) : content();
    const words = Array.from({ length: TEXT_WORDS }, (_, at) => at % 16 === 15 ? `${word()}.` : word());
    return { title: Array.from({ length: 6 }, content).join(" "), words };
  });
}

/** Distinct for each rank; frequent words are short. */
function madeWord(rank: number): string {
  let word = "";
  for (let left = rank + SYLLABLES.length; left > 0; left = Math.floor(left / SYLLABLES.length)) word += SYLLABLES[left % SYLLABLES.length];
  return word;
}

/** Draws ranks whose probability falls with the rank. */
function zipfian(size: number, random: Random): () => number {
  const sums = new Float64Array(size);
  let sum = 0;
  for (let rank = 0; rank < size; rank++) sums[rank] = sum += 1 / (rank + 3) ** ZIPF;
  return () => {
    const wanted = random.next() * sum;
    let [low, high] = [0, size - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle]! < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/** So many documents, made as they are asked for. */
export function* documentsFrom(base: readonly BaseText[], from: number, to: number): Generator<IndexDocumentRequest> {
  for (let index = from; index < to; index++) {
    const { title, words } = base[index % base.length]!;
    const random = seeded(index + 1);
    const other = () => random.pick(random.pick(base).words);
    const vary = (word: string, at: number) => random.chance(1 / 200) ? `${madeWord(index)}${at}x` : random.chance(1 / 3) ? other() : word;
    const content = (index < base.length ? words : words.map(vary)).join(" ");
    // Told, because made-up words are of no language.
    yield {
      language: "en",
      documentId: `doc-${index}`,
      title,
      content,
      metadata: { year: `${2000 + index % YEARS}`, source: `source-${index % 7}` },
    };
  }
}

/** A kind of question that is measured by itself. */
export const QUESTION_KINDS = ["question", "typos", "phrase", "filter"] as const;
export type QuestionKind = typeof QUESTION_KINDS[number];

/** So many questions, each about one base text: ten words that stand in it, with the damage, the quotes or the filter of the kind. */
export function questions(base: readonly BaseText[], kind: QuestionKind, count: number): SearchDocumentsRequest[] {
  const random = seeded(5);
  return Array.from({ length: count }, () => {
    const { words } = random.pick(base);
    const bare = words.map((word) => word.replaceAll(/[^\p{L}\p{N}]/gu, "")).filter((word) => word !== "");
    const at = random.below(bare.length - 10);
    const asked = [...bare.slice(at, at + 5), ...Array.from({ length: 5 }, () => random.pick(bare))].join(" ");
    const query = `What is it about ${asked}`;
    switch (kind) {
      case "question":
        return { query };
      case "typos":
        return { query: damage(query, 3) };
      case "phrase":
        return { query: `"${bare.slice(at, at + 3).join(" ")}" ${asked}` };
      case "filter":
        return { query, filter: "year >= 2010 and year < 2012" };
    }
  });
}
