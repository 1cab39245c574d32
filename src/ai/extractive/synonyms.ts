/**
 * Words that questions and answers use for one another: "Who drew up the plans?" is answered by "She designed it". By language, a line each
 * of words that may stand for one another; written by hand after what people ask of any text, fitted to no collection.
 *
 * @module
 */
import { foldWord } from "../../text/letters.ts";
import { stem } from "../../text/analysis.ts";

const GROUPS: Readonly<Record<string, string>> = {
  en: `built build construct constructed erected raised building construction
    design designed plan plans drew architect drawn
    tall high height
    final last latest
    first initial original earliest
    father mother son daughter parent child children
    occupation job trade profession work career worked
    supervised supervise under taught teacher adviser mentor
    old age aged
    heavy weigh weighs weighed weight
    contest competition prize award tournament
    win won winner wins victory defeated beat awarded prize received
    get receives received receive gets obtained given
    cost costs price fee ticket fare charge paid pay worth
    return returns send back refund refunds refunded
    handle handles deals answers responsible
    car cars vehicle vehicles lorry lorries truck trucks automobile
    daily day
    ban banned forbid forbidden prohibited illegal allowed
    delay delayed held postponed late
    young chick chicks baby offspring juvenile
    feed fed eat eats food diet ate
    nest nests breed breeds breeding
    extinct wiped vanished disappeared
    remain remained left remaining survive
    found founded establish established founder create created started formed formation
    release released came launched launch published publication issue
    discover discovered find found discovery
    fix fixed repaired repair solved
    fast quick quickly faster speed rapid
    place took occur occurred happen happened fought
    command commanded commander led lead leader headed head director chief general
    soldiers men army troops forces
    horsemen cavalry
    wife husband widow married marry spouse wedding
    die died death dead killed
    born birth birthplace birthday
    write wrote written author writer book penned
    live lived lives resident home dwell inhabitants population people
    buy buys bought purchase sold sell sells sale
    country nation state
    locate located situated lies stands found location
    purpose aim goal objective order
    start started begin began begun starts beginning opened commenced
    end ended finish finished close closed closes ceased until
    big large size area
    invent invented inventor invention devised
    called name named known term
    make made produce produces produced production manufactured output
    use used employ using uses
    stay night overnight
    king queen ruler monarch reigned reign throne
    reason because cause caused
    kind type sort form
    language spoken speak speaks
    religion faith church
    study studied attend attended university school educated
    increase increased rose grew growth
    decrease decreased fell declined drop
    many number total
    main chief major principal primary biggest largest
    change changed replaced became converted turned
    leave left depart departed
    arrive arrived reached came
    join joined member
    team club side
    play played plays
    score scored points
    song album recorded music
    film movie picture
    teach teaches taught
    help helped assist aid supported`,
  de: `gebaut erbaut errichtet bau gebäude entstand
    geboren geburt geburtsort
    gestorben starb tod tot
    gegründet gründung gründer gründete
    geschrieben schrieb verfasst autor schriftsteller
    kostet kosten preis gebühr bezahlt eintritt
    gewann gewonnen sieger preis siegte auszeichnung
    begann beginn begonnen anfang start eröffnet eröffnung
    endete ende schloss
    entdeckt entdeckte fand gefunden entdeckung
    erfand erfunden erfinder
    leitete leiter führte geleitet chef direktor
    groß größe höhe hoch
    lang länge
    schwer wiegt gewicht wog
    lebt leben einwohner bewohner wohnt
    heißt name genannt
    liegt befindet lage steht
    frau mann ehefrau heiratete verheiratet
    fressen frisst essen nahrung ernährt`,
  es: `construyó construido construida edificó levantó obra
    nació nacido nacimiento
    murió muerte falleció
    fundó fundada fundado fundador fundación
    escribió escrito autor autora
    cuesta costó precio vale tarifa entrada
    ganó ganador premio victoria
    empezó comenzó inicio inauguró abrió
    terminó fin acabó cerró
    descubrió descubierto hallazgo encontró
    inventó inventor
    dirigió director dirige jefe
    alto altura mide
    largo longitud mide
    pesa peso
    habitantes población viven personas
    llama nombre llamado
    come comen alimenta alimento
    casó esposa esposo marido`,
  fr: `construit construite bâti bâtie édifié construction
    né née naissance naquit
    mort mourut décédé décès
    fondé fondée fondateur fondation créé
    écrit écrivit auteur
    coûte coûté prix tarif
    gagné gagna vainqueur prix remporté remporta
    commencé début ouvert inauguré ouverture
    fini fin terminé fermé
    découvert découvrit trouvé découverte
    inventé inventeur
    dirigé directeur dirige chef
    haut hauteur mesure
    long longueur mesure
    pèse poids
    habitants population vivent personnes
    appelle nom nommé
    mange mangent nourrit nourriture
    épousa épouse mari mariée`,
  it: `costruito costruita edificato eretto costruzione
    nato nata nascita nacque
    morto morì morte
    fondato fondata fondatore fondazione
    scritto scrisse autore autrice
    costa costo prezzo
    vinto vinse vincitore premio
    iniziato inizio cominciò aperto inaugurato
    finito fine chiuso
    scoperto scoprì scoperta
    inventato inventò inventore
    diretto direttore guida capo
    alto altezza misura
    lungo lunghezza misura
    pesa peso
    abitanti popolazione vivono
    chiama nome chiamato
    mangia mangiano nutre cibo`,
  pt: `construído construída construiu ergueu construção
    nasceu nascido nascimento
    morreu morte faleceu
    fundou fundada fundado fundador
    escreveu escrito autor
    custa custou preço
    ganhou venceu vencedor prêmio prémio
    começou início inaugurado abriu
    terminou fim fechou
    descobriu descoberto descoberta
    inventou inventor
    dirigiu diretor dirige chefe
    alto altura mede
    comprimento mede
    pesa peso
    habitantes população vivem moram pessoas
    chama nome chamado
    come comem alimenta alimento`,
  ru: `построен построили построена возведён строительство сооружён
    родился родилась рождения родом
    умер умерла скончался смерть смерти
    основан основал основана основатель основали
    написал написала автор написана
    стоит стоил цена стоимость плата
    выиграл победил победитель победила премию
    начался начало начали открыт открылся открыли
    закончился конец закрыт
    открыл обнаружил нашёл обнаружили
    изобрёл изобретатель
    руководил возглавлял руководитель директор командовал
    высота высокий высотой
    длина длиной длинный
    весит вес весом масса
    жителей население живёт живут
    называется имя название зовут
    ест едят питается питаются`,
};

const lists = new Map<string, ReadonlyMap<string, readonly string[]>>();

/** The forms that may stand for a form in a language. */
export function formsAlike(form: string, language: string): readonly string[] {
  let list = lists.get(language);
  if (list === undefined) lists.set(language, list = listOf(language));
  return list.get(form) ?? [];
}

function listOf(language: string): ReadonlyMap<string, readonly string[]> {
  const alike = new Map<string, readonly string[]>();
  for (const line of (GROUPS[language] ?? "").split("\n")) {
    const forms = [...new Set(line.trim().split(/\s+/).map((word) => stem(foldWord(word), language)))];
    for (const form of forms) alike.set(form, [...(alike.get(form) ?? []), ...forms.filter((other) => other !== form)]);
  }
  return alike;
}
