import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ChatError } from "../../src/core/errors.ts";
import { matches, parseFilter } from "../../src/core/filter.ts";

const BOOK = { lang: "en", year: "2020", "the key": 'it\'s "here"', size: "12.5", word: "éa", emoji: "😀" };
const holds = (text: string) => matches(parseFilter(text)!, BOOK);

for (
  const [text, expected] of [
    ['lang = "en"', true],
    ["lang = 'de'", false],
    ['lang != "de"', true],
    ['missing != "de"', true],
    ['missing > "a"', false],
    ["not missing = 1", true],
    ["year >= 2020 and year < 2021", true],
    ['year > "3"', false],
    ["year > 3", true],
    ["lang > 3", false],
    ["size = 12.5", true],
    ["size = 12.50", true],
    ["year in (2019, 2020)", true],
    ['lang not in ("en", "de")', false],
    ["exists(lang) and not exists(draft)", true],
    ['exists("the key")', true],
    ['"the key" = "it\'s \\"here\\""', true],
    ['lang = "de" or year = 2020 and size > 12', true],
    ['(lang = "de" or year = 2020) and size > 13', false],
    ['emoji > "\uFFFD"', true],
    ['{"eq": ["lang", "en"]}', true],
    ['{"and": [{"ge": ["year", 2020]}, {"not": {"in": ["lang", ["de", "fr"]]}}]}', true],
    ['{"or": [{"exists": "draft"}, {"lt": ["size", 3]}]}', false],
  ] as const
) {
  Deno.test(`matches says ${expected} for ${text}`, () => assertEquals(holds(text), expected));
}

Deno.test("parseFilter reads both forms into the same filter", () => {
  const text = 'lang = "en" and (year >= 2020 or not exists(draft)) and tag in ("a", "b")';
  const json =
    '{"and": [{"eq": ["lang", "en"]}, {"or": [{"ge": ["year", 2020]}, {"not": {"exists": "draft"}}]}, {"in": ["tag", ["a", "b"]]}]}';
  assertEquals(parseFilter(text), parseFilter(json));
  assertEquals(parseFilter("  "), undefined);
});

for (
  const [text, problem] of [
    ["lang", "must have =, !=, <, <=, >, >= or in at character 4, got its end"],
    ["lang = en", 'must have a string in quotes or a number at character 7, got "en"'],
    ['lang = "en', "must have a key, a value or an operator at character 7"],
    ["(a = 1", "must have ) at character 6"],
    ["a = 1 b = 2", 'must have and, or, or the end at character 6, got "b"'],
    ["{broken", "begins like JSON and is none"],
    ['{"like": ["a", "b"]}', 'has an unknown operator "like"'],
    ['{"eq": ["a\\u0000", "b"]}', "must be well-formed Unicode without U+0000"],
    ['{"in": ["a", ["\\ud800"]]}', "must be well-formed Unicode without U+0000"],
    ['{"eq": ["a", null]}', "must compare with a string or a number, got null"],
    ["not ".repeat(100) + "a = 1", "levels deep"],
    ["(".repeat(5_000), "levels deep"],
    ['{"not":'.repeat(1_000) + "1" + "}".repeat(1_000), "levels deep"],
    ["a".repeat(9_000), "must be at most 8192 characters, got 9000"],
  ] as const
) {
  Deno.test(`parseFilter refuses ${text.slice(0, 30)} and says where and why`, () => {
    const error = assertThrows(() => parseFilter(text), ChatError);
    assertEquals([error.code, error.field], ["invalid_argument", "filter"]);
    assertStringIncludes(error.message, problem);
  });
}
