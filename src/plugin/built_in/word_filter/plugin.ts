/**
 * Masks words in messages, or refuses the messages. Words are compared as people read them: in any letters' case, in their compatible forms (full width,
 * ligatures) and with whatever is invisible left out; whole words only, where the script puts spaces between words.
 *
 * @module
 */
import type { Plugin, PluginStorage } from "../../author.ts";

type Mode = "mask" | "drop";

/** A word or several, and what happens to them. */
interface Rule {
  /** As it was given; with `*` at its end it stands for every word that begins so. */
  readonly word: string;
  readonly mode: Mode;
  /** None: everywhere. */
  readonly rooms: readonly string[];
}

interface Rules {
  readonly rules: readonly Rule[];
  /** 0: there are none yet. */
  readonly version: number;
}

const KEY = "rules";
const MAX_BYTES = 65_536;
const ATTEMPTS = 10;
const MASK = "***";
/** Scripts that write words without spaces between them: a word may stand anywhere. */
const UNSPACED = String
  .raw`\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}`;
const WORD = String.raw`[\p{L}\p{M}\p{N}_]`;
const graphemes = new Intl.Segmenter("und", { granularity: "grapheme" });

/** A text as it is compared, and where in the text each of its characters comes from. */
interface Folded {
  readonly text: string;
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

function fold(text: string): Folded {
  let folded = "";
  const starts: number[] = [];
  const ends: number[] = [];
  for (const { segment, index } of graphemes.segment(text)) {
    const plain = segment.normalize("NFKC").toLowerCase().normalize("NFC").replace(/\p{Default_Ignorable_Code_Point}/gu, "").replace(
      /\s+/g,
      " ",
    );
    // A run of white space is one space.
    if (plain === " " && folded.endsWith(" ")) {
      ends[ends.length - 1] = index + segment.length;
      continue;
    }
    folded += plain;
    for (let at = 0; at < plain.length; at++) {
      starts.push(index);
      ends.push(index + segment.length);
    }
  }
  return { text: folded, starts, ends };
}

function keyOf(word: string): string {
  return fold(word.trim()).text;
}

/** What a rule looks for in a folded text. */
function patternOf(word: string): string {
  const isBeginning = word.endsWith("*") && word.length > 1;
  const text = keyOf(isBeginning ? word.slice(0, -1) : word);
  const unspaced = new RegExp(`^[${UNSPACED}]`, "u");
  const before = new RegExp(`^${WORD}`, "u").test(text) && !unspaced.test(text) ? `(?<!${WORD})` : "";
  const last = [...text].at(-1) ?? "";
  const after = new RegExp(WORD, "u").test(last) && !unspaced.test(last) ? `(?!${WORD})` : "";
  return before + text.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`) + (isBeginning ? `${WORD}*` : after);
}

/** Where a text has words of these rules, from first to last. */
function find(text: string, rules: readonly Rule[]): readonly { readonly start: number; readonly end: number }[] {
  if (rules.length === 0) return [];
  const patterns = rules.map(({ word }) => patternOf(word)).toSorted((a, b) => b.length - a.length);
  const folded = fold(text);
  return [...folded.text.matchAll(new RegExp(patterns.join("|"), "gu"))].flatMap(({ index, 0: found }) => {
    const [start, end] = [folded.starts[index], folded.ends[index + found.length - 1]];
    return start === undefined || end === undefined ? [] : [{ start, end }];
  });
}

function masked(text: string, places: ReturnType<typeof find>): string {
  let [result, at] = ["", 0];
  for (const { start, end } of places) {
    if (start < at) continue;
    result += text.slice(at, start) + MASK;
    at = end;
  }
  return result + text.slice(at);
}

async function read(storage: PluginStorage): Promise<Rules> {
  const found = await storage.get(KEY);
  return found === undefined ? { rules: [], version: 0 } : { rules: JSON.parse(found.value), version: found.version };
}

/** Changes the list as one step, however many change it at once. */
async function change(storage: PluginStorage, by: (rules: readonly Rule[]) => readonly Rule[]): Promise<{ readonly words: number }> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { rules, version } = await read(storage);
    const changed = by(rules);
    const value = JSON.stringify(changed);
    if (new TextEncoder().encode(value).length > MAX_BYTES) throw new Error(`The list would be longer than ${MAX_BYTES} bytes`);
    if (await storage.set(KEY, value, { ifVersion: version })) return { words: changed.length };
  }
  throw new Error("Others are changing the list: try again");
}

function without(rules: readonly Rule[], words: readonly string[]): readonly Rule[] {
  const gone = new Set(words.map(keyOf));
  return rules.filter(({ word }) => !gone.has(keyOf(word)));
}

export default {
  actions: {
    add({ words, mode = "mask", rooms = [] }: { words: readonly string[]; mode?: Mode; rooms?: readonly string[] }, { storage }) {
      const empty = words.find((word) => keyOf(word.replace(/\*$/, "")) === "");
      if (empty !== undefined) throw new Error(`${JSON.stringify(empty)} is no word`);
      const added = new Map(words.map((word) => [keyOf(word), { word: word.trim(), mode, rooms }]));
      return change(storage, (rules) => [...without(rules, words), ...added.values()]);
    },
    remove({ words }: { words: readonly string[] }, { storage }) {
      return change(storage, (rules) => without(rules, words));
    },
    async list(_input: unknown, { storage }) {
      return { words: (await read(storage)).rules };
    },
  },
  hooks: {
    async "message.before_create"({ content }, { room, storage }) {
      const rules = (await read(storage)).rules.filter(({ rooms }) => rooms.length === 0 || rooms.includes(room));
      const [refused] = find(content, rules.filter(({ mode }) => mode === "drop"));
      if (refused !== undefined) {
        return {
          decision: "drop",
          reason: `It holds a word that is not allowed here: ${content.slice(refused.start, refused.end).slice(0, 100)}`,
        };
      }
      const places = find(content, rules.filter(({ mode }) => mode === "mask"));
      if (places.length === 0) return { decision: "allow" };
      return { decision: "rewrite", reason: "Words that are not allowed here were masked", draft: { content: masked(content, places) } };
    },
  },
} satisfies Plugin;
