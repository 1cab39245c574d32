import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type CitationPiece, CitationReader } from "../../src/ai/citations.ts";

/** The text and the marks that come of an answer in these bits. */
function read(bits: readonly string[], passages: number) {
  const reader = new CitationReader(passages);
  const pieces: CitationPiece[] = [...bits.flatMap((bit) => reader.read(bit)), ...reader.end()];
  let text = "";
  const marks: [number, string][] = [];
  for (const piece of pieces) {
    if (piece.kind === "mark") marks.push([text.length, piece.text]);
    text += piece.text;
  }
  return { text, marks, dropped: reader.dropped };
}

Deno.test("CitationReader finds marks that are split over bits, drops strays and counts them", () => {
  assertEquals(read(["Hot [", "1", "]. Cold [2,", " 9][7] a[3", "."], 3), {
    text: "Hot [1]. Cold [2] a[3.",
    marks: [[4, "[1]"], [14, "[2]"]],
    dropped: 2,
  });
  assertEquals(read(["list[0] [1]"], 0), { text: "list[0] [1]", marks: [], dropped: 0 }, "without passages all is text");
  assertEquals(read(["[", "x", "] [] [1", "2]"], 12), { text: "[x] [] [12]", marks: [[7, "[12]"]], dropped: 0 });
});

Deno.test("CitationReader gives text at once unless it may begin a mark", () => {
  const reader = new CitationReader(2);
  assertEquals(reader.read("Tea "), [{ kind: "text", text: "Tea " }]);
  assertEquals(reader.read("["), []);
  assertEquals(reader.read("see"), [{ kind: "text", text: "[see" }]);
});

Deno.test("CitationReader makes the same of an answer however it is cut up, half characters included", () => {
  const unit = fc.constantFrom("[", "]", "1", "2", "9", ",", " ", "a", "🍵", "]", "[1]", "[2, 9]", "[" + " ".repeat(45) + "1]");
  fc.assert(fc.property(fc.array(unit), fc.array(fc.nat(60)), (units, cuts) => {
    const whole = units.join("");
    const bits: string[] = [];
    let at = 0;
    for (const cut of cuts) bits.push(whole.slice(at, at += cut));
    assertEquals(read([...bits, whole.slice(at)], 2), read([whole], 2));
  }));
});
