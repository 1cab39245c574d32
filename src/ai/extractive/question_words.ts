/**
 * What a question asks for, by the words it is asked with, and what a sentence must have to answer it.
 *
 * @module
 */
import { stopWords } from "../../text/stop_words.ts";

/** What kind of answer a question wants; "any" when its words do not tell. */
export type AnswerKind =
  | "person"
  | "place"
  | "date"
  | "number"
  | "length"
  | "mass"
  | "money"
  | "duration"
  | "speed"
  | "share"
  | "reason"
  | "definition"
  | "any";

/** A kind with the words that ask for it: whole words for languages with spaces, parts of the text for those without. */
interface Asking {
  readonly kind: AnswerKind;
  readonly spaced: RegExp;
  readonly unspaced: RegExp;
}

/** Words and phrases, anywhere in the question, that begin and end at no letter. */
function spaced(phrases: string): RegExp {
  const list = phrases.trim().split(/\s*\|\s*/).join("|");
  return new RegExp(`(?<![\\p{L}\\p{M}])(?:${list})(?![\\p{L}\\p{M}])`, "iu");
}

/** English, German, Spanish, French, Italian, Portuguese, Romanian, Russian, Arabic, Hindi, Turkish, Greek, Vietnamese; the narrower kinds first. */
const ASKING: readonly Asking[] = [
  {
    kind: "date",
    spaced: spaced(
      `when|(?:what|which) (?:\\p{L}+ )?(?:year|date|day|month|century|decade|time)|wann|seit wann|(?:welche[mnrs]?) (?:jahr|tag|monat|jahrhundert|datum)|cu[aá]ndo|(?:qu[eé]|cu[aá]l) (?:a[nñ]o|d[ií]a|fecha|mes|siglo)
      |quand|(?:quelle?) (?:ann[eé]e|date|jour|mois|si[eè]cle)|quando|(?:che|quale|in che|quale) (?:anno|giorno|data|mese|secolo)|(?:que|qual|em que) (?:ano|dia|data|m[eê]s|s[eé]culo)|когда|в каком (?:году|веке|месяце)|какого числа|в каком году
      |متى|في أي (?:عام|سنة|يوم|شهر|قرن)|أي (?:عام|سنة)|कब|किस (?:वर्ष|साल|दिन|सन|तारीख)|ne zaman|hangi (?:yıl\\p{L}*|tarih\\p{L}*|gün\\p{L}*|yüzyıl\\p{L}*)|kaç yılında|πότε|ποια (?:χρονιά|ημερομηνία|μέρα)|ποιο έτος|τι χρονιά|khi nào|năm nào|ngày nào|bao giờ|lúc nào|când|[îi]n ce (?:an|dat[ăa]|zi|lun[ăa]|secol)`,
    ),
    unspaced:
      /什么时候|何时|哪一?年|几年|哪一?天|什麼時候|何時|いつ|何年|何月|何日|何世紀|เมื่อไร|เมื่อใด|เมื่อไหร่|ปีใด|ปีไหน|วันไหน|วันใด|ปีอะไร|พ\.ศ\.(?:ใด|อะไร)|언제|몇 ?년/u,
  },
  {
    kind: "money",
    spaced: spaced(
      `how much (?:does|did|do|is|was|are|were) .*(?:cost|worth|paid?|fee|price|ticket)|how much is an? (?:\\p{L}+ )?(?:ticket|ride|room|copy|entry)|what (?:is|was|does) .*(?:price|fee|cost|salary)(?: .*)?|how expensive|(?:wie ?viel|was) kostete?n?|cu[aá]nto (?:cuestan?|cost[oó]|vale)|combien co[uû]te(?:nt)?|quanto (?:costan?o?|custam?)|сколько стоит|сколько стоил[аои]?|कितने (?:का|रुपये|पैसे)|kaça|ne kadara|fiyatı|πόσο κοστίζει|giá bao nhiêu|cât cost[ăa]`,
    ),
    unspaced: /多少钱|いくら|ราคา|얼마/u,
  },
  {
    kind: "length",
    spaced: spaced(
      `how (?:tall|high|far|deep|wide|long is the|long are the)|what (?:is|was) the (?:height|length|width|depth|distance|altitude)|wie (?:hoch|weit|tief|breit)|qu[eé] (?:altura|longitud|distancia)|cu[aá]nto mide|quelle (?:hauteur|longueur|distance|est la hauteur|est la longueur)|quanto (?:è alt[oa]|è lung[oa]|mede)|(?:altezza|altura|hauteur|höhe|ارتفاع|طول)|высота|длина|высоты|длины|ऊँचाई|ऊंचाई|लंबाई|yüksekliği|uzunluğu|ύψος|μήκος|cao bao nhiêu|dài bao nhiêu|ce (?:[îi]n[ăa]l[țt]ime|lungime)|(?:[îi]n[ăa]l[țt]imea|lungimea|ad[âa]ncimea)`,
    ),
    unspaced: /多[高长深宽远]|高さ|長さ|สูง|ยาว(?:กี่|เท่า)/u,
  },
  {
    kind: "mass",
    spaced: spaced(
      `how heavy|how much (?:does|did|do) .* weigh|what (?:does|did) .* weigh|(?:what is the )?weight|wie schwer|wie ?viel wiegt|cu[aá]nto pesan?|combien p[eè]se(?:nt)?|quanto pesano?|сколько весит|вес|वजन|वज़न|ağırlığı|ζυγίζει|nặng bao nhiêu`,
    ),
    unspaced: /多重|重量|重さ|หนัก/u,
  },
  {
    kind: "speed",
    spaced: spaced(
      `how fast|(?:what is the )?(?:top |maximum )?speed|wie schnell|qu[eé] velocidad|quelle vitesse|velocità|velocidade|скорость|गति|hızı|ταχύτητα|tốc độ`,
    ),
    unspaced: /多快|速度|時速|ความเร็ว/u,
  },
  {
    kind: "share",
    spaced: spaced(
      `(?:what|which) (?:percent(?:age)?|share|proportion|fraction)|wie ?viel prozent|welcher anteil|qu[eé] porcentaje|quel pourcentage|quale percentuale|que p(?:or|er)centagem|какой процент|какая доля|कितने प्रतिशत|yüzde kaç|τι ποσοστό|bao nhiêu phần trăm`,
    ),
    unspaced: /百分之几|百分比|何(?:パーセント|割)|ร้อยละ/u,
  },
  {
    kind: "duration",
    spaced: spaced(
      `how (?:long|quickly|soon|old|many (?:years|days|hours|minutes|months|weeks))|what age|at what age|wie ?(?:lange|alt|viele (?:jahre|tage|stunden|minuten))|cu[aá]ntos (?:a[nñ]os|d[ií]as|horas|minutos|meses)|cu[aá]nto (?:tiempo|tarda|dura)|combien (?:de temps|d'années|de jours|d'heures|de mois)|quel âge|quanto (?:tempo|dura)|quanti (?:anni|giorni|mesi)|quant[oa]s (?:anos|dias|horas|meses)|сколько (?:лет|дней|часов|времени|минут|месяцев)|как долго|कितने (?:साल|वर्ष|दिन|घंटे)|kaç (?:yıl|gün|saat|yaşında)|πόσ(?:α|ο) (?:χρόνια|καιρό)|bao lâu|كم (?:سنة|يوما|ساعة)|cât timp|câ[țţt]i ani|câte (?:zile|ore|luni)`,
    ),
    unspaced: /多久|多长时间|几[天年小]|何(?:年間|日間|時間|歳|分)|どのくらいの期間|นานเท่า|กี่(?:ปี|วัน|เดือน|ชั่วโมง)/u,
  },
  {
    kind: "number",
    spaced: spaced(
      `how (?:many|much|long|tall|high|far|old|big|large|deep|wide|heavy|fast|often)|(?:what|which) (?:(?:is|was|were|are) the )?(?:\\p{L}+ )?(?:percent(?:age)?|number|amount|population|temperature|distance|height|length|weight|speed|cost|price|age|size|share|proportion)
      |wie ?(?:viele?n?|lange?|hoch|weit|alt|gro(?:ß|ss)|tief|schwer|schnell|oft|breit)|cu[aá]nt[oa]s?|qu[eé] (?:porcentaje|cantidad|n[uú]mero|altura|distancia)|combien|quel(?:le)? (?:pourcentage|nombre|distance|hauteur|taille|âge|prix|vitesse)
      |quant[oaie]|quanti|(?:che|quale) (?:percentuale|numero|distanza|altezza|età)|quant[oa]s?|(?:que|qual) (?:porcentagem|percentagem|n[uú]mero|dist[aâ]ncia|altura)|сколько|как (?:долго|часто|далеко)|какой (?:процент|высоты|длины|рост)|какова (?:высота|длина|площадь|численность|скорость|температура)|كم|ما (?:عدد|نسبة|مقدار|ارتفاع|طول|مساحة)
      |कितन[ाीे]|कितनों|कितने|kaç|ne kadar|yüzde kaç|πόσ(?:ο|α|οι|ες|η|ους|ων)|bao nhiêu|bao lâu|bao xa|mấy|cât|cât[ăa]|câ[țţt]i|câte`,
    ),
    unspaced:
      /多少|几[个名人次位种座条年天]|多[大高长久远重深快]|幾|いくつ|いくら|何[人個回本枚度歳キパメ割匹軒台冊頭]|どのくらい|どれ(?:くらい|だけ|ほど)|กี่|เท่าไร|เท่าไหร่|เท่าใด|몇|얼마/u,
  },
  {
    kind: "person",
    spaced: spaced(
      `who|whom|whose|(?:what|which) (?:\\p{L}+ )?(?:person|man|woman|scientist|author|writer|king|queen|president|architect|painter|artist|engineer|inventor|player|name of the person)|wer|wem|wen|wessen|qui[eé]n(?:es)?|qui|chi|quem|кто|кого|кому|кем|чей|чья|чьё|من|कौन|किसने|किसका|किसकी|किसके|किसको|किनके
      |kim|kimin|kimi|kime|kimler|ποιος|ποια|ποιον|ποιοι|ποιου|τίνος|ai|người nào|cine|cui|pe cine`,
    ),
    unspaced: /谁|哪位|誰|だれ|どなた|ใคร|ผู้ใด|누구|누가/u,
  },
  {
    kind: "place",
    spaced: spaced(
      `where|(?:what|which) (?:\\p{L}+ )?(?:city|country|town|place|state|region|continent|river|island|village|province|location|street)|wo|woher|wohin|(?:welche[mnrs]?) (?:stadt|land|ort|fluss|insel|dorf|region)|d[oó]nde|ad[oó]nde|(?:qu[eé]|cu[aá]l) (?:ciudad|pa[ií]s|lugar|regi[oó]n|r[ií]o|isla)
      |o[uù]|(?:quelle?) (?:ville|pays|lieu|r[eé]gion|[iî]le|fleuve)|dove|(?:che|quale) (?:citt[aà]|paese|luogo|regione|fiume|isola)|onde|aonde|(?:que|qual) (?:cidade|pa[ií]s|lugar|regi[aã]o|rio|ilha)|где|куда|откуда|в каком (?:городе|месте)|в какой (?:стране|области)|أين|في أي (?:مدينة|بلد|دولة|مكان)|कहाँ|कहां|किस (?:शहर|देश|स्थान|राज्य|जगह|नदी)
      |nerede|nereye|nereden|neresi|hangi (?:şehir\\p{L}*|ülke\\p{L}*|yer\\p{L}*|kent\\p{L}*)|πού|που|ποια (?:πόλη|χώρα)|ở đâu|đâu|nơi nào|thành phố nào|nước nào|unde|[îi]n ce (?:ora[șs]|[țt]ar[ăa]|loc|regiune)`,
    ),
    unspaced:
      /哪里|哪儿|何处|在哪|哪[个座条]?(?:城市|国家|地方|国|省|城)|哪裡|どこ|どの(?:国|都市|町|街|場所|島|川)|何(?:市|県|国)|ที่ไหน|ที่ใด|เมืองใด|เมืองอะไร|ประเทศใด|ประเทศอะไร|จังหวัด(?:ใด|ไหน|อะไร)|어디/u,
  },
  {
    kind: "reason",
    spaced: spaced(
      `why|what (?:caused|causes|was the reason|is the reason|reason)|for what (?:reason|purpose)|how come|warum|wieso|weshalb|wozu|aus welchem grund|por ?qu[eé]|para qu[eé]|pourquoi|perch[eé]|come mai|почему|зачем|отчего|लिए क्यों|क्यों|किस कारण|لماذا|لم|ما سبب|neden|niçin|niye|γιατί|tại sao|vì sao|để làm gì|de ce|din ce cauz[ăa]`,
    ),
    unspaced: /为什么|为何|為什麼|なぜ|どうして|何のため|ทำไม|เพราะเหตุใด|เพราะอะไร|왜/u,
  },
  {
    kind: "definition",
    spaced: spaced(
      `what (?:is|are) (?:an? |the )?[\\p{L}-]+\\s*\\?|what does [\\p{L} -]+ mean|was (?:ist|sind) (?:ein |eine |der |die |das )?[\\p{L}-]+\\s*\\?|was bedeutet|qu[eé] (?:es|son) (?:una? |el |la |los |las )?[\\p{L}-]+\\s*\\?|qu'est-ce que? (?:c'est )?|che cos'è|cos'è|o que é|что такое|ما (?:هو|هي|هم)|nedir|τι είναι|là gì|ce (?:este|[îi]nseamn[ăa])`,
    ),
    unspaced: /是什么[?？]?$|什么是|とは何|とは[?？]?$|คืออะไร/u,
  },
];

