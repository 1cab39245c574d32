/**
 * Phrases whose mood is not that of their words, each with words of VADER's lexicon that stand in for it; and marks of the web that stand between words.
 * Written by hand from everyday use, fitted to no collection.
 *
 * @module
 */

/** What a pattern becomes. Earlier ones go first. Every pattern begins and ends at a word's edge. */
const BY_STAND_IN: readonly (readonly [standIn: string, patterns: string])[] = [
  ["always", `never fail(?:s|ed)? to`],
  [
    "phenomenal",
    `(?:was|were|am|are|been|get|got) blown away|bl(?:ew|ows) (?:me|us|you) away|over the moon|on cloud nine|(?:could ?n[o']t|could not) be (?:happier|better|prouder|easier|more (?:pleased|satisfied|proud|helpful))
    |(?:ca|could)(?:n't|nnot|n not| not)? recommend (?:(?:it|this|them|him|her) )?(?:highly |strongly )?(?:more|enough)|(?:five|5|ten|10)[ -]stars?`,
  ],
  [
    "nice",
    `(?:is|was|are|were|straight|pure|absolute) fire|(?:so|absolutely|straight up) lit|two thumbs up|thumbs up|above and beyond|(?:nail(?:s|ed)|killed) it|hits? the (?:spot|nail on the head)|edge of (?:my|your|our|the|his|her) seats?
    |(?:a|an absolute) must(?:[ -](?:have|see|read|buy|try|watch))?|(?:you|he|she|they|this|it) rocks?|top[ -]notch|second to none|like a dream|works a treat`,
  ],
  [
    "satisfying",
    `no (?:issues?|problems?|complaints?|regrets?)(?: (?:whatsoever|at all|so far))?|exactly (?:what|as) (?:i|we) (?:needed|wanted|hoped|expected|(?:was|were) (?:looking|hoping) for)|would (?:definitely |certainly |gladly )?(?:buy|order|come|go|stay|visit|watch|read|use) (?:(?:it|here|there|this|them|from them) )?again
    |will (?:definitely |certainly )?(?:be back|return|come back|buy again|order again)|as (?:advertised|described|promised)|money well spent|up to (?:the )?(?:par|standards?|expectations)`,
  ],
  [
    "happy",
    `(?:made|makes|making) my (?:day|week|year)|(?:ca|could)(?:n't|nnot|n not| not) stop (?:smiling|laughing|watching|listening|reading|playing|singing|dancing|grinning)`,
  ],
  ["failed without", `fail(?:s|ed|ing)? to|fall(?:s|ing)? short of`],
  ["annoying without", `lack(?:s|ed)(?: in| any| both)?|(?:complete |total |utter )?lack of|(?:utterly |completely )?devoid of`],
  [
    "not",
    `(?:very |so |quite )?far from(?: being)?|the (?:very |exact )?opposite of|anything but|(?:hardly|scarcely) (?:any|ever|a)|neither here nor there`,
  ],
  ["disappointing", `(?:could|should)(?: have|'ve|ve)? (?:been|be) (?:so |a lot |much |way |far )?(?:better|more)`],
  [
    "annoying",
    `thumbs down|(?:do|did|wo|does)(?:n't| not) bother|(?:want|wanted|demand|get|got|need) (?:my|our|your) money back|keeps? (?:on )?(?:crashing|freezing|breaking|failing|stopping|disconnecting)|(?:does|did|do)(?:n't| not) work(?! (?:on|at|for|in|today|tomorrow|here|there|with))|stopped working|(?:fall|fell|falls|falling|came|comes) apart
    |put me to sleep|(?:fell|falling|fall) asleep|ma(?:kes|de) no sense|no (?:refunds?|answer|response|reply|apology)|nothing (?:special|to write home about)|never (?:again|coming back|going back|buying)|won't be (?:back|returning|buying)|not (?:be )?(?:coming|going) back|fed up|(?:sick and )?tired of
    |too (?:expensive|long|slow|loud|small|big|large|tight|heavy|salty|short|complicated|noisy|crowded|far|late|thin|weak|dark|pricey)|ripped (?:me |us |people )?off|left a lot to be desired|leaves? (?:a lot|much) to be desired|below (?:average|par|expectations)`,
  ],
  [
    "awful",
    `save your (?:money|time)|(?:skip|avoid) (?:this|it|them|at all costs?|like the plague)|(?:stay|keep) away from|steer clear|rip[ -]?off|(?:what a|a complete|a total|a) joke(?: of a)?|(?:zero|0|no|one|1)[ -]stars?|(?:a|an absolute|such a|complete|total) nightmare|a (?:complete |total |hot )?mess`,
  ],
  ["hate", `(?:ca|could)(?:n't|nnot|n not| not) stand(?! (?:up|on|in|here|there|still|for long))`],
];

const PHRASES = BY_STAND_IN.map(([standIn, patterns]) => {
  const list = patterns.trim().split(/\s*\n\s*\|\s*/).join("|");
  // Without the flag for Unicode, which would take twice as long: all of these are ASCII.
  return [new RegExp(`\\b(?:${list})\\b`, "gi"), standIn] as const;
});
/** Spelt in capitals only: else it is an animal. */
const GREATEST = /\bthe GOAT\b/g;
/** Faces that VADER lacks, by one that it has. */
const FACES: readonly (readonly [RegExp, string])[] = [
  [/(?<!\S)(?:\^[_.-]?\^|\(:|\(-:|\(=|:'\)|:’\)|=\)|=D|:‑\)|c:)(?=[\s.!?,]|$)/g, " :) "],
  [/(?<!\S)(?:T[_.]T|;_+;|Q_Q|>_<|:‑\(|:c|\)-?:)(?=[\s.!?,]|$)/g, " :( "],
];
const TAG = /<\/?[a-z][a-z0-9]{0,9}(?:\s[^<>]{0,200})?\s?\/?>/gi;
const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: " ",
  "#39": "'",
  "#x27": "'",
  "#34": '"',
};
const ENTITY = /&(amp|lt|gt|quot|apos|nbsp|#39|#x27|#34);/gi;

/** A text without what only browsers read: tags, and signs written by their names. */
export function withoutMarkup(text: string): string {
  if (!/[<&]/.test(text)) return text;
  return text.replace(TAG, " ").replace(ENTITY, (_, name: string) => ENTITIES[name.toLowerCase()]!);
}

/** A text with words that VADER knows in the place of phrases and faces that it does not. */
export function withStandIns(text: string): string {
  const faces = FACES.reduce((whole, [face, known]) => whole.replace(face, known), text);
  return PHRASES.reduce((whole, [phrase, standIn]) => whole.replace(phrase, standIn), faces.replace(GREATEST, "superb"));
}
