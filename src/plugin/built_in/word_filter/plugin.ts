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

/** Every rule by the letters of its word, one after the other; the next letter leads to the next node. */
interface Node {
  readonly next: Map<string, Node>;
  readonly rules: Found[];
}

/** A rule, as it is looked for. */
interface Found extends Rule {
  /** It stands for every word that begins so. */
  readonly isBeginning: boolean;
  /** Its first, or last, character is part of a word of a script with spaces, so that no other may stand beside it. */
  readonly beginsWord: boolean;
  readonly endsWord: boolean;
}

interface Rules {
  readonly rules: readonly Rule[];
  /** 0: there are none yet. */
  readonly version: number;
  readonly root: Node;
}

const KEY = "rules";
const MAX_BYTES = 65_536;
const ATTEMPTS = 10;
const MASK = "***";
/** Scripts that write words without spaces between them: a word may stand anywhere. */
const UNSPACED = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const WORD = /^[\p{L}\p{M}\p{N}_]/u;
/** A character with the marks and the invisible ones that belong to it; parts of Korean syllables are put together in one. */
const CLUSTER = /[\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff]+|[^][\p{M}\p{Default_Ignorable_Code_Point}]*/uy;

/** A text as it is compared, and where in the text each of its characters comes from. */
interface Folded {
  readonly text: string;
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

function fold(text: string): Folded {
  const parts: string[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  for (let at = 0; at < text.length;) {
    const cluster = clusterAt(text, at);
    const plain = cluster.length === 1 && cluster < "\x80"
      ? cluster.toLowerCase()
      : cluster.normalize("NFKC").toLowerCase().normalize("NFC").replace(/\p{Default_Ignorable_Code_Point}/gu, "");
    const end = at + cluster.length;
    // A run of white space is one space.
    if (/^\s+$/.test(plain) && parts.at(-1) === " ") ends[ends.length - 1] = end;
    else {
      for (const unit of plain.replace(/\s+/g, " ").split("")) {
        parts.push(unit);
        starts.push(at);
        ends.push(end);
      }
    }
    at = end;
  }
  return { text: parts.join(""), starts, ends };
}

function clusterAt(text: string, at: number): string {
  const [here, next] = [text.charCodeAt(at), text.charCodeAt(at + 1)];
  // Nearly always.
  if (here < 0x80 && !(next >= 0x80)) return text.charAt(at);
  CLUSTER.lastIndex = at;
  return CLUSTER.exec(text)?.[0] ?? text.charAt(at);
}

function keyOf(word: string): string {
  return fold(word.trim()).text;
}

/** Whether the character there, or the one before it, is part of a word of a script with spaces. */
function isWordAt(text: string, at: number): boolean {
  if (at < 0 || at >= text.length) return false;
  const isSecondHalf = at > 0 && text.charCodeAt(at) >= 0xdc00 && text.charCodeAt(at) <= 0xdfff;
  const character = text.slice(isSecondHalf ? at - 1 : at, at + 2);
  return WORD.test(character) && !UNSPACED.test(character);
}

function rootOf(rules: readonly Rule[]): Node {
  const root: Node = { next: new Map(), rules: [] };
  for (const rule of rules) {
    const isBeginning = rule.word.endsWith("*") && rule.word.length > 1;
    const text = keyOf(isBeginning ? rule.word.slice(0, -1) : rule.word);
    let node = root;
    for (const unit of text.split("")) {
      const next = node.next.get(unit) ?? { next: new Map(), rules: [] };
      node.next.set(unit, next);
      node = next;
    }
    node.rules.push({ ...rule, isBeginning, beginsWord: isWordAt(text, 0), endsWord: isWordAt(text, text.length - 1) });
  }
  return root;
}

/** Words that rules of a room are about, from first to last; of those at one place the longest, and one that refuses before all. */
function find(content: string, root: Node, room: string) {
  const { text, starts, ends } = fold(content);
  const places: { readonly mode: Mode; readonly start: number; readonly end: number }[] = [];
  for (let at = 0; at < text.length; at++) {
    let best: { readonly mode: Mode; readonly end: number } | undefined;
    let node = root.next.get(text.charAt(at));
    for (let end = at + 1; node !== undefined; node = node.next.get(text.charAt(end++))) {
      for (const rule of node.rules) {
        const wordEnd = endOf(rule, text, { at, end, room });
        if (wordEnd === undefined || best?.mode === "drop" || (rule.mode === "mask" && wordEnd < (best?.end ?? 0))) continue;
        best = { mode: rule.mode, end: wordEnd };
      }
    }
    if (best === undefined) continue;
    places.push({ mode: best.mode, start: starts[at] ?? 0, end: ends[best.end - 1] ?? 0 });
    at = best.end - 1;
  }
  return places;
}

/** Where the word ends that a rule has found there; undefined where it is no word of its own, or the rule is for other rooms. */
function endOf(
  rule: Found,
  text: string,
  { at, end, room }: { readonly at: number; readonly end: number; readonly room: string },
): number | undefined {
  if (rule.rooms.length > 0 && !rule.rooms.includes(room)) return undefined;
  if (rule.beginsWord && isWordAt(text, at - 1)) return undefined;
  let last = end;
  if (rule.isBeginning) { while (isWordAt(text, last)) last++; }
  else if (rule.endsWord && isWordAt(text, end)) return undefined;
  return last;
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

/** The list as it was last read: it is taken apart once for each change. */
let known: Rules = { rules: [], version: 0, root: rootOf([]) };

async function read(storage: PluginStorage): Promise<Rules> {
  const found = await storage.get(KEY);
  if ((found?.version ?? 0) === known.version) return known;
  const rules: readonly Rule[] = found === undefined ? [] : JSON.parse(found.value);
  return known = { rules, version: found?.version ?? 0, root: rootOf(rules) };
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
      const places = find(content, (await read(storage)).root, room);
      const refused = places.find(({ mode }) => mode === "drop");
      if (refused !== undefined) {
        const word = content.slice(refused.start, refused.end).slice(0, 100).toWellFormed();
        return { decision: "drop", reason: `It holds a word that is not allowed here: ${word}` };
      }
      if (places.length === 0) return { decision: "allow" };
      return { decision: "rewrite", reason: "Words that are not allowed here were masked", draft: { content: masked(content, places) } };
    },
  },
} satisfies Plugin;