const MONTHS =
  `jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|april|may|june|july|aug(?:ust)?|sept(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|januar|februar|märz|mai|juni|juli|oktober|dezember
  |enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|janvier|février|mars|avril|juin|juillet|août|septembre|octobre|novembre|décembre
  |gennaio|febbraio|aprile|maggio|giugno|luglio|settembre|ottobre|dicembre|janeiro|fevereiro|março|maio|junho|julho|setembro|outubro|novembro|dezembro
  |января|февраля|марта|апреля|мая|июня|июля|августа|сентября|октября|ноября|декабря|يناير|فبراير|مارس|أبريل|مايو|يونيو|يوليو|أغسطس|سبتمبر|أكتوبر|نوفمبر|ديسمبر
  |जनवरी|फ़रवरी|फरवरी|मार्च|अप्रैल|मई|जून|जुलाई|अगस्त|सितंबर|सितम्बर|अक्टूबर|नवंबर|दिसंबर|ocak|şubat|mart|nisan|mayıs|haziran|temmuz|ağustos|eylül|ekim|kasım|aralık
  |ιανουαρίου|φεβρουαρίου|μαρτίου|απριλίου|μαΐου|ιουνίου|ιουλίου|αυγούστου|σεπτεμβρίου|οκτωβρίου|νοεμβρίου|δεκεμβρίου|ianuarie|februarie|martie|aprilie|iunie|iulie|septembrie|octombrie|noiembrie|decembrie`;
