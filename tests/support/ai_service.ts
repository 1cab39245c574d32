import type { ExtractiveAnswerer } from "../../src/ai/methods.ts";
import { type AiServiceOptions, createAiService, type RunningAiService } from "../../src/ai/service.ts";
import type { GenerationPart } from "../../src/contracts/mod.ts";
import type { Database } from "../../src/database/database.ts";
import { testLog } from "./log.ts";

/** Takes the first passage that has the question's last word. */
const byLastWord: ExtractiveAnswerer = ({ question }, passages) => {
  const word = /(\p{L}+)\P{L}*$/u.exec(question)?.[1] ?? "";
  const passage = passages.findIndex(({ text }) => text.includes(word));
  if (word === "" || passage < 0) return { sentences: [], confidence: 0 };
  return { sentences: [{ passage, start: 0, end: passages[passage]!.text.length }], confidence: 0.5 };
};

/** A service with short patience; what a test is about it gives itself. */
export function testAiService(database: Database, options: Partial<AiServiceOptions> = {}): RunningAiService & AsyncDisposable {
  const service = createAiService({
    ...{ database, log: testLog(), providers: [], sources: {}, extract: byLastWord, pollMs: 10 },
    patience: { totalMs: 20_000, firstByteMs: 10_000, idleMs: 10_000, attempts: 3 },
    limits: { atOnce: 100, atOncePerCaller: 50, graceMs: 20_000, keepMs: 1_000_000 },
    moodOf: () =>
      Promise.resolve({ sentiment: "neutral", confidence: 1, scores: { positive: 0, negative: 0, neutral: 1, compound: 0 }, notices: [] }),
    ...options,
  });
  return Object.assign(service, { [Symbol.asyncDispose]: () => service.close() });
}

/** Every part of a stream. */
export async function partsOf(stream: AsyncIterable<GenerationPart>): Promise<GenerationPart[]> {
  const parts: GenerationPart[] = [];
  for await (const part of stream) parts.push(part);
  return parts;
}

/** The answer that parts add up to. */
export function textOf(parts: readonly GenerationPart[]): string {
  return parts.map(({ content }) => content).join("");
}
