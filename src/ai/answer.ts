/**
 * Makes one answer, by a language model or by choosing sentences.
 *
 * @module
 */
import type { CallContext } from "../core/context.ts";
import { abortError } from "../core/errors.ts";
import { estimateTokens } from "../text/token_estimate.ts";
import type { AnswerWriter } from "./answer_writer.ts";
import type { Patience } from "./attempts.ts";
import { generateAnswer } from "./generate.ts";
import { ground, type Grounding, type GroundingSources, type GroundPassage, isGrounded } from "./grounding.ts";
import type { ExtractiveAnswerer, SourcePassage } from "./methods.ts";
import { type ChosenModel, EXTRACTIVE } from "./models.ts";
import { citationOf } from "./received_answer.ts";
import { findTools } from "./tools/catalog.ts";
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
  else {
    const { sources: { plugins }, patience } = means;
    const tools = await findTools(request.tools ?? [], plugins, context);
    const desk = plugins === undefined || tools.length === 0 ? undefined : { plugins, context, room: request.room };
    await generateAnswer(request, { candidates: model.candidates, grounding, tools, desk, patience, writer, signal: context.signal });
  }
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