const TIMES =
  `century|centuries|decade|monday|tuesday|wednesday|thursday|friday|saturday|sunday|spring|summer|autumn|winter|morning|evening|midnight|noon|jahrhunderts?|siglo|siècle|secolo|século|веке?|века|года?|году|القرن|عام|سنة|सदी|सन|वर्ष|yüzyıl|yılında|αιώνα|thế kỷ|năm|tháng|secolul(?:ui)?|anul(?:ui)?`;
/** Four digits of a year, a month, a century, a day of the week. */
const DATE = new RegExp(
  `(?<![\\p{N}.,])[12]\\p{Nd}{3}(?![\\p{N}])|\\p{Nd}{1,4}\\s?(?:年|月|日|世紀|世纪)|[0-9]{1,2}:[0-9]{2}|พ\\.ศ\\.|ค\\.ศ\\.|(?<![\\p{L}\\p{M}])(?:${
    `${MONTHS}|${TIMES}`.replace(/\s*\|\s*/g, "|").trim()
  })(?![\\p{L}\\p{M}])`,
  "iu",
);
const NUMBER_WORDS =
  `two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|hundred|thousand|million|billion|half|third|quarter|dozen|twice|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|hundert|tausend|millionen|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|cien|mil|millones
  |deux|trois|quatre|cinq|sept|huit|neuf|dix|cent|mille|millions|due|tre|quattro|cinque|sei|sette|otto|nove|dieci|cento|milioni|dois|duas|três|quatro|oito|dez|milhões|два|две|три|четыре|пять|шесть|семь|восемь|девять|десять|сто|тысяч|миллион\\p{L}*|دو|तीन|चार|पांच|पाँच|छह|सात|आठ|नौ|दस|सौ|हज़ार|हजार|लाख|करोड़|iki|üç|dört|beş|altı|yedi|sekiz|dokuz|yüz|bin|milyon|δύο|τρεις|τέσσερις|πέντε|έξι|δέκα|εκατό|χίλια|εκατομμύρια|hai|ba|bốn|năm|sáu|bảy|tám|chín|mười|trăm|nghìn|triệu|doi|dou[ăa]|trei|patru|cinci|[șs]ase|[șs]apte|nou[ăa]|zece|sut[ăe]|mii|milioane|اثنان|ثلاثة|ثلاث|أربعة|أربع|خمسة|خمس|ستة|سبعة|ثمانية|تسعة|عشرة|مئة|ألف|مليون`;
