/**
 * Makes an answer by a language model, which may have plugins' actions done on the way: each round's calls are carried out and told to it, until it
 * answers without calling.
 *
 * @module
 */
import { ChatError } from "../core/errors.ts";
import type { AnswerWriter } from "./answer_writer.ts";
import { attemptInTurn, type Candidate, type Patience } from "./attempts.ts";
import type { Grounding } from "./grounding.ts";
import { fitPrompt } from "./prompt.ts";
import type { ModelMessage, ModelRequest } from "./provider.ts";
import { ReceivedAnswer } from "./received_answer.ts";
import { runTool, toldOf } from "./tools/run.ts";
import type { Tool, ToolCall, ToolDesk } from "./tools/tool.ts";
import type { ValidGenerate } from "./validate.ts";

/** Rounds in which calls are carried out; then the model has to answer with what it has. */
const MAX_CALLING_ROUNDS = 4;
/** Calls of one answer, all rounds together. */
const MAX_CALLS = 16;
const TOO_MANY = "The answer has called tools too often already";

/** What an answer is generated with. */
export interface Generating {
  /** In the order in which they are asked. */
  readonly candidates: readonly Candidate[];
  readonly grounding: Grounding | undefined;
  /** None: the model calls nothing. */
  readonly tools: readonly Tool[];
  /** Carries calls out; absent only where there are no tools. */
  readonly desk: ToolDesk | undefined;
  readonly patience: Patience;
  readonly writer: AnswerWriter;
  readonly signal: AbortSignal;
}

/** Writes a model's answer. Throws `ChatError`. */
export async function generateAnswer(request: ValidGenerate, generating: Generating): Promise<void> {
  const { candidates, grounding, tools, writer } = generating;
  // One list for whoever answers, because it is told before anybody does.
  const narrowest = candidates.reduce((least, one) => one.model.contextTokens < least.model.contextTokens ? one : least).model;
  const fitted = fitPrompt(request, { passages: grounding?.passages, tools }, narrowest);
  const shown = grounding?.passages.slice(0, fitted.passages) ?? [];
  if (grounding !== undefined) writer.retrieval(shown.map(({ passage }) => passage), grounding.notices);
  const received = new ReceivedAnswer(writer, shown);
  const { messages, model = narrowest.name } = await new Rounds(request, generating, received).run(fitted.messages);
  await received.end(model, { messages, grounded: grounding !== undefined });
}

class Rounds {
  readonly #request: ValidGenerate;
  readonly #generating: Generating;
  readonly #received: ReceivedAnswer;
  readonly #giveUpAtMs: number;
  #answering: Candidate | undefined;
  #calls = 0;

  constructor(request: ValidGenerate, generating: Generating, received: ReceivedAnswer) {
    this.#request = request;
    this.#generating = generating;
    this.#received = received;
    this.#giveUpAtMs = performance.now() + generating.patience.totalMs;
  }

  /** Gives all that was said, and the model that answered. */
  async run(first: readonly ModelMessage[]): Promise<{ readonly messages: readonly ModelMessage[]; readonly model: string | undefined }> {
    let messages = first;
    for (let round = 0;; round++) {
      const before = this.#received.written.length;
      const calls = await this.#ask(messages, round < MAX_CALLING_ROUNDS);
      if (calls.length === 0) return { messages, model: this.#answering?.model.name };
      if (round === MAX_CALLING_ROUNDS) {
        throw new ChatError("resource_exhausted", `The model calls tools in more than ${round} rounds without an answer`);
      }
      const said: ModelMessage = { role: "calls", content: this.#received.written.slice(before), calls };
      messages = [...messages, said, ...await this.#carryOut(calls)];
    }
  }

  /** One round; what it says is written as it comes. */
  async #ask(messages: readonly ModelMessage[], mayCall: boolean): Promise<readonly ToolCall[]> {
    const { patience, signal } = this.#generating;
    let calls: readonly ToolCall[] = [];
    const left = { ...patience, totalMs: Math.max(1, this.#giveUpAtMs - performance.now()) };
    // An answer that has begun is never mixed with another model's.
    const candidates = this.#answering === undefined ? this.#generating.candidates : [this.#answering];
    const chosen = (one: Candidate) => this.#answering = one;
    const ask = (one: Candidate) => this.#requestTo(one, messages, mayCall);
    for await (const part of attemptInTurn(candidates, ask, { patience: left, signal, chosen })) {
      if (part.kind === "text") this.#received.text(part.text, part.logProbabilities);
      else if (part.kind === "usage") this.#received.paid(part);
      else if (part.kind === "calls") ({ calls } = part);
      else this.#received.finishReason = part.finishReason;
    }
    // A model may make up what it was never offered.
    return this.#generating.desk === undefined ? [] : calls;
  }

  #requestTo({ model }: Candidate, messages: readonly ModelMessage[], mayCall: boolean): ModelRequest {
    const { temperature, maxTokens, stop, seed } = this.#request;
    const { tools } = this.#generating;
    return {
      ...{ model: model.name, messages, temperature, maxTokens: Math.min(maxTokens, model.maxTokens), stop },
      ...{ ...(seed === undefined ? {} : { seed }), ...(tools.length === 0 ? {} : { tools, mayCall }) },
    };
  }

  /** One after the other, as the model has put them: one may need what another has done. */
  async #carryOut(calls: readonly ToolCall[]): Promise<readonly ModelMessage[]> {
    const { tools, desk, writer } = this.#generating;
    const results: ModelMessage[] = [];
    for (const call of calls) {
      const result = ++this.#calls > MAX_CALLS
        ? { tool: call.name, inputJson: call.argumentsJson, outputJson: "", error: TOO_MANY }
        : await runTool(call, tools, desk!);
      writer.tool(result);
      results.push({ role: "result", callId: call.id, content: toldOf(result) });
    }
    return results;
  }
}
