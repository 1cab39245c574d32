import type { Citation } from "../contracts/mod.ts";
import type { AnswerWriter } from "./answer_writer.ts";
import { CitationReader } from "./citations.ts";
import type { GroundPassage } from "./grounding.ts";
import type { ModelMessage, ModelPart } from "./provider.ts";

/** Sentences end like this in most scripts. */
const SENTENCE_END = /[.!?。！？؟।]+(?:\s*\[[\d,\s]+\])*|\n+|$/gu;

/** A mark at a place of the answer that stands for a passage, or a part of its text. */
export function citationOf(
  { passage, text }: GroundPassage,
  place: { readonly textStart: number; readonly textEnd: number },
  { start, end } = { start: 0, end: text.length },
): Citation {
  const base = passage.document?.start ?? 0;
  return { number: passage.number, ...place, sourceStart: base + start, sourceEnd: base + end };
}

/** What all rounds of an answer cost. */
interface Usage {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly estimated: boolean;
}

/** An answer as it comes from a provider: its marks become citations. */
export class ReceivedAnswer {
  readonly #writer: AnswerWriter;
  readonly #passages: readonly GroundPassage[];
  readonly #reader: CitationReader;
  #text = "";
  #logSum = 0;
  #logCount = 0;
  #usage: Usage | undefined;
  finishReason = "stop";

  constructor(writer: AnswerWriter, passages: readonly GroundPassage[]) {
    this.#writer = writer;
    this.#passages = passages;
    this.#reader = new CitationReader(passages.length);
  }

  /** What has come, without what may still become a mark. */
  get written(): string {
    return this.#text;
  }

  /** More of it. */
  text(text: string, logProbabilities: readonly number[] = []): void {
    for (const log of logProbabilities) this.#logSum += log;
    this.#logCount += logProbabilities.length;
    this.#write(this.#reader.read(text));
  }

  /** What a round cost, as its provider says. */
  paid({ promptTokens, completionTokens }: Extract<ModelPart, { readonly kind: "usage" }>): void {
    this.#usage = {
      promptTokens: (this.#usage?.promptTokens ?? 0) + promptTokens,
      completionTokens: (this.#usage?.completionTokens ?? 0) + completionTokens,
      estimated: false,
    };
  }

  /** The end of the last round; `messages` are what it was asked with. */
  async end(
    model: string,
    { messages, grounded }: { readonly messages: readonly ModelMessage[]; readonly grounded: boolean },
  ): Promise<void> {
    this.#write(this.#reader.end());
    this.#writer.usage(this.#usage ?? await countUsage(messages, this.#text));
    const { finishReason } = this;
    this.#writer.done({ model, finishReason, confidence: this.#confidence(grounded), droppedCitations: this.#reader.dropped });
  }

  #write(pieces: ReturnType<CitationReader["read"]>): void {
    for (const piece of pieces) {
      const textStart = this.#writer.length;
      this.#text += piece.text;
      this.#writer.text(piece.text);
      if (piece.kind === "text") continue;
      for (const number of piece.numbers) {
        const passage = this.#passages[number - 1];
        if (passage !== undefined) this.#writer.citation(citationOf(passage, { textStart, textEnd: this.#writer.length }));
      }
    }
  }

  /**
   * What can be known of a model's answer from outside: the mean probability of its tokens where the provider tells (AI_PROVIDERS' `log_probabilities`), times the
   * share of its sentences that cite a passage where it was grounded. 0 where neither is known: not that it is wrong, but that nothing speaks for it.
   */
  #confidence(grounded: boolean): number {
    const likely = this.#logCount === 0 ? undefined : Math.exp(this.#logSum / this.#logCount);
    const cited = grounded ? citedShare(this.#text) : undefined;
    if (likely === undefined && cited === undefined) return 0;
    return Math.min(1, (likely ?? 1) * (cited ?? 1));
  }
}

/** Of sentences with a letter or a digit, those with a mark in or right after them. */
function citedShare(text: string): number {
  let [all, cited, at] = [0, 0, 0];
  for (const match of text.matchAll(SENTENCE_END)) {
    const sentence = text.slice(at, match.index + match[0].length);
    at += sentence.length;
    if (!/[\p{L}\p{N}]/u.test(sentence.replaceAll(/\[[\d,\s]+\]/g, ""))) continue;
    all++;
    if (/\[[\d,\s]+\]/.test(sentence)) cited++;
  }
  return all === 0 ? 0 : cited / all;
}

/** For providers that do not tell. The encoding takes 80 MB and a third of a second to load, so it is loaded when first needed. */
async function countUsage(messages: readonly ModelMessage[], text: string): Promise<Usage> {
  const { countTokens } = await import("../text/tokens.ts");
  const promptTokens = messages.reduce((sum, { content }) => sum + countTokens(content), 0);
  return { promptTokens, completionTokens: countTokens(text), estimated: true };
}