const NUMBER = new RegExp(
  `\\p{Nd}|[一二三四五六七八九十百千万億亿两]+[个名人次位种座条年天個回本枚度歳割匹軒台冊頭つ]|(?<![\\p{L}\\p{M}])(?:${
    NUMBER_WORDS.replace(/\s*\|\s*/g, "|").trim()
  })(?![\\p{L}\\p{M}])`,
  "iu",
);
const UNITS: Readonly<Record<"length" | "mass" | "money" | "duration" | "speed" | "share", string>> = {
  length:
    `m|km|cm|mm|ft|met(?:er|re)s?|(?:kilo|centi|milli)?m(?:eter|etre|ètre|etro)[sn]?|metri|metros|feet|foot|inch(?:es)?|miles?|yards?|stories|storeys|метр\\p{L}*|километр\\p{L}*|км|м|متر\\p{L}*|मीटर|किलोमीटर|kilometre\\p{L}*|μέτρα|χιλιόμετρα|mét|米|公里|千米|メートル|キロ|เมตร|กิโลเมตร`,
  mass:
    `kg|g|mg|tons?|tonnes?|kilo(?:gram)?(?:me)?[smn]?|gram(?:me|m)?s?|pounds?|lbs?|ounces?|kilogramos|chilogrammi|chili|quilos?|quilogramas|toneladas|tonnellate|тонн\\p{L}*|кг|килограмм\\p{L}*|كيلوغرام\\p{L}*|طن|किलो\\p{L}*|टन|ton|κιλά|τόνους|cân|ký|kí|公斤|千克|吨|キロ|トン|กิโลกรัม|ตัน`,
  money:
    `euros?|dollars?|pounds?|pence|cents?|francs?|kronor|yen|yuan|rubles?|rupees?|lira|marks?|pesos?|reais|libras|рубл\\p{L}*|евро|доллар\\p{L}*|دولار\\p{L}*|يورو|درهم\\p{L}*|دينار\\p{L}*|ريال\\p{L}*|रुपये|रुपए|रुपया|ευρώ|đồng|元|円|บาท|원`,
  duration:
    `years?|months?|weeks?|days?|hours?|minutes?|seconds?|centur(?:y|ies)|decades?|jahren?|monaten?|wochen?|tagen?|stunden?|minuten|años?|meses|semanas?|d[ií]as?|horas?|minutos?|ans?|années?|mois|semaines?|jours?|heures?|anni|mesi|settimane|giorni|ore|minuti|anos?|лет|год\\p{L}*|месяц\\p{L}*|недел\\p{L}*|дн\\p{L}*|час\\p{L}*|минут\\p{L}*|سنة|سنوات|عام\\p{L}*|شهر\\p{L}*|أشهر|يوم\\p{L}*|أيام|ساع\\p{L}*|दक़ीक़ा|साल|वर्ष|महीने|दिन|घंटे|मिनट|yıl\\p{L}*|ay|gün\\p{L}*|saat\\p{L}*|dakika\\p{L}*|χρόνια|χρόνων|μήνες|μέρες|ημέρες|ώρες|λεπτά|năm|tháng|ngày|giờ|phút|年|个月|月|天|日|小时|分钟|岁|歳|ヶ月|か月|時間|分|ปี|เดือน|วัน|ชั่วโมง|นาที`,
  speed:
    `km\\/h|mph|knots?|kn|m\\/s|kilomet(?:er|re)s (?:per|an) hour|miles (?:per|an) hour|Kilometer pro Stunde|км\\/ч|公里|キロ|กิโลเมตร|times|km`,
  share:
    `%|percent|per cent|prozent|por ciento|pour ?cent|per cento|por cento|процент\\p{L}*|بالمئة|في المئة|प्रतिशत|τοις εκατό|phần trăm|パーセント|割|thirds?|quarters?|half|mitad|hälfte|moitié|metà|metade`,
};
const YEAR = /(?<![\p{N}.,])[12]\p{Nd}{3}(?![\p{N}%])(?![.,]\p{N})(?=\s?(?:[-–]\s?|\s*)(\p{L}+)?)/gu;
const FUNCTION_WORDS: ReadonlySet<string> = new Set(
  ["en", "de", "fr", "es", "it", "pt", "nl", "ru", "uk", "el", "hi", "da", "no", "fi"].flatMap((language) => [...stopWords(language)]),
);
const CURRENCY = "[€$£¥₹₽₺₩฿]\\s?\\p{Nd}|\\p{Nd}\\s?[€$£¥₹₽₺₩฿]";
/** A number, in digits or a word, with a unit within a few letters behind it. */
const QUANTITY = new Map(
  Object.entries(UNITS).map(([kind, units]) => {
    const words = NUMBER_WORDS.replace(/\s*\|\s*/g, "|").trim();
    const number = `(?:\\p{Nd}[\\p{Nd}.,]*|(?<![\\p{L}\\p{M}])(?:${words}|\\p{L}+teen|an?)|[一二三四五六七八九十百千万両两半]+)`;
    const measured = `${number}[\\s\u00a0-]?(?:\\p{L}+\\s)?(?:${units})(?![a-zà-ÿ])`;
    return [
      kind,
      new RegExp(kind === "money" ? `${measured}|${CURRENCY}` : kind === "share" ? `${measured}|${units}` : measured, "iu"),
    ] as const;
  }),
);
const REASON = new RegExp(
  `(?<![\\p{L}\\p{M}])(?:because|so|since|due to|led to|leading to|resulted|reasons?|owing to|so that|in order to|therefore|as a result|caused? by|thanks to|for fear|weil|da|damit|wegen|deshalb|daher|um|aufgrund|porque|debido|para que|para|por eso|ya que|puesto que|parce qu\\p{L}*|car|afin|grâce|faute|pour|à cause|perché|poiché|affinché|per|a causa|pois|devido|por causa|потому|чтобы|поэтому|из-за|так как|благодаря|لأن|بسبب|لكي|حتى|من أجل|क्योंकि|ताकि|इसलिए|के कारण|की वजह|çünkü|için|dolayı|nedeniyle|yüzünden|diye|επειδή|διότι|γιατί|λόγω|εξαιτίας|ώστε|για να|vì|bởi|do|nên|để|pentru c[ăa]|deoarece|fiindc[ăa]|din cauza|datorit[ăa])(?![\\p{L}\\p{M}])|因为|因此|由于|以便|所以|為了|为了|使|ため|ので|から|よう(?:に|と)|เพราะ|เนื่องจาก|เพื่อ|จึง|때문|위해`,
  "iu",
);
const DEFINITION = new RegExp(
  `(?<![\\p{L}\\p{M}])(?:is|are|was|means?|refers? to|called|known as|ist|sind|war|bezeichnet|heißt|es una?|son|significa|est une?|sont|désigne|è una?|é uma?|são|это|является|называется|هو|هي|है|हैं|είναι|là|denir)(?![\\p{L}\\p{M}])|—|是|指|とは|である|คือ|หมายถึง|dır|dir`,
  "iu",
);
/** Two words in capitals, or one within a sentence: what names are in scripts that have capitals. */
const NAME =
  /(?<=[\p{Ll}\p{N},;:(«"“”]\s+|[(«"“„])\p{Lu}[\p{L}\p{M}'’-]+|\p{Lu}[\p{L}\p{M}'’-]+\s+(?:(?:de|da|di|van|von|der|le|la|el|bin|al|dos|du)\s+)?\p{Lu}[\p{L}\p{M}'’.-]*/gu;
const CAPITALS = /\p{Lu}/u;

/** What a question asks for. */
export function kindOf(question: string): AnswerKind {
  return ASKING.find((asking) => asking.spaced.test(question) || asking.unspaced.test(question))?.kind ?? "any";
}

/** What questions begin with, in languages with spaces: no word of an answer, and in no list of stop words everywhere. */
const QUESTION_WORDS = spaced(
  `how (?:long|many|much|old|tall|high|far|fast|quickly|soon|big|large|deep|wide|heavy|often)|what|which|who|whom|whose|when|where|why|how
  |wie ?viele?n?|wie (?:lange|hoch|weit|alt|gro(?:ß|ss)|tief|schwer|schnell|oft|breit)|welche[mnrs]?|wann|wo|woher|wohin|wer|wem|wen|wessen|warum|wieso|weshalb|wie|was
  |cu[aá]ndo|d[oó]nde|qui[eé]n(?:es)?|cu[aá]nt[oa]s?|qu[eé]|cu[aá]l(?:es)?|por qu[eé]|quand|o[uù]|qui|quel(?:le)?s?|combien|pourquoi|quando|dove|chi|quant[oaie]s?|quali?|che|perch[eé]|quem|onde|qua(?:l|is)|por que
  |когда|где|куда|откуда|кто|кого|кому|кем|сколько|какова|како[йв]|какая|какое|какие|каком|какой|почему|зачем|что|متى|أين|كم|لماذا|من|ما|ماذا|الذي|कब|कहाँ|कहां|कौन|किस(?:ने|की|का|के|को)?|कितन[ाीे]|क्यों|क्या|कौनसा
  |ne zaman|ne kadar|nerede|nereye|nereden|kim|kimin|kaç|hangi|neden|niçin|nasıl|ne|πότε|πού|που|ποι(?:ος|α|ο|ον|οι|ου)|πόσ(?:ο|α|οι|ες|η|ους|ων)|γιατί|τι|bao nhiêu|bao lâu|khi nào|năm nào|ngày nào|ở đâu|tại sao|vì sao|người nào|ai|gì|nào|când|unde|cine|cui|cât[ăe]?|câte|câ[țţt]i|ce|de ce`,
);

/**
 * A question without the words it is asked with, which are not to be looked for in an answer; where there are no spaces, their characters would pair with
 * those of its subject.
 */
export function withoutAsking(question: string): string {
  const subject = question.replace(new RegExp(QUESTION_WORDS.source, "giu"), " ");
  return ASKING.reduce((text, { unspaced }) => text.replace(new RegExp(unspaced.source, "gu"), " "), subject)
    .replace(/什么|哪[个些]?|怎[么样]|吗|呢|何|ですか|ますか|ましたか|でしたか|ありますか|อะไร|ไหม|อย่างไร|뭐|무엇/gu, " ");
}

/**
 * Whether a sentence has what a kind of answer is made of, which the question has not already; undefined where that cannot be told, such as a person in
 * a script without capitals.
 */
export function answersKind(kind: AnswerKind, sentence: string, question: string): boolean | undefined {
  switch (kind) {
    case "date":
      return hasNew(DATE, sentence, question);
    case "number":
      return hasNew(NUMBER, withoutYears(sentence), question);
    case "duration":
      // "How long do they get?" asks for either.
      return (/\bhow long\b/i.test(question) && QUANTITY.get("length")!.test(sentence)) || isMeasured("duration", withoutYears(sentence));
    case "length":
    case "mass":
    case "money":
    case "speed":
    case "share":
      return isMeasured(kind, withoutYears(sentence));
    case "reason":
      return REASON.test(sentence);
    case "definition":
      return DEFINITION.test(sentence) || undefined;
    case "person":
    case "place":
      return CAPITALS.test(sentence) ? hasNewName(sentence, question) : undefined;
    case "any":
      return undefined;
  }
}

/** A sentence without what looks like years, which are no amounts: four digits that no noun follows, as far as a list of function words can tell. */
function withoutYears(sentence: string): string {
  return sentence.replace(
    YEAR,
    (year: string, next: string | undefined) => next === undefined || FUNCTION_WORDS.has(next.toLowerCase()) ? " " : year,
  );
}

/** A number with another unit, or none, may still be meant. */
function isMeasured(kind: string, sentence: string): boolean | undefined {
  return QUANTITY.get(kind)!.test(sentence) || (NUMBER.test(sentence) ? undefined : false);
}

function hasNew(cue: RegExp, sentence: string, question: string): boolean {
  const asked = question.toLowerCase();
  const all = sentence.matchAll(new RegExp(cue.source, "giu"));
  for (const [found] of all) if (!asked.includes(found.toLowerCase())) return true;
  return false;
}

function hasNewName(sentence: string, question: string): boolean {
  const asked = question.toLowerCase();
  return (sentence.match(NAME) ?? []).some((name) =>
    name.split(/\s+/).some((word) => /^\p{Lu}/u.test(word) && !asked.includes(word.toLowerCase().slice(0, 5)))
  );
}
