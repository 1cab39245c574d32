import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { termOf, tokens } from "../../src/text/analysis.ts";
import { detectLanguage } from "../../src/text/language.ts";
import { seeded } from "../support/seeded.ts";

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

/** What programs and writers put together, and the parts that are looked for too. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  ...{
    getUserName: ["get", "user", "name"],
    HTTPServer: ["http", "server"],
    user2name: ["user", "2", "name"],
    parseHTTP2Frame: ["parse", "http", "2", "frame"],
  },
  ...{
    XMLHttpRequest: ["xml", "http", "request"],
    userIDs: ["user", "ids"],
    isOK: ["is", "ok"],
    xAxis: ["axis"],
    mRNA: ["rna"],
    sha256: ["sha", "256"],
  },
  ...{
    "10mg": ["10", "mg"],
    CD4: ["cd", "4"],
    Größe3Zeilen: ["größe", "3", "zeilen"],
    СтрокаИмени: ["строка", "имени"],
    ＧｅｔName: ["get", "name"],
  },
  ...{ "Cafe\u0301Bar": ["café", "bar"], "soft\u00adwareUpdate": ["software", "update"] },
  // One word each.
  ...{ name: [], Name: [], NAMES: [], URLs: [], v2: [], PhD: [], "20th": [], "1990s": [], H2O: [], p53: [], iOS: [], ΣΊΣΥΦΟΣ: [] },
};

Deno.test("tokens tell the parts of words that are put together, each where it stands", () => {
  for (const [word, parts] of Object.entries(PARTS)) {
    const text = `(${word})`;
    const [token, ...more] = tokens(text);
    assertEquals([token?.parts.map((part) => part.word), token?.start, token?.end, more], [parts, 1, word.length + 1, []], word);
    for (const { start, end, word } of token!.parts) assertEquals(tokens(text.slice(start, end))[0]?.word, word);
  }
});

Deno.test("tokens of words that are put together stand within them, whatever they are of", () => {
  const random = seeded(7);
  const letters = [..."abXYZ09sé", "e\u0301", "\u00ad", "ß", "Я", "ж", "ﬁ", "ǅ", "𝒳", "٣", "ع", "ﾊﾞ", "字", " "];
  for (let round = 0; round < 2_000; round++) {
    const text = Array.from({ length: random.below(40) }, () => random.pick(letters)).join("");
    for (const { start, end, parts } of tokens(text)) {
      let at = start;
      for (const part of parts) {
        assert(part.start >= at && part.end > part.start && part.end <= end && part.word !== "", JSON.stringify(text));
        at = part.end;
      }
    }
  }
});

/** The same text, written in two ways. */
const WRITTEN_TWICE: readonly (readonly [string, string])[] = [
  ...[["ｶﾞｲﾄﾞﾌﾞｯｸ", "ガイドブック"], ["ﾊﾟｰﾃｨｰ", "パーティー"], ["プログラム".normalize("NFD"), "プログラム"], [
    "㌔メートル",
    "キロメートル",
  ]] as const,
  ...[["한국어".normalize("NFD"), "한국어"], ["葛\u{e0100}城市", "葛城市"], ["ﾞ", "\u3099"]] as const,
];

Deno.test("tokens are the same for characters of scripts without spaces that are written in two ways, each where it stands", () => {
  for (const [left, right] of WRITTEN_TWICE) {
    assertEquals(tokens(left).map(({ word }) => word), tokens(right).map(({ word }) => word), left);
    assertEquals([tokens(left)[0]?.start, tokens(left).at(-1)?.end], [0, left.length]);
  }
  assertEquals(tokens("ｶﾞｲﾄﾞ").map(({ start, end }) => [start, end]), [[0, 3], [2, 5]]);
});

Deno.test("detectLanguage tells Greek and Hindi by their script", () => {
  assertEquals([detectLanguage("Το ποτάμι περνά από την πόλη"), detectLanguage("नदी शहर से होकर बहती है")], ["el", "hi"]);
});
