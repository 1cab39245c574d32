import { assert } from "@std/assert";
import { extractAnswer } from "../../src/ai/extractive/answer.ts";
import type { SourcePassage } from "../../src/ai/methods.ts";
import { ENCYCLOPEDIA } from "../support/question_set/encyclopedia.ts";
import { ENGLISH } from "../support/question_set/english.ts";
import { EUROPEAN } from "../support/question_set/european.ts";
import { HELD_OUT } from "../support/question_set/held_out.ts";
import { OTHER } from "../support/question_set/other.ts";
import type { AskedPassage } from "../support/question_set/types.ts";

const SET: readonly AskedPassage[] = [...ENGLISH, ...EUROPEAN, ...OTHER];
/** Passages that a question is asked over: its own, not always the first, and others in every language. */
const PASSAGES = 20;

/** What is measured on a part of the set. */
interface Figures {
  readonly asked: number;
  /** The first sentence holds the answer. */
  readonly one: number;
  /** One of the sentences does. */
  readonly three: number;
  /** No answer to what cannot be answered. */
  readonly refused: number;
}

async function measure(part: (index: number) => boolean): Promise<Figures> {
  const hits: { readonly one: boolean; readonly three: boolean }[] = [];
  const refusals: boolean[] = [];
  for (const [index, { asked, unanswerable }] of SET.entries()) {
    if (!part(index)) continue;
    const { passages, own } = passagesFor(index);
    const ask = async (question: string) => (await extractAnswer({ question, earlier: [] }, passages)).sentences;
    for (const [question, answer] of asked) {
      const right = (await ask(question)).map(({ passage, start, end }) =>
        passage === own && passages[own]!.text.slice(start, end).includes(answer)
      );
      hits.push({ one: right[0] === true, three: right.includes(true) });
    }
    for (const question of unanswerable) refusals.push((await ask(question)).length === 0);
  }
  const share = (all: readonly boolean[]) => all.filter(Boolean).length / all.length;
  return {
    ...{ asked: hits.length, one: share(hits.map(({ one }) => one)), three: share(hits.map(({ three }) => three)) },
    refused: share(refusals),
  };
}

function passagesFor(index: number): { readonly passages: readonly SourcePassage[]; readonly own: number } {
  const others = SET.toSpliced(index, 1).map(({ title, text }) => ({ title, text, score: 0.5, given: false }));
  const from = index % (others.length - PASSAGES);
  const own = (index * 7) % 5;
  const { title, text } = SET[index]!;
  return { passages: others.slice(from, from + PASSAGES - 1).toSpliced(own, 0, { title, text, score: 0.6, given: false }), own };
}

/** Each question over its own passage, which is given with it. */
async function measureGiven(set: readonly AskedPassage[]): Promise<Omit<Figures, "refused">> {
  const hits: boolean[][] = [];
  for (const { title, text, asked } of set) {
    for (const [question, answer] of asked) {
      const { sentences } = await extractAnswer({ question, earlier: [] }, [{ title, text, score: 1, given: true }]);
      hits.push(sentences.map(({ start, end }) => text.slice(start, end).includes(answer)));
    }
  }
  const share = (right: readonly boolean[][]) => right.length / hits.length;
  return {
    asked: hits.length,
    one: share(hits.filter(([first]) => first === true)),
    three: share(hits.filter((all) => all.includes(true))),
  };
}

Deno.test("extractAnswer holds the answers to questions about dense paragraphs that are given with them, in twelve languages", async () => {
  const [known, unseen] = [await measureGiven(ENCYCLOPEDIA), await measureGiven(HELD_OUT)];
  assert(known.asked > 100 && known.one >= 0.76 && known.three >= 0.9, JSON.stringify(known));
  assert(unseen.asked > 40 && unseen.one >= 0.85 && unseen.three >= 0.91, JSON.stringify(unseen));
});

Deno.test("extractAnswer holds the answers to questions in fifteen languages, and has none where there is none", async () => {
  const figures = { all: await measure(() => true), heldOut: await measure((index) => index % 2 === 1) };
  for (const { asked, one, three, refused } of Object.values(figures)) {
    assert(asked >= 80 && one >= 0.85 && three >= 0.96 && refused >= 0.65, JSON.stringify(figures));
  }
});
