import { assertEquals, assertNotEquals } from "@std/assert";
import { termOf, tokens } from "../../src/text/analysis.ts";
import { detectLanguage } from "../../src/text/language.ts";

const terms = (text: string, language: string) => tokens(text).flatMap((token) => termOf(token, language) ?? []);

/** What a reader takes for the same word, by language. */
const SAME: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  en: [["café", "cafe"], ["Naïve", "naive"], ["ﬁle", "file"], ["ＡＢＣ１", "abc1"], ["co\u00adoperate", "cooperate"], ["rivers", "river"]],
  de: [["Häuser", "Haus"], ["STRASSEN", "Strasse"], ["ÖL", "öl"]],
  fr: [["élèves", "eleve"], ["ÉCOLE", "ecole"]],
  es: [["información", "informaciones"], ["Árboles", "arbol"], ["niños", "nino"]],
  pt: [["ações", "acoes"]],
  tr: [["İstanbul", "istanbul"], ["ışık", "isik"], ["kitaplar", "kitap"], ["şehirler", "sehir"]],
  ru: [["реки", "река"], ["ёлка", "елка"], ["МОСКВЕ", "москва"]],
  ar: [["كِتَاب", "كتاب"], ["كتـــاب", "كتاب"], ["أحمد", "احمد"], ["الكتاب", "كتاب"]],
  hi: [["किताबें", "किताब"], ["लड़कों", "लड़का"], ["लड़का", "लड़का"], ["नदियों", "नदी"], ["हाँ", "हां"]],
  el: [["ποταμός", "ποταμού"], ["ΠΟΤΑΜΌΣ", "ποταμος"], ["βιβλία", "βιβλίο"], ["γλώσσες", "γλώσσα"]],
  und: [["می\u200cخواهم", "میخواهم"], ["كتاب", "کتاب"], ["שָׁלוֹם", "שלום"]],
};

/** What is another word. */
const OTHER: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  de: [["Bar", "Bär "]].map(([left, right]) => [left!, `${right}en`] as const),
  sv: [["räka", "raka"]],
  und: [["má", "ma"], ["मां", "में"]],
  ru: [["мир", "мор"], ["мой", "мои"]],
  hi: [["कल", "काल"]],
};

for (const [language, pairs] of Object.entries(SAME)) {
  for (const [left, right] of pairs) {
    Deno.test(`terms are the same in ${language} for ${left} and ${right}`, () => {
      assertEquals(terms(left, language), terms(right, language));
      assertNotEquals(terms(left, language), []);
    });
  }
}

for (const [language, pairs] of Object.entries(OTHER)) {
  for (const [left, right] of pairs) {
    Deno.test(`terms differ in ${language} for ${left} and ${right}`, () => assertNotEquals(terms(left, language), terms(right, language)));
  }
}

Deno.test("tokens stand where the text has them, whatever folding makes of them", () => {
  for (const text of ["Ein ﬁxer İ\u00adgel", "كِتَابٌ جميل", "日本語テキストとEnglish混在", "ภาษาไทย", "snake_case, it's", "𝒳yz 😀 १२३"]) {
    for (const { start, end, word } of tokens(text)) {
      assertEquals(tokens(text.slice(start, end))[0]?.word, word, text.slice(start, end));
    }
  }
});

Deno.test("tokens pair the characters of scripts without spaces and split names of code at their lines and points", () => {
  assertEquals(tokens("日本語").map(({ word }) => word), ["日本", "本語"]);
  assertEquals(tokens("ไทย").map(({ word }) => word), ["ไท", "ทย"]);
  assertEquals(tokens("get_user.name-v2 x=1.5").map(({ word }) => word), ["get", "user", "name", "v2", "x", "1", "5"]);
});

Deno.test("detectLanguage tells Greek and Hindi by their script", () => {
  assertEquals([detectLanguage("Το ποτάμι περνά από την πόλη"), detectLanguage("नदी शहर से होकर बहती है")], ["el", "hi"]);
});
