import { assert, assertEquals } from "@std/assert";
import { detectLanguage } from "../../src/text/language.ts";

/** A sentence and something shorter, of every language that the index treats in a way of its own. */
const SAMPLES: Readonly<Record<string, readonly string[]>> = {
  en: ["The committee will meet again on Thursday to discuss the budget.", "where is the library"],
  de: ["Der Ausschuss trifft sich am Donnerstag, um den Haushalt zu besprechen.", "Wo ist die Bibliothek?"],
  fr: ["Le comité se réunira jeudi pour discuter du budget.", "Où est la bibliothèque ?"],
  es: ["El comité se reunirá el jueves para discutir el presupuesto.", "¿Dónde está la biblioteca?"],
  it: ["Il comitato si riunirà giovedì per discutere il bilancio.", "Dove si trova la biblioteca?"],
  pt: ["O comitê se reunirá na quinta-feira para discutir o orçamento.", "História das ferrovias em Portugal"],
  nl: ["De commissie komt donderdag bijeen om de begroting te bespreken.", "Waar is de bibliotheek?"],
  sv: ["Kommittén träffas på torsdag för att diskutera budgeten.", "Järnvägens historia i Sverige"],
  da: ["Udvalget holder møde på torsdag for at drøfte budgettet, og det bliver nok ikke nemt efter hvad der er blevet sagt."],
  no: ["Komiteen møtes på torsdag for å diskutere budsjettet, og det blir nok ikke lett etter hva som er blitt sagt."],
  fi: ["Komitea kokoontuu torstaina, ja se keskustelee talousarviosta, joka on kasvanut.", "Missä kirjasto on?"],
  hu: ["A bizottság csütörtökön ülésezik, hogy megvitassa a költségvetést.", "Hol van a könyvtár?"],
  ro: ["Comitetul se va întruni joi pentru a discuta bugetul.", "Unde este biblioteca?"],
  cs: ["Výbor se sejde ve čtvrtek, aby projednal rozpočet, který je větší než loni."],
  sl: ["Odbor se bo sestal v četrtek, da bi razpravljal o proračunu.", "Kje je knjižnica?"],
  tr: ["Komite bütçeyi görüşmek üzere perşembe günü toplanacak.", "Kütüphane nerede?"],
  ca: ["El comitè es reunirà dijous per discutir el pressupost.", "On és la biblioteca?"],
  eu: ["Batzordea ostegunean bilduko da eta aurrekontua eztabaidatuko du.", "Non dago liburutegia?"],
  ga: ["Tiocfaidh an coiste le chéile Déardaoin chun an buiséad a phlé.", "Cá bhfuil an leabharlann?"],
  ru: ["Комитет соберётся в четверг, чтобы обсудить бюджет.", "Где находится библиотека?"],
  uk: ["Комітет збереться у четвер, щоб обговорити бюджет."],
  ar: ["ستجتمع اللجنة يوم الخميس لمناقشة الميزانية.", "أين المكتبة؟"],
  hy: ["Հանձնաժողովը կհավաքվի հինգշաբթի օրը", "Որտե՞ղ է գրադարանը"],
  ta: ["குழு வியாழக்கிழமை கூடும்", "நூலகம் எங்கே?"],
  zh: ["委员会将于星期四开会讨论预算。", "图书馆在哪里"],
  ja: ["委員会は木曜日に予算について話し合います。", "図書館はどこですか"],
  ko: ["위원회는 목요일에 예산을 논의합니다.", "도서관이 어디에 있나요"],
  th: ["คณะกรรมการจะประชุมในวันพฤหัสบดี", "ห้องสมุดอยู่ที่ไหน"],
};

Deno.test("detectLanguage tells every language it knows from its neighbours", () => {
  for (const [language, texts] of Object.entries(SAMPLES)) {
    for (const text of texts) assertEquals(detectLanguage(text), language, text);
  }
});

Deno.test("detectLanguage says und rather than guess", () => {
  const others = [
    ...["", " ", "12345 67", "🙂🙂", "OK", "xq zz", "https://"],
    ...["კომიტეტი ხუთშაბათს შეიკრიბება.", "הוועדה תתכנס ביום חמישי", "کمیته روز پنجشنبه برای بحث درباره بودجه تشکیل جلسه می‌دهد."],
    ...["Komitet spotka się w czwartek, aby omówić budżet.", "Комитетът ще се събере в четвъртък, за да обсъди бюджета."],
  ];
  for (const text of others) assertEquals(detectLanguage(text), "und", text);
});

Deno.test("detectLanguage looks beyond names, code and quotations in another script", () => {
  const page = "İstanbul Łódź São Paulo Zürich\n".repeat(3) +
    "These are the cities that we will visit when the weather is better, as the guide has told us in its first chapter. 北京\n".repeat(20);
  assertEquals(detectLanguage(page), "en");
  assertEquals(detectLanguage("维基百科（Wikipedia）是一个自由内容、公开编辑且多语言的网络百科全书协作计划。"), "zh");
});

Deno.test("detectLanguage takes as long for a book as for a page", () => {
  const begun = performance.now();
  assertEquals(detectLanguage("Der Hund und die Katze sind nicht im Haus. ".repeat(200_000)), "de");
  assert(performance.now() - begun < 1_000);
});
