import { assert, assertEquals } from "@std/assert";
import { extractAnswer } from "../../src/ai/extractive/answer.ts";
import { searchTextOf } from "../../src/ai/extractive/question.ts";
import { sentencesOf } from "../../src/ai/extractive/sentences.ts";
import type { SourcePassage } from "../../src/ai/methods.ts";

const passage = (text: string, title = "", score = 0.5): SourcePassage => ({ text, title, score, given: false });
const ask = async (question: string, passages: readonly SourcePassage[], earlier: readonly string[] = []) => {
  const { sentences, confidence } = await extractAnswer({ question, earlier }, passages);
  return { texts: sentences.map(({ passage, start, end }) => passages[passage]!.text.slice(start, end)), confidence };
};

const TAMM = passage(
  "Ilmar Tamm was a chemist. He was born on 3 May 1902 in Pärnu. He moved to Uppsala because of the war. Dr. E. Kask taught him at St. Mary's school.",
  "Ilmar Tamm",
);
const LIGHT = passage(
  "The lighthouse was raised in 1874. It is 41 metres tall and 12 people work there. Its lamp was lit by Agnes Corrie.",
  "Harrow Point",
);

Deno.test("extractAnswer says first the sentence that answers, word for word", async () => {
  const cases = [
    ["When was Ilmar Tamm born?", "He was born on 3 May 1902 in Pärnu."],
    ["Why did Tamm move to Uppsala?", "He moved to Uppsala because of the war."],
    ["Who taught Ilmar Tamm?", "Dr. E. Kask taught him at St. Mary's school."],
    ["When was the lighthouse built?", "The lighthouse was raised in 1874."],
    ["How many people work in the lighthouse?", "It is 41 metres tall and 12 people work there."],
  ] as const;
  for (const [question, answer] of cases) assertEquals([question, (await ask(question, [LIGHT, TAMM])).texts[0]], [question, answer]);
});

Deno.test("extractAnswer finds in earlier turns what a pronoun stands for", async () => {
  const other = passage("Rita Holm was born on 1 June 1950 in Oslo. She was a singer.", "Rita Holm");
  assertEquals(
    (await ask("When was he born?", [other, TAMM], ["Who was Ilmar Tamm?", "Ilmar Tamm was a chemist. [1]"])).texts[0],
    "He was born on 3 May 1902 in Pärnu.",
  );
  assertEquals(
    (await ask("When was she born?", [TAMM, other], ["Tell me about Rita Holm"])).texts[0],
    "Rita Holm was born on 1 June 1950 in Oslo.",
  );
});

Deno.test("searchTextOf searches for what a pronoun stands for, and for the question alone where it stands by itself", () => {
  assertEquals(searchTextOf("When was he born?", ["Who was Ilmar Tamm?"]), "When was he born? ilmar tamm");
  assertEquals(
    searchTextOf("When was the lighthouse at Harrow built?", ["Who was Ilmar Tamm?"]),
    "When was the lighthouse at Harrow built?",
  );
});

Deno.test("extractAnswer has no answer where the passages have none, and where there is nothing to go by", async () => {
  for (
    const question of [
      "What is the capital of Mongolia?",
      "How do I bake a chocolate cake?",
      "?",
      "",
      "of the",
      "¿Quién pintó las paredes azules?",
    ]
  ) {
    assertEquals([question, (await ask(question, [TAMM, LIGHT])).texts], [question, []]);
  }
  assertEquals(await ask("When was Ilmar Tamm born?", []), { texts: [], confidence: 0 });
  assertEquals(await ask("When was Ilmar Tamm born?", [passage(""), passage(" \n ")]), { texts: [], confidence: 0 });
});

Deno.test("extractAnswer says a sentence once that two overlapping passages have", async () => {
  const { texts } = await ask("When was Ilmar Tamm born?", [TAMM, TAMM]);
  assertEquals(new Set(texts).size, texts.length);
});

Deno.test("extractAnswer never takes a heading for an answer, and looks at it for what the text below is about", async () => {
  const handbook = passage("# Returns\n\nThe limit is 45 days.\n\n# Parking\n\nThe limit is 2 hours.");
  const { texts } = await ask("What is the limit for returns?", [handbook]);
  assert(texts.includes("The limit is 45 days."));
  assert(!texts.some((text) => text.includes("#")));
});

Deno.test("extractAnswer takes milliseconds for twenty passages, and bounded time for hostile ones", async () => {
  const pages = Array.from({ length: 20 }, (_, index) => passage(`${TAMM.text} ${LIGHT.text} Number ${index} of twenty. `.repeat(8)));
  await ask("warm up", pages);
  const begunMs = performance.now();
  await ask("When was Ilmar Tamm born?", pages);
  assert(performance.now() - begunMs < 500);
  const hostile = [
    "a".repeat(50_000),
    "a b ".repeat(10_000),
    "A. ".repeat(15_000),
    "中".repeat(30_000),
    "\n".repeat(50_000),
    "# x\n".repeat(10_000),
    "\ud800",
  ];
  for (const text of hostile) await ask("a b c 中中 x?".repeat(20), [passage(text)]);
  assert(performance.now() - begunMs < 10_000);
});

Deno.test("extractAnswer leaves the event loop to others while it reads a megabyte for a question of sixty kilobytes", async () => {
  let [state, turns] = [1, 0];
  const word = () => (state = (state * 48_271) % 2_147_483_647).toString(36);
  const text = (units: number) => {
    const words: string[] = [];
    for (let length = 0; length < units; length += words.at(-1)!.length + 1) words.push(words.length % 12 === 11 ? `${word()}.` : word());
    return words.join(" ");
  };
  const pages = Array.from({ length: 15 }, () => passage(text(64_000)));
  const timer = setInterval(() => turns++, 0);
  const begunMs = performance.now();
  await ask(`${text(60_000)}?`, pages);
  clearInterval(timer);
  assert(turns >= 5, `${turns} turns of others`);
  assert(performance.now() - begunMs < 20_000);
});

Deno.test("sentencesOf takes headings where a text has nothing else, without their signs", () => {
  const text = "# Tea: steeped at 80 degrees\n\n##   Milk?\n#\n";
  assertEquals(sentencesOf(text).map(({ start, end }) => text.slice(start, end)), ["Tea: steeped at 80 degrees", "Milk?"]);
});

Deno.test("sentencesOf gives the whole text but white space and headings, in order, and splits no title, initial or date", () => {
  const texts = [
    "Dr. Smith met J. R. Tolkien on 3. Mai 1950. Then he left! Did he?",
    "Она родилась в 1950 г. в Риге. Потом уехала.",
    "他生于1950年。后来离开了。",
    "वह 1950 में पैदा हुआ। फिर चला गया।",
    "One\ntwo three.\n\nFour",
    "no stop",
  ];
  const counts = texts.map((text) => {
    const sentences = sentencesOf(text);
    const rest = sentences.reduceRight((left, { start, end }) => left.slice(0, start) + left.slice(end), text);
    assertEquals(rest.trim(), "");
    return sentences.length;
  });
  assertEquals(counts, [3, 2, 2, 2, 2, 1]);
});
