/**
 * Makes one answer, by a language model or by choosing sentences.
 *
 * @module
 */
import type { Citation } from "../contracts/mod.ts";
import type { CallContext } from "../core/context.ts";
import { abortError } from "../core/errors.ts";
import { estimateTokens } from "../text/token_estimate.ts";
import type { AnswerWriter } from "./answer_writer.ts";
import { attemptInTurn, type Candidate, type Patience } from "./attempts.ts";
import { CitationReader } from "./citations.ts";
import { ground, type Grounding, type GroundingSources, type GroundPassage, isGrounded } from "./grounding.ts";
import type { ExtractiveAnswerer, SourcePassage } from "./methods.ts";
import { type ChosenModel, EXTRACTIVE } from "./models.ts";
import { fitPrompt, type FittedPrompt } from "./prompt.ts";
import type { ValidGenerate } from "./validate.ts";

/** What answers are made with. */
export interface AnswerMeans {
  readonly sources: GroundingSources;
  readonly extract: ExtractiveAnswerer;
  readonly patience: Patience;
}

const NO_ANSWER = "The documents hold no answer to this question.";
const NOTHING_GIVEN =
  "There is nothing to answer from: no documents, room or context were given, and no language model is set up to answer without them.";
const NOTHING_FOUND = "Nothing was found to answer this question from.";
const FEW_PASSAGES = 10;
/** Sentences end like this in most scripts. */
const SENTENCE_END = /[.!?。！？؟।]+(?:\s*\[[\d,\s]+\])*|\n+|$/gu;

/** Writes the answer to a request, part by part. Throws `ChatError`. */
export async function answer(
  request: ValidGenerate,
  { model, means, writer, context }: {
    readonly model: ChosenModel;
    readonly means: AnswerMeans;
    readonly writer: AnswerWriter;
    readonly context: CallContext;
  },
): Promise<void> {
  const grounding = isGrounded(request) ? await ground(request, means.sources, context) : undefined;
  if (context.signal.aborted) throw abortError(context.signal);
  if (model.kind === "extractive") await extractAnswer(request, grounding, { means, writer });
  else await generateAnswer(request, grounding, { candidates: model.candidates, means, writer, signal: context.signal });
}

async function extractAnswer(
  { prompt, turns, maxTokens }: ValidGenerate,
  grounding: Grounding | undefined,
  { means, writer }: { readonly means: AnswerMeans; readonly writer: AnswerWriter },
): Promise<void> {
  const passages = grounding?.passages ?? [];
  if (grounding !== undefined) writer.retrieval(passages.map(({ passage }) => passage), grounding.notices);
  const question = { question: prompt, earlier: turns.map(({ content }) => content) };
  const found = await means.extract(question, passages.map((passage) => toSource(passage, passages.length)));
  let finishReason = found.sentences.length === 0 ? "no_answer" : "stop";
  if (finishReason === "no_answer") {
    writer.text(grounding === undefined ? NOTHING_GIVEN : passages.length === 0 ? NOTHING_FOUND : NO_ANSWER);
  }
  let tokens = 0;
  for (const { passage: index, start, end } of found.sentences) {
    const passage = passages[index];
    if (passage === undefined) continue;
    const sentence = passage.text.slice(start, end);
    tokens += estimateTokens(sentence);
    if (tokens > maxTokens) {
      finishReason = "length";
      break;
    }
    writer.text(`${writer.length === 0 ? "" : " "}${sentence} `);
    cite(writer, passage, { start, end });
  }
  if (finishReason === "length" && writer.length === 0) writer.text("The answer is longer than max_tokens allows.");
  writer.usage({ promptTokens: estimateTokens(prompt), completionTokens: tokens, estimated: true });
  writer.done({ model: EXTRACTIVE, finishReason, confidence: found.confidence, droppedCitations: 0 });
}

