import { ChatError } from "../../core/errors.ts";
import { estimateTokens } from "../../text/token_estimate.ts";
import { attemptInTurn, type Candidate, type Patience } from "../attempts.ts";
import type { JudgedMood } from "../methods.ts";
import type { ModelMessage, ModelRequest } from "../provider.ts";
import { judgementAgain, judgementOf, judgementPrompt } from "./judgement.ts";

/** Of an answer that is four numbers; what some models think before it is paid for too, and has to fit. */
const ANSWER_TOKENS = 500;
const ANSWER_UNITS = 4_000;
/** A model that does not answer as asked is told so this many times. */
const RETRIES = 1;
const SHOWN_UNITS = 80;

/** What a model is asked with. */
export interface JudgeOptions {
  /** One model at the providers that have it. */
  readonly candidates: readonly [Candidate, ...Candidate[]];
  readonly patience: Patience;
  readonly signal: AbortSignal;
  /** Of the text, for what errors say. */
  readonly field: string;
}

/**
 * The mood of a text as a language model judges it; `model` is the one that did. Throws `invalid_argument` for a text that does not fit into the model's
 * tokens, `failed_precondition` when the model does not answer as it is asked to, and what {@link attemptInTurn} throws. Nothing else judges in its place.
 */
export async function judgeMood(text: string, options: JudgeOptions): Promise<JudgedMood & { readonly model: string }> {
  let messages = judgementPrompt(text);
  requireFit(messages, options);
  for (let retries = 0;; retries++) {
    const { answer, model } = await ask(messages, options);
    const mood = judgementOf(answer);
    if (mood !== undefined) return { ...mood, model };
    if (retries === RETRIES) {
      const shown = JSON.stringify(answer.slice(0, SHOWN_UNITS).toWellFormed());
      throw new ChatError("failed_precondition", `The model ${model} does not tell moods as it is asked to, it answered ${shown}`);
    }
    messages = judgementAgain(messages, answer.slice(0, ANSWER_UNITS));
  }
}

function requireFit(messages: readonly ModelMessage[], { candidates, field }: JudgeOptions): void {
  const { name, contextTokens } =
    candidates.reduce((least, one) => one.model.contextTokens < least.model.contextTokens ? one : least).model;
  const tokens = messages.reduce((sum, { content }) => sum + estimateTokens(content), 0);
  const room = contextTokens - 2 * Math.min(ANSWER_TOKENS, contextTokens / 4);
  if (tokens <= room) return;
  const problem = `Field \`${field}\` must fit into the ${contextTokens} tokens of ${name} beside the task, got about ${tokens} of ${room}`;
  throw new ChatError("invalid_argument", problem, { field });
}

async function ask(
  messages: readonly ModelMessage[],
  { candidates, patience, signal }: JudgeOptions,
): Promise<{ readonly answer: string; readonly model: string }> {
  let [answer, name] = ["", candidates[0].model.name];
  const request = ({ model }: Candidate): ModelRequest => ({
    ...{ model: model.name, messages, temperature: 0, maxTokens: Math.min(ANSWER_TOKENS, model.maxTokens), stop: [] },
  });
  const chosen = ({ model }: Candidate) => name = model.name;
  for await (const part of attemptInTurn(candidates, request, { patience, signal, chosen })) {
    if (part.kind === "text") answer += part.text;
    // No object of four numbers is so long.
    if (answer.length > ANSWER_UNITS) break;
  }
  return { answer, model: name };
}
