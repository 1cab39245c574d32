import { assert, assertEquals, assertRejects } from "@std/assert";
import { moodOf } from "../../src/ai/sentiment/mood.ts";
import { STAND_INS } from "../../src/ai/sentiment/stand_ins.ts";
import { isPolar } from "../../src/ai/sentiment/vader.ts";

const MOODS: Readonly<Record<"positive" | "negative" | "neutral", readonly string[]>> = {
  positive: [
    "The staff was friendly and the food delicious.",
    "soooo goooood",
    "#SoHappy",
    "great:)",
    "“Wonderful”",
    "Not bad at all",
    "No problem, works great",
    "Can't wait to see you",
    "The coolest thing",
    "An engrossing, imaginative film",
    "👩🏽‍❤️‍👨🏼",
    "👍🏿",
    "❤",
    "12 % <3",
    "Did it fail? Nope. I love it.",
    "Couldn't be happier",
    "No issues whatsoever",
    "It never fails to amuse",
    "Five stars!!",
    "Great film.<br /><br />The cast was fine &amp; funny.",
    "^_^",
  ],
  negative: [
    "I’m not happy",
    "This ISN’T good",
    "NOT GOOD",
    "No good",
    "A tedious, overlong mess",
    "nothing but trouble",
    "I am not happy 😡",
    "🤦🏽‍♀️",
    "Stocks plummet after the bankruptcy",
    "The screen is great, but the battery is terrible",
    "Ich bin da 😡",
    "far from perfect",
    "It lacks charm",
    "I want my money back",
    "Save your money",
    "It doesn't work",
    "T_T",
  ],
  neutral: [
    "",
    " \n",
    "The meeting is at noon.",
    "🇩🇪",
    "12345",
    "We do not work on Sundays, the shop is far from the station",
    "https://example.com/love-and-happiness",
    "Ich hasse diesen furchtbaren Film.",
  ],
};

for (const [sentiment, texts] of Object.entries(MOODS)) {
  Deno.test(`moodOf calls ${sentiment} what people call so`, async () => {
    for (const text of texts) {
      const mood = await moodOf(text);
      assertEquals([text, mood.sentiment], [text, sentiment]);
    }
  });
}

Deno.test("moodOf gives shares that are 1 together and numbers in their bounds, whatever the text", async () => {
  for (const text of [...Object.values(MOODS).flat(), "\ud800", "😀\u200d", "__proto__ constructor", "-".repeat(500)]) {
    const { confidence, scores } = await moodOf(text);
    const { positive, negative, neutral, compound } = scores;
    assert(Math.abs(positive + negative + neutral - 1) < 1e-9, text);
    assert([positive, negative, neutral, confidence].every((value) => value >= 0 && value <= 1), text);
    assert(Math.abs(compound) <= 1, text);
  }
});

Deno.test("moodOf is not sure of another language and says why, but counts its emoji", async () => {
  for (const text of ["Das war ein schrecklicher Tag", "C'était un désastre", "最悪の映画だった", "Очень плохо", "Bu film çok kötüydü"]) {
    const mood = await moodOf(text);
    assertEquals([mood.sentiment, mood.notices.length], ["neutral", 1]);
    assert(mood.confidence <= 0.1);
  }
  assertEquals((await moodOf("最悪の映画だった 😡")).sentiment, "negative");
});

Deno.test("moodOf is surer the farther a text is from the next other verdict", async () => {
  const [weak, strong] = [await moodOf("It is okay I guess, somewhat fine"), await moodOf("Superb, I love it, the best day ever!")];
  assert(weak.confidence < strong.confidence);
});

Deno.test("moodOf of a long text is that of its average page and never saturates", async () => {
  const page =
    "The soup was good. The room was small and the street was loud, as streets are. We left at ten and took the train back to the coast. ";
  const [short, long] = [await moodOf(page.repeat(4)), await moodOf(page.repeat(400))];
  assert(Math.abs(short.scores.compound - long.scores.compound) < 0.3, `${short.scores.compound} and ${long.scores.compound}`);
  assert(long.scores.compound < 0.9);
});

Deno.test("moodOf leaves the event loop to others while it reads a megabyte, and ends when it is told to", async () => {
  const text = "This is a good day, and I am happy. ".repeat(28_000);
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await moodOf(text);
  clearInterval(timer);
  assert(turns > 5, `${turns} turns`);
  await assertRejects(() => moodOf(text, AbortSignal.timeout(20)));
});

Deno.test("STAND_INS stand for words that VADER lacks, with words that it has", () => {
  for (const [word, standIn] of STAND_INS) assertEquals([word, isPolar(word), isPolar(standIn)], [word, false, true]);
});
