import * as lists from "stopword";
import { foldWord } from "./letters.ts";

/** What English has besides the package's list: the rest of Snowball's own list, and the words that questions are asked with. */
const MORE_ENGLISH = `
  above again against ain am aren because below can cannot couldn did didn does doesn doing don down during few further hadn has hasn haven
  having he hers herself himself how is isn its itself just ll mightn mustn myself needn no nor not of off once or ours ourselves own re same
  shan she should shouldn theirs themselves this until ve wasn weren what when where which while who whom whose why won wouldn yours yourself
  yourselves would could may shall us upon`;

/** Snowball's German list; the package's is six times as long and holds ordinary nouns. */
const GERMAN = `
  aber alle allem allen aller alles als also am an ander andere anderem anderen anderer anderes auch auf aus bei bin bis bist da damit dann das
  dasselbe dazu daß dass dein deine deinem deinen deiner deines dem demselben den denn denselben der derer derselbe derselben des desselben
  dessen dich die dies diese dieselbe dieselben diesem diesen dieser dieses dir doch dort du durch ein eine einem einen einer eines einig einige
  einigem einigen einiger einiges einmal er es etwas euch euer eure eurem euren eurer eures für gegen gewesen hab habe haben hat hatte hatten
  hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer ihres im in indem ins ist jede jedem jeden jeder jedes jene jenem jenen jener
  jenes jetzt kann kein keine keinem keinen keiner keines können könnte machen man manche manchem manchen mancher manches mein meine meinem
  meinen meiner meines mich mir mit muss musste nach nicht nichts noch nun nur ob oder ohne sehr sein seine seinem seinen seiner seines selbst
  sich sie sind so solche solchem solchen solcher solches soll sollte sondern sonst über um und uns unser unsere unserem unseren unserer unseres
  unter viel vom von vor war waren warst was weg weil weiter welche welchem welchen welcher welches wenn wer werde werden wie wieder will wir
  wird wirst wo wollen wollte wurde wurden während würde würden zu zum zur zwar zwischen wann warum wem wen wessen woher wohin`;

const split = (text: string) => text.trim().split(/\s+/);

/** By ISO 639-1 code; only lists of function words, because a dropped content word can never be found. */
const STOP_WORDS: Readonly<Record<string, ReadonlySet<string>>> = {
  en: new Set([...lists.eng, ...split(MORE_ENGLISH)]),
  de: new Set(split(GERMAN)),
  fr: new Set(lists.fra),
  es: new Set(lists.spa),
  it: new Set(lists.ita),
  pt: new Set(lists.por),
  nl: new Set(lists.nld),
  ru: new Set(lists.rus),
  da: new Set(lists.dan),
  no: new Set(lists.nob),
  fi: new Set(lists.fin),
  uk: new Set(lists.ukr),
  el: new Set(lists.ell),
  hi: new Set(lists.hin),
};

const FOLDED: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries(STOP_WORDS).map(([language, list]) => [language, new Set([...list].map(foldWord))]),
);

const NONE: ReadonlySet<string> = new Set();

/** The words of a language (ISO 639-1) that say nothing about what a text is about; none for a language without a list. */
export function stopWords(language: string): ReadonlySet<string> {
  return FOLDED.get(language) ?? NONE;
}
