import { assert, assertEquals } from "@std/assert";
import { estimateTokens } from "../../src/text/token_estimate.ts";
import { countTokens } from "../../src/text/tokens.ts";

Deno.test("countTokens counts as o200k_base does", () => {
  // Figures of OpenAI's own tiktoken for the same strings.
  assertEquals(countTokens(""), 0);
  assertEquals(countTokens("hello world"), 2);
  assertEquals(countTokens("tiktoken is great!"), 6);
});

Deno.test("countTokens takes what looks like a control token for text", () => {
  assert(countTokens("<|endoftext|>") > 1);
  assert(countTokens("before <|endofprompt|> after") > 3);
});

Deno.test("countTokens sums up the parts of a long run", () => {
  for (const character of ["漢", "a", " ", "!", "\n", "😀"]) {
    const tokens = countTokens(character.repeat(20_000));
    assert(tokens > 100 && tokens <= 60_000, `${JSON.stringify(character)}: ${tokens}`);
  }
  assert(countTokens("\ud800abc\udc00") > 0);
});

Deno.test("estimateTokens lies near the exact count for text of many kinds", () => {
  const samples = [
    "The committee will meet again on Thursday to discuss next year's budget, which has grown by 12.5 % since 2019.",
    "Der Donaudampfschifffahrtsgesellschaftskapitän begrüßte die Fahrgäste freundlich an Bord seines Schiffes.",
    "Комитет соберётся в четверг, чтобы обсудить бюджет на следующий год.",
    "委员会将于星期四开会讨论明年的预算，预算自2019年以来增长了百分之十二。",
    "図書館はどこですか。駅の近くにあります。",
    "const total = items.reduce((sum, item) => sum + item.price * item.count, 0);",
  ];
  for (const sample of samples) {
    const share = estimateTokens(sample) / countTokens(sample);
    assert(share > 0.75 && share < 2, `${share}: ${sample}`);
  }
});
