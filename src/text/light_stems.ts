/**
 * Light stemmers for scripts that stand for one well-known language and have no Snowball stemmer here: they take off one inflection, the longest
 * that leaves enough of the word. Hindi after Ramanathan and Rao, "A Lightweight Stemmer for Hindi" (2003).
 *
 * @module
 */
interface LightStemmer {
  readonly script: RegExp;
  readonly endings: ReadonlySet<string>;
  readonly longest: number;
  /** Letters that stay at least. */
  readonly keeps: number;
}

function lightStemmer(script: RegExp, endings: string, keeps: number): LightStemmer {
  const list = endings.trim().split(/\s+/);
  return { script, endings: new Set(list), longest: Math.max(...list.map((ending) => ending.length)), keeps };
}

const STEMMERS: readonly LightStemmer[] = [
  lightStemmer(
    /^\p{sc=Devanagari}+$/u,
    `ाएंगी ाएंगे ाऊंगी ाऊंगा ाइयां ाइयों ाएगी ाएगा ाओगी ाओगे एंगी ेंगी एंगे ेंगे ूंगी ूंगा ातीं नाओं नाएं ताओं ताएं ियां ियों ाकर ाइए ाईं ाया ेगी ेगा
    ोगी ोगे ाने ाना ाते ाती ाता तीं ाओं ाएं ुओं ुएं ुआं कर ाओ िए ाई ाए ने नी ना ते ीं ती ता ां ों ें ो े ू ु ी ि ा`,
    2,
  ),
  lightStemmer(
    /^\p{sc=Greek}+$/u,
    `ματων ματοσ ματα ματι ονται ομαστε ουμε ουνε εται ομαι ιουσ εισ εων εωσ ουσ ουν ετε ησε ηκε ιων ιου ιεσ ιασ ησαν ηκαν ου οσ οι ων ον εσ ησ ασ
    ει ια ιο ιε ο η α ε ι υ ω`,
    3,
  ),
];

/** The word without its inflection, where its script has a stemmer here; else the word. */
export function lightStem(word: string): string {
  if (word.codePointAt(0)! < 0x370) return word;
  const stemmer = STEMMERS.find(({ script }) => script.test(word));
  if (stemmer === undefined) return word;
  for (let length = Math.min(stemmer.longest, word.length - stemmer.keeps); length > 0; length--) {
    if (stemmer.endings.has(word.slice(-length))) return word.slice(0, -length);
  }
  return word;
}
