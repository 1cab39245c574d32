/** A few passages of a language on like subjects, and questions, each with the passage that answers it. */
export interface LanguageSet {
  readonly passages: readonly string[];
  readonly questions: readonly (readonly [question: string, passage: number])[];
}

/** Made for the tests: the same four subjects in every language, so that nothing but its words tells a passage. */
export const LANGUAGES: Readonly<Record<string, LanguageSet>> = {
  en: {
    passages: [
      "The lighthouse on the northern cape was built of granite and has warned ships since 1874.",
      "Bakers let the dough rest overnight so that the bread gets a strong crust.",
      "The old tram climbs the hill every ten minutes and carries tourists to the castle.",
      "Beekeepers move their hives to the orchards when the apple trees are in bloom.",
    ],
    questions: [["When was the lighthouse built?", 0], ["Why does bread dough rest?", 1], ["Where do beekeepers take hives?", 3]],
  },
  de: {
    passages: [
      "Der Leuchtturm am nördlichen Kap wurde aus Granit gebaut und warnt seit 1874 die Schiffe.",
      "Bäcker lassen den Teig über Nacht ruhen, damit das Brot eine kräftige Kruste bekommt.",
      "Die alte Straßenbahn fährt alle zehn Minuten den Hügel hinauf und bringt Touristen zur Burg.",
      "Imker stellen ihre Bienenstöcke in die Obstgärten, wenn die Apfelbäume blühen.",
    ],
    questions: [["Aus welchem Gestein sind Leuchttürme gebaut?", 0], ["Warum ruht der Teig der Brote?", 1], [
      "Wohin bringt die STRASSENBAHN den Touristen?",
      2,
    ]],
  },
  es: {
    passages: [
      "El faro del cabo norte se construyó con granito y avisa a los barcos desde 1874.",
      "Los panaderos dejan reposar la masa toda la noche para que el pan tenga una corteza fuerte.",
      "El viejo tranvía sube la colina cada diez minutos y lleva a los turistas al castillo.",
      "Los apicultores llevan sus colmenas a los huertos cuando florecen los manzanos.",
    ],
    questions: [["¿Con qué piedra se construyeron los faros?", 0], ["¿Adonde llevan los tranvias al turista?", 2], [
      "¿Qué hace el apicultor con la colmena?",
      3,
    ]],
  },
  fr: {
    passages: [
      "Le phare du cap nord fut bâti en granit et avertit les navires depuis 1874.",
      "Les boulangers laissent reposer la pâte toute la nuit pour que le pain ait une croûte solide.",
      "Le vieux tramway gravit la colline toutes les dix minutes et mène les touristes au château.",
      "Les apiculteurs déplacent leurs ruches vers les vergers quand les pommiers fleurissent.",
    ],
    questions: [["Où vont les touristes vers le chateau ?", 2], ["Pourquoi la pate du pain repose-t-elle ?", 1], [
      "Quel apiculteur déplace sa ruche ?",
      3,
    ]],
  },
  ru: {
    passages: [
      "Маяк на северном мысе построен из гранита и предупреждает корабли с 1874 года.",
      "Пекари оставляют тесто на ночь, чтобы у хлеба была крепкая корка.",
      "Старый трамвай поднимается на холм каждые десять минут и везёт туристов к замку.",
      "Пчеловоды перевозят ульи в сады, когда цветут яблони.",
    ],
    questions: [["Из чего построили маяки?", 0], ["Куда трамваи везут туриста?", 2], ["Зачем пчеловоду перевозить улей?", 3]],
  },
  tr: {
    passages: [
      "Kuzey burnundaki deniz feneri granitten yapıldı ve 1874'ten beri gemileri uyarıyor.",
      "Fırıncılar ekmeğin kabuğu sert olsun diye hamuru bütün gece dinlendirir.",
      "Eski tramvay her on dakikada bir tepeye çıkar ve turistleri kaleye götürür.",
      "Arıcılar elma ağaçları çiçek açınca kovanlarını bahçelere taşır.",
    ],
    questions: [["DENİZ FENERİ neden yapılmıştır?", 0], ["Tramvaylar turisti nereye götürür?", 2], ["Aricilar kovanlari nereye tasir?", 3]],
  },
  el: {
    passages: [
      "Ο φάρος στο βόρειο ακρωτήριο χτίστηκε από γρανίτη και προειδοποιεί τα πλοία από το 1874.",
      "Οι φουρνάρηδες αφήνουν το ζυμάρι όλη τη νύχτα για να γίνει τραγανό το ψωμί.",
      "Το παλιό τραμ ανεβαίνει στον λόφο κάθε δέκα λεπτά και πηγαίνει τους τουρίστες στο κάστρο.",
      "Οι μελισσοκόμοι πηγαίνουν τις κυψέλες στους κήπους όταν ανθίζουν οι μηλιές.",
    ],
    questions: [["Από τι χτίστηκαν οι φάροι;", 0], ["ΠΟΥ ΠΗΓΑΙΝΕΙ ΤΟΝ ΤΟΥΡΙΣΤΑ ΤΟ ΤΡΑΜ;", 2], ["Πού πάει την κυψέλη ο μελισσοκόμος;", 3]],
  },
  ar: {
    passages: [
      "بنيت المنارة في الرأس الشمالي من الغرانيت وهي تنذر السفن منذ عام 1874.",
      "يترك الخبازون العجين طوال الليل لتصبح قشرة الخبز قوية.",
      "يصعد الترام القديم التل كل عشر دقائق وينقل السياح إلى القلعة.",
      "ينقل النحالون خلاياهم إلى البساتين عندما تزهر أشجار التفاح.",
    ],
    questions: [["متى بُنِيَت المَنارة؟", 0], ["إلى أين ينقل الترام السائحين إلى قلعة؟", 2], ["لماذا يترك العجين والخبز؟", 1]],
  },
  hi: {
    passages: [
      "उत्तरी अंतरीप का प्रकाशस्तंभ ग्रेनाइट से बना है और 1874 से जहाज़ों को चेतावनी देता है।",
      "नानबाई आटे को रात भर छोड़ देते हैं ताकि रोटी की परत मज़बूत हो।",
      "पुरानी ट्राम हर दस मिनट में पहाड़ी पर चढ़ती है और पर्यटकों को किले तक ले जाती है।",
      "मधुमक्खी पालक सेब के पेड़ों में फूल आने पर छत्ते बग़ीचों में ले जाते हैं।",
    ],
    questions: [["प्रकाशस्तंभ जहाज को चेतावनी कब से देता है?", 0], ["पर्यटक किला कैसे जाते हैं?", 2], ["छत्तों को बगीचे में कौन ले जाता है?", 3]],
  },
  zh: {
    passages: [
      "北岬的灯塔用花岗岩建成，自1874年起为船只示警。",
      "面包师让面团静置一夜，使面包有坚实的外壳。",
      "老电车每十分钟爬上山坡，把游客送到城堡。",
      "苹果树开花时，养蜂人把蜂箱搬到果园。",
    ],
    questions: [["灯塔是用什么石头建的？", 0], ["电车把游客带到哪里？", 2], ["养蜂人什么时候搬蜂箱？", 3]],
  },
  ja: {
    passages: [
      "北の岬の灯台は花崗岩で造られ、1874年から船に警告している。",
      "パン職人は皮を固くするために生地を一晩寝かせる。",
      "古い路面電車は十分ごとに丘を登り、観光客を城へ運ぶ。",
      "りんごの花が咲くと、養蜂家は巣箱を果樹園へ移す。",
    ],
    questions: [["灯台は何で造られましたか", 0], ["路面電車は観光客をどこへ運びますか", 2], ["パン生地をなぜ寝かせるのですか", 1]],
  },
  th: {
    passages: [
      "ประภาคารที่แหลมทางเหนือสร้างด้วยหินแกรนิตและเตือนเรือมาตั้งแต่ปี 1874",
      "คนทำขนมปังพักแป้งไว้ทั้งคืนเพื่อให้เปลือกขนมปังแข็ง",
      "รถรางเก่าขึ้นเนินเขาทุกสิบนาทีและพานักท่องเที่ยวไปยังปราสาท",
      "คนเลี้ยงผึ้งย้ายรังไปสวนผลไม้เมื่อต้นแอปเปิลออกดอก",
    ],
    questions: [["ประภาคารสร้างเมื่อไร", 0], ["รถรางพานักท่องเที่ยวไปที่ไหน", 2], ["ทำไมต้องพักแป้ง", 1]],
  },
};
