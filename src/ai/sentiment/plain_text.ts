/**
 * Text as VADER's JavaScript port can read it. The port splits at white space and then knows words in their dictionary form only, with at most
 * one sign of punctuation, negations in lower case only, and no hashtags or lengthened words.
 *
 * @module
 */
import { withStandIns } from "./phrases.ts";
import { STAND_INS } from "./stand_ins.ts";
import { isPolar } from "./vader.ts";

const ADDRESS = /\b(?:https?:\/\/|www\.)\S+/gi;
const APOSTROPHES = /[’‘ʼ＇`´]/g;
/** What glues words: dots, dashes, commas and slashes between letters. */
const GLUE = /(?<=\p{L})(?:\.{2,}|[…,;/]|--|[–—])+(?=\p{L})/gu;
/** An emoticon right behind a word. */
const GLUED_EMOTICON = /(?<=\p{L})(?=(?:[:;=]['-]?[()DPp[\]/\\|*3]+|<3+)$)/u;
const EDGES = /^(?<before>[^\p{L}\p{N}@]*)(?<word>.*?)(?<after>[^\p{L}\p{N}]*)$/su;
const HUMPS = /(?<=\p{Ll})(?=\p{Lu})/gu;
const THRICE = /(\p{L})\1{2,}/gu;
/** Words that VADER reads in lower case only; those with "n't" it finds inside others. */
const LOWER =
  /^(?:not|never|neither|nor|none|nope|nothing|nowhere|without|cannot|rarely|seldom|despite|so|this|\p{L}+n't|(?:ai|are|ca|could|did|does|do|had|has|have|is|must|should|was|were|wo|would)nt)$/iu;
const BOOSTERS: ReadonlySet<string> = new Set(["so", "very", "really", "totally", "more", "most", "no", "not", "never"]);
/** What people say besides a sentence, not in it. */
const INTERJECTIONS: ReadonlySet<string> = new Set(
  "lol lmao lmfao rofl haha hahaha hehe ha omg wtf damn dammit thanks thx ugh yay wow hell yeah yes sorry please aww".split(" "),
);
/** Longer runs between spaces are no words. */
const MAX_WORD_UNITS = 64;

/** A token without sense that keeps what stands before it from what stands behind. */
const FILLER = "--";
/** As far as VADER looks back for a negation. */
const REACH = 3;

/** The emoticons of a text in whatever language, ready for VADER. */
export function emoticonsOf(text: string): string {
  return text.replace(ADDRESS, " ").split(/\s+/).filter((token) => token.length > 1 && !/\p{L}{2}/u.test(token) && isPolar(token)).join(
    " ",
  );
}

/** The text ready for VADER; how many words it has, and how many fillers are between them. */
export function plainText(text: string): { readonly text: string; readonly words: number; readonly fillers: number } {
  const spelt = withStandIns(text.replace(ADDRESS, " ").replace(APOSTROPHES, "'"));
  const found = spelt.replace(GLUE, " , ").split(/\s+/).flatMap(tokensOf);
  const shouted = !found.some((token) => /\p{Ll}/u.test(token) && /\p{L}{2}/u.test(token));
  const tokens = withFillers(withNegations(shouted ? found.map((token) => /\p{L}{2}/u.test(token) ? token.toLowerCase() : token) : found));
  const fillers = tokens.filter((token) => token === FILLER).length;
  return { text: tokens.join(" "), words: tokens.filter((token) => token.length > 1).length - fillers, fillers };
}

function tokensOf(token: string): readonly string[] {
  if (token === "" || token.length > MAX_WORD_UNITS) return [];
  const parts = token.split(GLUED_EMOTICON);
  return parts.length > 1 ? parts.flatMap(wordOf) : wordOf(token);
}

function wordOf(token: string): readonly string[] {
  // The lexicon takes it for a laugh, because it knows no capitals.
  if (token === "D:") return [":("];
  const { before = "", word = "", after = "" } = EDGES.exec(token)?.groups ?? {};
  // Emoticons, and words written with signs.
  if (!/\p{L}{2}/u.test(word) && isPolar(token)) return [token];
  if (word === "") return marksOf(token);
  const parts = before.endsWith("#") && /^\p{Lu}/u.test(word) ? word.split(HUMPS) : [word];
  return [...parts.map(known), ...marksOf(after)];
}

/** Each ! and ? counts, so they stay, but apart from the word; and what a negation does not reach over. VADER passes over single characters. */
function marksOf(signs: string): readonly string[] {
  return [...signs.replace(/[^!?.;,]/g, "")];
}

/** A negation ends with its sentence, and turns no emoticon or interjection around. */
function withFillers(tokens: readonly string[]): readonly string[] {
  const out: string[] = [];
  let sinceNegation = REACH;
  for (const token of tokens) {
    const bars = /^[.!?;,]$/.test(token) || INTERJECTIONS.has(token.toLowerCase()) ||
      (!/\p{L}{2}/u.test(token) && token.length > 1 && isPolar(token));
    if (bars && sinceNegation < REACH) {
      out.push(FILLER, FILLER, FILLER);
      sinceNegation = REACH;
    } // VADER turns a word around for each negation that it can reach; people rarely mean two.
    else if (isNegation(token) && sinceNegation > 0 && sinceNegation < REACH) out.push(FILLER, FILLER, FILLER);
    out.push(token);
    if (isNegation(token)) sinceNegation = 0;
    else if (token.length > 1) sinceNegation++;
  }
  return out;
}

function isNegation(token: string): boolean {
  return LOWER.test(token) && !/^(?:so|this)$/.test(token);
}

/** The spelling or the stand-in that VADER knows, in the case that the word had. */
function known(word: string): string {
  const lower = word.toLowerCase();
  if (LOWER.test(word)) return lower;
  if (/(\p{L})\1\1/u.test(lower)) return shortened(lower) ?? word;
  const standIn = STAND_INS.get(lower) ?? inflected(lower);
  if (standIn === undefined) return word;
  return word.length > 1 && word === word.toUpperCase() ? standIn.toUpperCase() : standIn;
}

/** The word that VADER knows behind a superlative ("coolest") or a dropped g ("lovin'"). */
function inflected(word: string): string | undefined {
  const root = /^(\p{L}{3,})(?:est|in'?)$/u.exec(word)?.[1];
  if (root === undefined || isPolar(word)) return undefined;
  const candidates = word.endsWith("est") ? [root, `${root}e`] : [`${root}ing`];
  return candidates.find(isPolar);
}

/** A lengthened word ("goooood", "sooo") as the dictionary has it. */
function shortened(word: string): string | undefined {
  const twice = word.replace(THRICE, "$1$1");
  const once = word.replace(THRICE, "$1");
  return [word, twice, once].find((candidate) => isPolar(candidate) || BOOSTERS.has(candidate)) ?? STAND_INS.get(once) ??
    STAND_INS.get(twice);
}

/**
 * "No" before a word with a mood negates it, as in the Python original since 2018; alone it has a mood of its own. "Nothing but" negates nothing,
 * and who cannot wait, or looks forward, is pleased.
 */
function withNegations(tokens: readonly string[]): readonly string[] {
  return tokens.map((token, index) => {
    const [before = "", next = ""] = [tokens[index - 1], tokens[index + 1]];
    if (token === "nothing" && next === "but") return "only";
    if (token === "but" && before === "nothing") return "just";
    // An answer, not a negation of what follows.
    if (token === "nope") return "nah";
    // Doubt is not the opposite of certainty.
    if (token.toLowerCase() === "sure" && isNegation(before)) return "certain";
    if (/^can(?:'?t|not)$/.test(token) && next.toLowerCase() === "wait") return "excited";
    if (token === "forward" && /^look/i.test(before)) return "excited";
    return /^no$/i.test(token) && /^\p{L}/u.test(next) && !INTERJECTIONS.has(next.toLowerCase()) && isPolar(next) ? "not" : token;
  });
}
