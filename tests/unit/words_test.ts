import { assertEquals } from "@std/assert";
import { searchPhrases, words, wordsQuery, wordsVector } from "../../src/message/words.ts";

Deno.test("words folds case, width and Latin accents", () => {
  assertEquals(words("Résumé ＡＢＣ STRASSE ﬁne"), ["resume", "abc", "strasse", "fine"]);
});

Deno.test("words gives a word for each character of scripts that write no spaces", () => {
  assertEquals(words("chat聊天です ภาษา"), ["chat", "聊", "天", "で", "す", "ภ", "า", "ษ", "า"]);
});

Deno.test("words keeps emoji and leaves punctuation", () => {
  assertEquals(words("Ship it! 🚀 (v2.0)"), ["ship", "it", "🚀", "v2", "0"]);
});

Deno.test("words cuts a word that is longer than Postgres takes", () => {
  assertEquals(words("x".repeat(5000)), ["x".repeat(128)]);
});

Deno.test("words composes Korean again after folding", () => {
  assertEquals(words("한국어"), ["한국어"]);
});

Deno.test("searchPhrases makes a phrase of quotes and of what is written unbroken", () => {
  assertEquals(searchPhrases('deploy "blue green" don\'t 数据'), [["deploy"], ["blue", "green"], ["don", "t"], ["数", "据"]]);
});

Deno.test("searchPhrases takes an unclosed quote as one phrase and drops what has no word", () => {
  assertEquals(searchPhrases('--- "half open'), [["half", "open"]]);
  assertEquals(searchPhrases('"" !! ,'), []);
});

Deno.test("wordsVector names the room and every position", () => {
  assertEquals(wordsVector("it's \\ room", "to be or not to be"), "'/it''s \\\\ room' 'to':1,5 'be':2,6 'or':3 'not':4");
});

Deno.test("wordsQuery joins phrases by and, and their words by order", () => {
  assertEquals(wordsQuery("general", [["a"], ["b", "c"]]), "'/general' & ('a') & ('b' <-> 'c')");
});
