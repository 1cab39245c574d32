import type { AskedPassage } from "./types.ts";

/** Invented, so that nothing but the passages can answer. */
export const ENGLISH: readonly AskedPassage[] = [
  {
    title: "Harrow Point Lighthouse",
    text:
      "Harrow Point Lighthouse stands at the mouth of the Teviot Sound. Its tower was raised in 1874 after three colliers were wrecked on the Maidens reef within a single winter. The engineer Agnes Corrie designed it, and the granite came by barge from the quarries of Dunmor. At 41 metres it is the tallest on that coast. The lamp burned colza oil until 1921, when it was converted to electricity. Since the last keeper, Tom Ballantyne, left in 1988, the light has been run by computer from the harbour office.",
    asked: [
      ["When was the lighthouse built?", "1874"],
      ["Who drew up the plans for the tower?", "Agnes Corrie"],
      ["How tall is Harrow Point Lighthouse?", "41 metres"],
      ["What fuel did the light use before it became electric?", "colza oil"],
      ["Who was the final keeper?", "Tom Ballantyne"],
    ],
    unanswerable: ["How much did the lighthouse cost?"],
  },
  {
    title: "Veronese bread of Castel Rua",
    text:
      "Bakers in Castel Rua let their dough rest for eighteen hours, because slow fermentation gives the crust its strength. The flour is milled from a red wheat that grows only on the terraces above the town. A loaf weighs about two kilograms and keeps for a week. Every September the guild chooses the best baker, who receives a silver spoon. In 2019 the prize went to Lucia Ferri, the first woman to win it in four centuries.",
    asked: [
      ["Why do bakers leave the dough alone for so long?", "slow fermentation"],
      ["How heavy is one loaf?", "two kilograms"],
      ["What does the winner of the contest get?", "a silver spoon"],
      ["Who won in 2019?", "Lucia Ferri"],
    ],
    unanswerable: ["Who founded the airport?"],
  },
  {
    title: "Ilmar Tamm",
    text:
      "Ilmar Tamm was a chemist and mountaineer. He was born on 3 May 1902 in Pärnu, the son of a ropemaker. He studied in Tartu under Helmi Kask and took his doctorate with a thesis on peat acids. During an expedition in the Pamirs he lost two fingers to frostbite. He moved to Uppsala in 1944 to escape the war, and taught there until he retired. He died at the age of 81 and left his notebooks to the university library.",
    asked: [
      ["When was Ilmar Tamm born?", "3 May 1902"],
      ["What was the occupation of Ilmar Tamm's father?", "ropemaker"],
      ["Who supervised Tamm in Tartu?", "Helmi Kask"],
      ["Why did Tamm leave for Uppsala?", "to escape the war"],
      ["How old was Tamm when he died?", "81"],
    ],
    unanswerable: ["Whom did Ilmar Tamm marry?"],
  },
  {
    title: "Support handbook",
    text:
      "# Returns\n\nCustomers may send goods back within 45 days of delivery. The parcel must carry the label that came with it. Refunds reach the bank account within five working days.\n\n# Opening hours\n\nThe desk is staffed from 7:30 to 19:00 on weekdays. On Saturdays it closes at noon. Outside these hours a recorder takes messages.\n\n# Complaints\n\nComplaints go to Priya Nair, who answers each of them herself. If she does not solve the matter in two weeks, the ombudsman in Leeds decides.",
    asked: [
      ["How long do I have to return something?", "45 days"],
      ["When does the desk close on Saturday?", "noon"],
      ["Who handles complaints?", "Priya Nair"],
      ["How quickly will I be refunded?", "five working days"],
    ],
    unanswerable: ["Do you ship to Australia?"],
  },
  {
    title: "The Ostrava bridge",
    text:
      "The Ostrava bridge crosses the gorge on a single arch of steel, 312 metres from end to end. Work began in 1961 and was held up twice: by a flood and by a strike of the riveters. The bridge was opened to traffic on 9 October 1967 by the mayor, Karel Vlk. Roughly 26,000 vehicles use it every day. Engineers found cracks in the hangers in 2015, so lorries above 12 tonnes have been banned since.",
    asked: [
      ["What is the length of the bridge?", "312 metres"],
      ["On what date was the Ostrava bridge opened for cars?", "9 October 1967"],
      ["What delayed work on the bridge?", "a flood and by a strike"],
      ["How many cars cross it daily?", "26,000"],
      ["Why may heavy trucks no longer use the bridge?", "cracks in the hangers"],
    ],
    unanswerable: ["What colour is the bridge painted?"],
  },
  {
    title: "Grey-footed petrel",
    text:
      "The grey-footed petrel breeds on five islets of the Sorrel group and nowhere else. Both parents sit on the single egg, which hatches after 52 days. The chick is fed on squid and lantern fish. Rats that came with whaling ships nearly wiped the species out; by 1990 only 140 pairs were left. After the rats were poisoned the number rose to more than two thousand. Young birds return to their islet at the age of six.",
    asked: [
      ["Where does the petrel nest?", "five islets of the Sorrel group"],
      ["What do the young eat?", "squid and lantern fish"],
      ["How long does the egg take to hatch?", "52 days"],
      ["Which animals almost made the petrel extinct?", "Rats"],
      ["How many pairs remained in 1990?", "140"],
    ],
    unanswerable: ["How fast can the petrel fly?"],
  },
  {
    title: "Solway tram",
    text:
      "The Solway tram climbs from the fish market to the castle in eleven minutes. It runs on current from a small hydroelectric plant at Linn Falls. The cars are painted in dark green and cream, the colours of the company's founder, the brewer Josiah Penn. A ride costs 1.80 pounds, children under six travel free. The line carried 3.2 million passengers last year. In the winter of 1953 an avalanche buried the upper station, and service stopped for seven weeks.",
    asked: [
      ["Where does the tram's electricity come from?", "Linn Falls"],
      ["What was the founder's trade?", "brewer"],
      ["How much is a ticket?", "1.80 pounds"],
      ["What buried the station at the top?", "an avalanche"],
    ],
    unanswerable: ["Who drives the tram at night?"],
  },
  {
    title: "Release 4.2",
    text:
      "Version 4.2 of the archive server came out on 14 March. It replaces the old index with one that is kept in memory, which makes searches nine times as fast. The setting CACHE_BYTES now defaults to 256 megabytes. Support for version 1 of the protocol was dropped; clients must upgrade first. A bug that lost the last line of a file was found by Mei Tanaka and fixed by Oluwaseun Ade. The next release is planned for autumn.",
    asked: [
      ["When was version 4.2 released?", "14 March"],
      ["What is the default of CACHE_BYTES?", "256 megabytes"],
      ["Who discovered the bug that lost lines?", "Mei Tanaka"],
      ["How much quicker are searches?", "nine times"],
    ],
    unanswerable: ["Which licence does the database driver have?"],
  },
  {
    title: "Battle of Low Fen",
    text:
      "The Battle of Low Fen was fought on a foggy morning in 1471. The duke's army of 6,000 men met a smaller force under Sir Hugh Marrable. Because the causeway was flooded, the cavalry could not be used. Marrable's archers held the dyke until dusk and then withdrew towards Ely. The duke lost his standard and about nine hundred soldiers. A chapel was put up on the field by his widow, Eleanor.",
    asked: [
      ["In what year did the battle take place?", "1471"],
      ["Who commanded the smaller army?", "Sir Hugh Marrable"],
      ["Why were horsemen of no use?", "the causeway was flooded"],
      ["How many soldiers did the duke lose?", "nine hundred"],
      ["Who had the chapel built?", "Eleanor"],
    ],
    unanswerable: ["Which treaty ended the war?"],
  },
  {
    title: "Marram cheese",
    text:
      "Marram is a hard cheese made from ewe's milk. The wheels are rubbed with salt and ash, then stored in sea caves for fourteen months. The damp air there keeps the rind from splitting. Only nine dairies may use the name, all of them on the island of Tollen. Dutch sailors carried it as far as Batavia. Today two thirds of the output is sold in Japan.",
    asked: [
      ["Which animal gives the milk for Marram?", "ewe"],
      ["How long are the wheels of Marram left to age?", "fourteen months"],
      ["Where are the dairies located?", "the island of Tollen"],
      ["Which country buys most of the production?", "Japan"],
    ],
    unanswerable: ["How many calories has a slice?"],
  },
  {
    title: "Kestrel 3 probe",
    text:
      "Kestrel 3 was launched from Kourou in November 2011 to study the rings of Saturn. The spacecraft weighed 1,870 kg, of which more than half was fuel. It carried a magnetometer built in Graz and a camera from Padua. Contact was lost for nineteen days when a software update filled the memory. The mission director, Noor Haddad, called the recovery the longest night of her life. In 2020 the probe was steered into the planet so that it could not contaminate its moons.",
    asked: [
      ["What was the purpose of Kestrel 3?", "to study the rings of Saturn"],
      ["From where was Kestrel 3 launched?", "Kourou"],
      ["What did the spacecraft weigh?", "1,870 kg"],
      ["Who led the mission?", "Noor Haddad"],
      ["Why was the probe crashed into Saturn?", "contaminate"],
    ],
    unanswerable: ["How many astronauts were on board?"],
  },
  {
    title: "Harbour rules",
    text:
      "Boats longer than 20 metres need a pilot, who must be ordered a day ahead by radio on channel 12. The harbour fee is 3 euros per metre and night. Speed is limited to four knots inside the moles. Divers have to hoist flag A. Dogs are welcome on the quays but not on the beach. The harbour master, Captain Lindqvist, may turn away any vessel that leaks oil.",
    asked: [
      ["Which radio channel is used to order a pilot?", "channel 12"],
      ["What does it cost to stay overnight?", "3 euros per metre"],
      ["How fast may one go in the harbour?", "four knots"],
      ["What is the harbour master's name?", "Lindqvist"],
    ],
    unanswerable: ["Where can I buy petrol?"],
  },
];
