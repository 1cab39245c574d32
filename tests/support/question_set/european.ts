import type { AskedPassage } from "./types.ts";

/** Invented, like the English ones. */
export const EUROPEAN: readonly AskedPassage[] = [
  {
    title: "Glashütte Rabenau",
    text:
      "Die Glashütte Rabenau wurde 1736 von Johann Kessler gegründet. Ihre Öfen heizte man mit Buchenholz, weil Kohle das Glas trübte. Um 1850 arbeiteten dort 240 Menschen, die meisten aus Böhmen. Ein Brand zerstörte in der Nacht zum 4. Februar 1911 das Schleifhaus. Heute zeigt ein Museum die berühmten grünen Römergläser. Der Eintritt kostet sechs Euro.",
    asked: [
      ["Wer hat die Glashütte gegründet?", "Johann Kessler"],
      ["Warum wurde mit Holz statt mit Kohle geheizt?", "Kohle das Glas trübte"],
      ["Wie viele Leute waren um 1850 in der Hütte beschäftigt?", "240"],
      ["Wann brannte das Schleifhaus ab?", "4. Februar 1911"],
      ["Was kostet der Besuch des Museums?", "sechs Euro"],
    ],
    unanswerable: ["Welche Partei stellt den Bürgermeister?"],
  },
  {
    title: "Der Alpensegler",
    text:
      "Der Alpensegler brütet in Felsspalten und an hohen Türmen. Im Sturzflug erreicht er 200 Kilometer pro Stunde. Er kann sechs Monate lang ohne Landung in der Luft bleiben. Seine Nahrung besteht aus fliegenden Insekten. Das Weibchen legt zwei bis drei Eier, die 20 Tage bebrütet werden. Die Forscherin Felix Liechti wies die langen Flüge 2013 mit Geolokatoren nach.",
    asked: [
      ["Wie schnell fliegt der Alpensegler höchstens?", "200 Kilometer"],
      ["Was frisst der Vogel?", "fliegenden Insekten"],
      ["Wie lange dauert das Brüten der Eier?", "20 Tage"],
      ["Wo nistet der Alpensegler?", "Felsspalten"],
    ],
    unanswerable: ["Wie viel wiegt ein Elefant?"],
  },
  {
    title: "Hausordnung",
    text:
      "Das Treppenhaus wird im Wechsel von den Parteien gereinigt. Zwischen 22 und 6 Uhr ist Ruhe zu halten. Fahrräder gehören in den Keller, nicht in den Flur, damit der Fluchtweg frei bleibt. Schlüssel gibt Frau Özdemir im Erdgeschoss aus. Der Müll wird jeden Dienstag abgeholt.",
    asked: [
      ["Warum dürfen Fahrräder nicht im Flur stehen?", "Fluchtweg"],
      ["Bei wem bekommt man einen Schlüssel?", "Özdemir"],
      ["An welchem Tag wird der Müll geholt?", "Dienstag"],
    ],
    unanswerable: ["Wie hoch ist die Miete?"],
  },
  {
    title: "Clara Winterfeld",
    text:
      "Clara Winterfeld war eine Geigerin und Komponistin. Sie kam am 12. Juni 1881 in Breslau zur Welt. Ihr Lehrer war der Ungar Béla Szántó. Mit 19 Jahren spielte sie zum ersten Mal vor dem Zaren. Sie schrieb vier Opern, von denen nur die letzte, Der Fährmann, aufgeführt wurde. Weil ihre linke Hand gelähmt war, gab sie 1926 das Konzertieren auf.",
    asked: [
      ["Wann wurde Clara Winterfeld geboren?", "12. Juni 1881"],
      ["Bei wem lernte sie, Winterfeld, das Geigenspiel als Schülerin eines Lehrers?", "Béla Szántó"],
      ["Wie viele Opern hat Winterfeld geschrieben?", "vier Opern"],
      ["Weshalb hörte Winterfeld 1926 auf, Konzerte zu geben?", "gelähmt"],
    ],
    unanswerable: ["Mit wem war Clara Winterfeld verheiratet?"],
  },
  {
    title: "Faro de Punta Lagarto",
    text:
      "El faro de Punta Lagarto se levantó en 1862 para guiar a los barcos que cargaban salitre. Lo proyectó el ingeniero Ramón Ugarte. La torre mide 28 metros y está hecha de hierro fundido traído de Glasgow. Durante el terremoto de 1906 murió el farero, y su viuda, Inés Pardo, mantuvo la luz encendida nueve años. Hoy es un hotel de seis habitaciones.",
    asked: [
      ["¿Cuándo se construyó el faro?", "1862"],
      ["¿Quién diseñó el faro de Punta Lagarto?", "Ramón Ugarte"],
      ["¿Qué altura tiene la torre?", "28 metros"],
      ["¿Quién cuidó de la luz después de la muerte del farero?", "Inés Pardo"],
      ["¿Cuántas habitaciones tiene el hotel?", "seis"],
    ],
    unanswerable: ["¿Cuántos goles marcó el delantero?"],
  },
  {
    title: "El queso de Valdeherrero",
    text:
      "El queso de Valdeherrero se hace con leche cruda de cabra. Se envuelve en hojas de castaño porque así conserva la humedad. Madura noventa días en una cueva a doce grados. La cooperativa, presidida por Lourdes Arribas, vende unas 40.000 piezas al año. La mayor parte se exporta a Francia.",
    asked: [
      ["¿De qué animal es la leche del queso?", "cabra"],
      ["¿Por qué se envuelve el queso en hojas?", "conserva la humedad"],
      ["¿Cuánto tiempo madura?", "noventa días"],
      ["¿Quién dirige la cooperativa?", "Lourdes Arribas"],
      ["¿A qué país se vende la mayor parte?", "Francia"],
    ],
    unanswerable: ["¿Cuándo se firmó el tratado de paz?"],
  },
  {
    title: "Biblioteca Nueva",
    text:
      "La Biblioteca Nueva abre de lunes a sábado, de nueve a ocho y media. Cada lector puede llevarse cinco libros durante tres semanas. Los retrasos se pagan a veinte céntimos por día. La sala de música está en la segunda planta. Para obtener el carné hace falta un documento de identidad.",
    asked: [
      ["¿Cuántos libros puedo sacar?", "cinco libros"],
      ["¿Dónde está la sala de música?", "segunda planta"],
      ["¿Qué se necesita para tener el carné?", "documento de identidad"],
    ],
    unanswerable: ["¿Quién inventó el teléfono?"],
  },
  {
    title: "Le pont de Varnay",
    text:
      "Le pont de Varnay fut bâti entre 1788 et 1794 par l'architecte Étienne Maubert. Il compte treize arches et mesure 410 mètres. En 1940, l'armée fit sauter l'arche centrale afin de retarder l'ennemi. La reconstruction coûta deux millions de francs. Une chapelle dédiée à saint Nicolas se dresse sur la rive gauche.",
    asked: [
      ["Qui a construit le pont ?", "Étienne Maubert"],
      ["Quelle est la longueur du pont de Varnay ?", "410 mètres"],
      ["Pourquoi a-t-on détruit l'arche du milieu ?", "retarder l'ennemi"],
      ["Combien d'arches a le pont ?", "treize"],
      ["Combien a coûté la reconstruction ?", "deux millions de francs"],
    ],
    unanswerable: ["Quel est le nom du vétérinaire ?"],
  },
  {
    title: "Solange Picard",
    text:
      "Solange Picard naquit à Rouen le 7 octobre 1899. Elle fut la première Française à diriger un observatoire. Ses mesures de la comète de 1927 lui valurent la médaille Janssen. Elle perdit la vue en 1951, mais dicta encore trois livres à sa nièce Odile. Elle repose au cimetière de Meudon.",
    asked: [
      ["Où est née Solange Picard ?", "Rouen"],
      ["Quelle récompense a-t-elle reçue, Picard, pour ses mesures ?", "médaille Janssen"],
      ["À qui Picard a-t-elle dicté ses livres ?", "Odile"],
      ["En quelle année Solange Picard devint-elle aveugle et perdit-elle la vue ?", "1951"],
    ],
    unanswerable: ["Combien d'enfants avait Solange Picard ?"],
  },
  {
    title: "Le safran de Lherm",
    text:
      "Le safran de Lherm se récolte à la main en octobre, avant le lever du soleil. Il faut 150 fleurs pour obtenir un gramme. Les bulbes sont plantés en août, à quinze centimètres de profondeur. Un kilo se vend jusqu'à 30 000 euros. Les souris sont le principal ennemi des producteurs.",
    asked: [
      ["Quand récolte-t-on le safran ?", "octobre"],
      ["Combien de fleurs faut-il pour un gramme ?", "150"],
      ["À quelle profondeur plante-t-on les bulbes ?", "quinze centimètres"],
      ["Quel animal menace le plus les producteurs ?", "souris"],
    ],
    unanswerable: ["Qui a gagné la finale ?"],
  },
  {
    title: "Il teatro di Monteluce",
    text:
      "Il teatro di Monteluce fu inaugurato il 26 dicembre 1823 con un'opera di Rossini. Lo fece costruire la contessa Bianca Serristori, che vendette i suoi gioielli per pagarlo. La sala ha 380 posti e un soffitto dipinto da Carlo Benzi. Dopo l'incendio del 1934 rimase chiuso per ventidue anni. L'acustica è famosa perché il pavimento poggia su anfore vuote.",
    asked: [
      ["Quando fu aperto il teatro?", "26 dicembre 1823"],
      ["Chi volle la costruzione del teatro?", "Bianca Serristori"],
      ["Quanti posti ha la sala?", "380"],
      ["Perché l'acustica è così buona?", "anfore vuote"],
      ["Chi ha dipinto il soffitto?", "Carlo Benzi"],
    ],
    unanswerable: ["Quanto pesa una balena?"],
  },
  {
    title: "La funivia del Corno",
    text:
      "La funivia del Corno porta gli sciatori a 2.940 metri in otto minuti. Ogni cabina trasporta sessanta persone. L'impianto fu progettato dalla ditta svizzera Habegger. Con vento oltre i 70 chilometri orari il servizio viene sospeso. Il biglietto costa 24 euro.",
    asked: [
      ["Quante persone entrano in una cabina?", "sessanta"],
      ["Quanto costa il biglietto della funivia?", "24 euro"],
      ["Chi ha progettato l'impianto?", "Habegger"],
    ],
    unanswerable: ["In che anno nacque il poeta?"],
  },
  {
    title: "Mosteiro de São Telmo",
    text:
      "O mosteiro de São Telmo foi fundado em 1143 por monges vindos de Borgonha. A biblioteca guarda 12 mil volumes. O claustro foi destruído pelo terramoto de 1755 e refeito pelo mestre Inácio Prates. Os monges fabricavam um licor de laranja amarga cuja receita se perdeu. Desde 1998 o edifício abriga uma escola de restauro.",
    asked: [
      ["Em que ano foi fundado o mosteiro?", "1143"],
      ["Quem reconstruiu o claustro?", "Inácio Prates"],
      ["Quantos volumes há na biblioteca?", "12 mil"],
      ["O que produziam os monges?", "licor de laranja"],
    ],
    unanswerable: ["Qual é a capital do Canadá?"],
  },
  {
    title: "A tartaruga-das-ilhas",
    text:
      "A tartaruga-das-ilhas vive até aos 120 anos. Alimenta-se de cactos e de frutos caídos. As fêmeas põem dezasseis ovos na areia negra da praia do Norte. O biólogo Duarte Leme descobriu a espécie em 1961. O maior perigo são os porcos selvagens, que comem os ovos.",
    asked: [
      ["Quantos anos vive a tartaruga?", "120 anos"],
      ["Quem descobriu a espécie?", "Duarte Leme"],
      ["Onde as fêmeas põem os ovos?", "praia do Norte"],
      ["O que come a tartaruga-das-ilhas?", "cactos"],
    ],
    unanswerable: ["Quem escreveu o hino nacional?"],
  },
];