function toSource({ passage, text, name, score }: GroundPassage, all: number): SourcePassage {
  const own = passage.contextIndex !== undefined;
  // What the list calls the caller's own texts says nothing of them. Many are a pile to search, few are what the question is about.
  return { text, title: own ? "" : name, score, given: own && all <= FEW_PASSAGES };
}

/** Writes the mark of a passage; `part` says which of its text, else all is meant. */
function cite(writer: AnswerWriter, ground: GroundPassage, part?: { readonly start: number; readonly end: number }): void {
  const textStart = writer.length;
  const mark = `[${ground.passage.number}]`;
  writer.text(mark);
  writer.citation(citationOf(ground, { textStart, textEnd: textStart + mark.length }, part));
}

function citationOf(
  { passage, text }: GroundPassage,
  place: { readonly textStart: number; readonly textEnd: number },
  { start, end } = { start: 0, end: text.length },
): Citation {
  const base = passage.document?.start ?? 0;
  return { number: passage.number, ...place, sourceStart: base + start, sourceEnd: base + end };
}

async function generateAnswer(
  request: ValidGenerate,
  grounding: Grounding | undefined,
  { candidates, means, writer, signal }: {
    readonly candidates: readonly Candidate[];
    readonly means: AnswerMeans;
    readonly writer: AnswerWriter;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  // One list for whoever answers, because it is told before anybody does.
  const narrowest = candidates.reduce((least, one) => one.model.contextTokens < least.model.contextTokens ? one : least).model;
  const fitted = fitPrompt(request, grounding?.passages, narrowest);
  const shown = grounding?.passages.slice(0, fitted.passages) ?? [];
  if (grounding !== undefined) writer.retrieval(shown.map(({ passage }) => passage), grounding.notices);
  const received = new ReceivedAnswer(writer, shown);
  const { temperature, maxTokens, stop, seed } = request;
  const ask = ({ model }: Candidate) => ({
    ...{ model: model.name, messages: fitted.messages, temperature, maxTokens: Math.min(maxTokens, model.maxTokens), stop },
    ...(seed === undefined ? {} : { seed }),
  });
  let answered: Candidate | undefined;
  for await (const part of attemptInTurn(candidates, ask, { patience: means.patience, signal, chosen: (one) => answered = one })) {
    if (part.kind === "text") received.text(part.text, part.logProbabilities);
    else if (part.kind === "usage") received.usage = { ...part, estimated: false };
    else received.finishReason = part.finishReason;
  }
  await received.end(answered?.model.name ?? narrowest.name, { fitted, grounded: grounding !== undefined });
}

/** An answer as it comes from a provider: its marks become citations. */
class ReceivedAnswer {
  readonly #writer: AnswerWriter;
  readonly #passages: readonly GroundPassage[];
  readonly #reader: CitationReader;
  #text = "";
  #logSum = 0;
  #logCount = 0;
  usage: { readonly promptTokens: number; readonly completionTokens: number; readonly estimated: boolean } | undefined;
  finishReason = "stop";

  constructor(writer: AnswerWriter, passages: readonly GroundPassage[]) {
    this.#writer = writer;
    this.#passages = passages;
    this.#reader = new CitationReader(passages.length);
  }

  text(text: string, logProbabilities: readonly number[] = []): void {
    for (const log of logProbabilities) this.#logSum += log;
    this.#logCount += logProbabilities.length;
    this.#write(this.#reader.read(text));
  }

  async end(model: string, { fitted, grounded }: { readonly fitted: FittedPrompt; readonly grounded: boolean }): Promise<void> {
    this.#write(this.#reader.end());
    const { promptTokens, completionTokens, estimated } = this.usage ?? await countUsage(fitted, this.#text);
    this.#writer.usage({ promptTokens, completionTokens, estimated });
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
async function countUsage({ messages }: FittedPrompt, text: string) {
  const { countTokens } = await import("../text/tokens.ts");
  const promptTokens = messages.reduce((sum, { content }) => sum + countTokens(content), 0);
  return { promptTokens, completionTokens: countTokens(text), estimated: true };
}
