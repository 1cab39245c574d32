import { countTokens as count } from "gpt-tokenizer/encoding/o200k_base";

/** Longer runs are cut before they are counted: merging a run takes time that grows with the square of its length. */
const MAX_RUN = 64;
const LONG_RUN = new RegExp(
  ["[\\p{L}\\p{M}]", "\\s", "[^\\p{L}\\p{M}\\p{N}\\s]"].map((kind) => `${kind}{${MAX_RUN + 1},}`).join("|"),
  "gu",
);
const CUT = new RegExp(`.{1,${MAX_RUN}}`, "gsu");
/** What looks like a control token in a text is text. */
const OPTIONS = { disallowedSpecial: new Set<string>() };

/**
 * How many tokens the encoding `o200k_base` (GPT-4o and later) makes of a text. Exact, but that runs of more than 64 letters, marks or white
 * spaces without a break may count a token too many for each 64. Loading the encoding takes about 80 MB and a third of a second: import this
 * where the exact figure matters, and `estimateTokens` where about does.
 */
export function countTokens(text: string): number {
  let tokens = 0;
  let counted = 0;
  for (const { 0: run, index } of text.matchAll(LONG_RUN)) {
    if (index > counted) tokens += count(text.slice(counted, index), OPTIONS);
    for (const [part] of run.matchAll(CUT)) tokens += count(part, OPTIONS);
    counted = index + run.length;
  }
  return tokens + (counted < text.length ? count(text.slice(counted), OPTIONS) : 0);
}
