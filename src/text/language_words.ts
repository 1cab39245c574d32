/**
 * What tells languages apart: their commonest short words, and letters that few others write. Languages for which the index has no stemmer stand
 * here too where they would be taken for a neighbour otherwise.
 *
 * @module
 */

const words = (list: string): readonly string[] => list.trim().split(/\s+/);

/** Function words by ISO 639-1 code, for languages in Latin letters. */
export const FUNCTION_WORDS: Readonly<Record<string, readonly string[]>> = {
  en: words(
    `the of and to in is was for that it with as on by at this from are be an or which have has had were not but they his her their you we
    can will would there when what where who how why if than then been these those into about between through its do does my your i he she`,
  ),
  de: words(
    `der die das und ist nicht ein eine einen einem einer zu den dem des mit von auf für im sich auch als an es er sie wir ihr ich wo wie was
    wird werden wurde sind war hat haben bei aus nach oder aber wenn kann durch über um nur noch zum zur am dass diese dieser dieses`,
  ),
  fr: words(
    `le la les des du de et est un une en que qui dans pour pas sur au aux avec il elle nous vous ils ce cette ces son sa ses par plus ne se
    où ou mais comme sont été être avoir fait leur leurs entre après sans sous dont était d'un d'une c'est qu'il l j`,
  ),
  es: words(
    `el la los las de del y en que es un una por para con no se su sus lo al como más pero está son fue ser ha han este esta estos entre sobre
    también dónde donde cuando hay muy desde sin ya si qué cómo quién porque le les nos todo todos`,
  ),
  it: words(
    `il lo la gli le di del della dei delle dello e è un una in che per non con si da dal dalla sono come più ma al alla anche nel nella su sul
    sulla questo questa questi dove quando chi ha hanno era stato essere fra tra o se i ci cosa`,
  ),
  pt: words(
    `o a os as de do da dos das e em que é um uma para com não no na nos nas se por mais como mas foi ao aos à às seu sua são ser está ou quando
    muito onde também pelo pela este esta isso já entre depois sem mesmo qual quem tem`,
  ),
  ro: words(
    `și şi de la în a al ale cu nu este sunt pe un o care pentru din mai se să ce ca au fost dar sau prin după unde când cum lui ei lor acest
    această acesta fi am ai va vor ar despre între cel cea cei`,
  ),
  ca: words(
    `el la els les de del dels i en que és un una per amb no es al als com més però són va ser ha han aquest aquesta aquests on quan entre
    també seu seva seus seves sobre perquè molt hi ho ni si l d s`,
  ),
  nl: words(
    `de het een van en in is dat op te zijn met voor niet aan er om ook als bij door maar uit naar of over ze hij je we dit deze die wordt
    worden werd was waar hoe wat wie heeft hebben had nog meer kan tot tussen geen`,
  ),
  sv: words(
    `och att det som en på är av för med till den i har inte om ett men var jag han hon de vi ni sig från så kan när hur vad vem där eller
    ska skulle blev blir vid efter mellan också sin sitt sina dess under mycket över denna detta dessa`,
  ),
  da: words(
    `og at det som en på er af for med til den i har ikke om et men var jeg han hun de vi sig fra så kan når hvordan hvad hvem hvor der eller
    skal skulle blev bliver ved efter mellem også sin sit sine dets under meget over denne dette disse være nogle mod blandt noget`,
  ),
  no: words(
    `og at det som en på er av for med til den i har ikke om et men var jeg han hun de vi seg fra så kan når hvordan hva hvem hvor der eller
    skal skulle ble blir ved etter mellom også sin sitt sine dets under mye over denne dette disse å være noen mot blant noe ligger`,
  ),
  fi: words(
    `ja on ei se että oli ovat hän mutta kun myös joka tai kuin niin sen jos vain ole olla mitä missä mikä kuka miten nyt sekä jotka hänen
    tämä tämän ne siitä kanssa jälkeen välillä ennen mukaan vuonna voi`,
  ),
  hu: words(
    `a az és hogy nem is egy van volt ez meg csak de ha már vagy mint el ki még azt ezt amely aki ami hol mi mit hogyan miért után között
    lesz lehet kell szerint alatt által majd sem pedig`,
  ),
  cs: words(
    `a je se v na to že s z do o i ve jsem jsou by byl byla bylo pro jako ale po když od za který která které jak co kde kdo jeho její také
    nebo než až být při mezi podle aby ze si není tak k u`,
  ),
  sk: words(
    `a je sa v na to že s z do o aj vo som sú by bol bola bolo pre ako ale po keď od za ktorý ktorá ktoré čo kde kto jeho jej tiež alebo než
    až byť pri medzi podľa aby zo si nie tak k u`,
  ),
  sl: words(
    `in je se v na da za so ki z s ne pa po tudi kot bi bil bila bilo od do pri ali kje kdo kaj kako ker če lahko ta to te med še ni že bo
    bodo iz njegov svoj samo sem smo ima imajo`,
  ),
  hr: words(
    `i je se u na da za su koji koja koje od s sa ne po kao bi bio bila bilo do pri ili gdje tko što kako jer ako može taj to ta među još nije
    već će iz samo sam smo ima imaju a o`,
  ),
  pl: words(
    `i w na z się nie do to że jest o jak po za od dla przez co ale są był była było oraz gdzie kto kiedy który która które tym tego jego jej
    także lub być może czy przy już pod ze aby a`,
  ),
  tr: words(
    `ve bir bu da de için ile çok daha ne en gibi olan olarak var o kadar sonra ama mi mı değil nerede nasıl ki her ya veya kendi ise göre
    olduğu oldu olduğunu tarafından üzere iki şu neden`,
  ),
  eu: words(
    `eta da ez du bat dira zen izan ere dute egin baina hau hori zuen ziren dela duen edo non nola zer nor beste bere bezala oso baino arte
    gabe dago daude behar ondoren lo`,
  ),
  ga: words(
    `an na agus ar is a i go ní do bhí tá le ag atá sé sí nach gur leis mar cad cá bhfuil conas cén seo sin den don chun faoi ó siad ach nó
    raibh bhí ann aon thar roimh gach chuig idir`,
  ),
  id: words(
    `yang dan di ini itu dengan untuk tidak dari dalam akan pada juga ke adalah karena ada oleh sebagai mereka kami saya anda bisa telah atau
    apa mana bagaimana`,
  ),
  et: words(`ja on ei et see oli ta kui ka ning mis oma aga või kes kus kuidas siis ole mida selle nende pärast vahel`),
};

