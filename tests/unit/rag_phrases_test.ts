import { assert, assertEquals } from "@std/assert";
import { formsOf } from "../../src/rag/phrase_forms.ts";
import { PhraseMatcher } from "../../src/rag/phrases.ts";
import { stem, tokens } from "../../src/text/analysis.ts";
import { seeded } from "../support/seeded.ts";

const SIGNS = [..."-.,'\"\n\t /@~_", "–", "’", "…", "\u00a0", "×", "€", "←"];

Deno.test("formsOf takes plain text apart as the index does, and as it takes text that is not plain", () => {
  const random = seeded(4);
  const letters = [..."abzzZAH09", ...SIGNS];
  for (let round = 0; round < 1_000; round++) {
    const text = Array.from({ length: random.below(120) }, () => random.pick(letters)).join("") + "x".repeat(random.below(90));
    assertEquals(formsOf(text, "en").wholes, tokens(text).map(({ word }) => stem(word, "en")), JSON.stringify(text));
    const beyond = formsOf(`${text} é`, "en");
    assertEquals(formsOf(text, "en").parts, beyond.parts.slice(0, -1), JSON.stringify(text));
  }
});

/** Words whose forms meet, in every way of writing that a plain text has. */
const WORDS = ["bee", "Bees", "bee's", "BEE", "dying", "die", "dies", "Dyed", "happy", "happily", "skies", "sky", "y", "yes", "the", "The"];
const NAMES = [
  "getUserName",
  "get_user",
  "userNames",
  "user",
  "name",
  "get",
  "HTTPServer",
  "http",
  "server",
  "v2",
  "2",
  "xAxis",
  "x",
  "axis",
];

Deno.test("PhraseMatcher.holds finds in plain text what comparing all forms finds", () => {
  const random = seeded(9);
  const write = (count: number) =>
    Array.from({ length: count }, () => `${random.pick([...WORDS, ...NAMES])}${random.pick([" ", ...SIGNS])}`).join("");
  let held = 0;
  for (let round = 0; round < 4_000; round++) {
    const [content, title, phrase] = [write(random.below(30)), write(random.below(3)), write(1 + random.below(3))];
    if (tokens(phrase).length === 0) continue;
    for (const language of ["en", "und"]) {
      const texts = [content, title].map((text) => formsOf(text, language));
      const wanted = formsOf(phrase, language);
      const expected = texts.some(({ wholes, parts }) => follows(wholes, wanted.wholes) || follows(parts, wanted.parts));
      assertEquals(
        new PhraseMatcher([phrase]).holds({ content, title, heading: "", language }),
        expected,
        JSON.stringify({ content, phrase }),
      );
      if (expected) held++;
    }
  }
  assert(held > 100, `${held}`);
});

Deno.test("PhraseMatcher.holds finds a phrase that overlaps with what only begins like it", () => {
  const holds = (content: string, phrase: string) => new PhraseMatcher([phrase]).holds({ content, title: "", heading: "", language: "en" });
  assert(holds("big bad big bear", "big bear"));
  assert(holds("A “bear’s” den", "bear s den"));
  assert(holds("das Café am See", "cafe am"));
  assert(!holds("bigbear", "big bear"));
  assert(!holds("big. Bad bear", "big bear"));
});

function follows(forms: readonly string[], wanted: readonly string[]): boolean {
  return forms.some((_, at) => wanted.every((form, index) => forms[at + index] === form));
}

Deno.test("stem keeps the first letter of English words, on which looking for phrases relies", () => {
  const random = seeded(3);
  const endings = [
    "",
    "s",
    "ies",
    "ied",
    "ing",
    "ed",
    "ly",
    "y",
    "ying",
    "ational",
    "iveness",
    "e",
    "'s",
    "ousli",
    "ability",
    "eed",
    "sses",
  ];
  for (let round = 0; round < 20_000; round++) {
    const word = Array.from({ length: 1 + random.below(5) }, () => random.pick([..."abcdeilmnosty"])).join("") + random.pick(endings);
    assertEquals(stem(word, "en")[0], word[0], word);
  }
});