/** Letters by the languages in Latin script that write them; a letter of many counts little. */
export const LETTERS: Readonly<Record<string, string>> = {
  ...{ de: "äöüß", fr: "éèêëàâçîïôûùœ", es: "ñáéíóú¿¡", it: "àèéìòù", pt: "ãõáâàçéêíóôú", ro: "ăâîșşțţ", ca: "àçèéíïòóúl·", nl: "ëï" },
  ...{ sv: "åäö", da: "æøå", no: "æøå", fi: "äö", hu: "áéíóöőúüű", cs: "áčďéěíňóřšťúůýž", sk: "áäčďéíĺľňóôŕšťúýž", sl: "čšž" },
  ...{
    hr: "čćđšž",
    pl: "ąćęłńóśźż",
    tr: "çğıöşü",
    ga: "áéíóú",
    et: "äõöüšž",
    vi: "ăâđêôơưạảấầậắằặẹẻẽếềệỉịọỏốồộớờợụủứừựỳỵỷỹ",
    lv: "āčēģīķļņšūž",
  },
  ...{ lt: "ąčęėįšųūž", is: "áðéíóúýþæö" },
};

/** Sequences of letters that speak for a language where a text is too short to have many of its function words. */
export const SEQUENCES: Readonly<Record<string, RegExp>> = {
  en: /ing(?!\p{L})|tion(?!\p{L})|(?<!\p{L})wh|th|(?<=\p{L})ed(?!\p{L})|ght|ly(?!\p{L})|ck|ss?ed|ow|rd(?!\p{L})/gu,
  de: /sch|ung(?!\p{L})|eit(?!\p{L})|lich|cht|tz|ei|ahn|(?<=\p{L}{2})en(?!\p{L})/gu,
  fr: /eau|oi|eux|aux|tion(?!\p{L})|(?<=\p{L}{2})(?:ée|er|ment|ire)s?(?!\p{L})|qu|ch/gu,
  es: /ción|(?<=\p{L}{2})(?:ados?|idos?|dad|ero|ente|ía)(?!\p{L})|ue|ll|rr/gu,
  it: /zione|gli|cch|tt|zz|gi|(?<=\p{L}{2})(?:ere|are|ia|ie|ano|ico)(?!\p{L})/gu,
  pt: /ção|ções|ão|nh|lh|(?<=\p{L}{2})(?:dade|ado|eiro|ias?)(?!\p{L})/gu,
  ro: /ul(?!\p{L})|ului|ilor|ț|ă(?!\p{L})|(?<=\p{L}{2})(?:ea|ii|ie|ește)(?!\p{L})/gu,
  ca: /ció|ny|l·l|(?<=\p{L}{2})(?:ts|ques|itat|ors)(?!\p{L})|ix/gu,
  nl: /ij|sch|oo|ee|aa|uu|gen(?!\p{L})|tie(?!\p{L})|van|ge/gu,
  sv: /ck|ör|är|äg|ning|ff|(?<=\p{L}{2})(?:ens|or|het|are|ade)(?!\p{L})|sj/gu,
  da: /hed(?!\p{L})|øj|ej|(?<=\p{L}{2})(?:ede|erne|sk|et)(?!\p{L})|æ|ø|tet|lg|gt(?!\p{L})|ud/gu,
  no: /het(?!\p{L})|øy|ei|(?<=\p{L}{2})(?:ene|sk|sjon|ert|et)(?!\p{L})|ø|kk|ikk|skj|tt/gu,
  fi: /aa|ii|ää|uu|kk|yö|ssa|lla|sta|lle|tien|(?<=\p{L}{2})(?:inen|mis|een|sta)(?!\p{L})|ko/gu,
  hu: /sz|gy|ny|cs|zs|ő|ű|(?<=\p{L}{2})(?:ban|ben|nak|nek|ok|ek|ás|és|ik|on)(?!\p{L})|(?<!\p{L})a(?!\p{L})/gu,
  cs: /ř|ě|ů|ov|sk|(?<=\p{L}{2})(?:ní|ost|ých|ce|ka)(?!\p{L})|ch/gu,
  sk: /ľ|ĺ|ŕ|ô|ia(?!\p{L})|ov|sk|(?<=\p{L}{2})(?:ní|osť|ých|nie|ka)(?!\p{L})/gu,
  sl: /nja|ov|(?<=\p{L}{2})(?:ica|ice|ost|ega|ih|ček|čka|vina)(?!\p{L})|č/gu,
  hr: /ije|nje|ć|ov|(?<=\p{L}{2})(?:ost|og|ih)(?!\p{L})/gu,
  pl: /sz|cz|rz|ł|(?<=\p{L}{2})(?:ość|ów|ego|ych|anie)(?!\p{L})|ie/gu,
  tr: /lar|ler|ı|ğ|ş|yor|(?<=\p{L}{2})(?:de|da|dan|den|nin|nın|mak|mek|dır|dir)(?!\p{L})|ü/gu,
  eu: /tz|tx|ts|rr|k(?!\p{L})|(?<=\p{L}{2})(?:aren|ren|tik|tzen|tzeko|ko|ak|an|ea)(?!\p{L})/gu,
  ga: /bh|mh|dh|ao|(?<=\p{L}{2})(?:ann|igh|acht|adh|ach)(?!\p{L})|th/gu,
  id: /ng|(?<!\p{L})(?:me|ber|pe|di|ter)\p{L}|(?<=\p{L}{2})(?:kan|nya|an)(?!\p{L})/gu,
  et: /aa|ee|õ|(?<=\p{L}{2})(?:mine|use|ste|de|sse|st)(?!\p{L})/gu,
};
