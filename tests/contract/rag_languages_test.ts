import { assert, assertEquals } from "@std/assert";
import { createRagService } from "../../src/rag/service.ts";
import { stopWords } from "../../src/text/stop_words.ts";
import { tokens } from "../../src/text/analysis.ts";
import { callContext } from "../support/call_context.ts";
import { eachDatabase } from "../support/database.ts";
import { testLog } from "../support/log.ts";
import { LANGUAGES } from "../support/passages.ts";

eachDatabase(
  "RagService.searchDocuments finds the passage that answers, in a collection of one language and of all together",
  async (t, { database }) => {
    const service = createRagService({ database, log: testLog() });
    for (const [language, { passages }] of Object.entries(LANGUAGES)) {
      for (const [index, content] of passages.entries()) {
        for (const collection of [language, "all"]) {
          await service.indexDocument({ documentId: `${language}-${index}`, content, collection }, callContext());
        }
      }
    }
    for (const [language, { questions }] of Object.entries(LANGUAGES)) {
      await t.step(language, async () => {
        for (const collection of [language, "all"]) {
          for (const [query, passage] of questions) {
            const { results } = await service.searchDocuments({ query, collection }, callContext());
            assertEquals(results[0]?.documentId, `${language}-${passage}`, `${query} in ${collection}`);
          }
        }
      });
    }
    await service.close();
  },
);

/** Titles: too short to be sure of their languages, and many are taken for others. */
const TITLES: Readonly<Record<string, readonly string[]>> = {
  en: ["Hans and the Golden Coin", "Old harbour maps", "Annual report: water, roads, schools", "Can Tin Recycling", "Man of Steel"],
  de: ["Alte Hafenkarten", "Jahresbericht Wasser, Straßen, Schulen", "Rezepte mit Kürbis", "Die Angler am Fjord"],
  fr: ["Vieilles cartes du port", "Rapport annuel sur les routes", "Recettes de courge", "Pêcheurs et marins"],
  es: ["Mapas antiguos del puerto", "Informe anual de carreteras", "Recetas con calabaza", "Pescadores y marineros"],
  it: ["Antiche mappe del porto", "Rapporto annuale sulle strade", "Ricette con la zucca", "Pescatori, marinai, reti"],
  pt: ["Mapas antigos do porto", "Relatório anual das estradas", "Receitas de abóbora", "Pescadores e marinheiros"],
  nl: ["Oude havenkaarten", "Jaarverslag wegen en scholen", "Recepten met pompoen", "Vissers op zee"],
  sv: ["Gamla hamnkartor", "Årsrapport vägar och skolor", "Recept med pumpa", "Fiskare och sjömän"],
  da: ["Gamle havnekort", "Årsrapport veje og skoler", "Opskrifter med græskar", "Fiskere, søfolk"],
  fi: ["Vanhat satamakartat", "Vuosikertomus: tiet, koulut", "Kurpitsareseptejä", "Kalastajat ja merimiehet"],
  hu: ["Régi kikötői térképek", "Éves jelentés az utakról", "Receptek tökkel", "Halászok és tengerészek"],
  tr: ["Eski liman haritaları", "Yollar ve okullar raporu", "Kabak tarifleri", "Balıkçılar ve denizciler"],
  ru: ["Старые карты порта", "Отчёт о дорогах", "Рецепты с тыквой", "Рыбаки и моряки"],
};

eachDatabase(
  "RagService.searchDocuments finds a title by each of its words, among those of many languages, whatever it was taken for",
  async (t, { database }) => {
    const service = createRagService({ database, log: testLog() });
    const titles = Object.entries(TITLES).flatMap(([language, list]) => list.map((title) => ({ language, title })));
    for (const { title } of titles) await service.indexDocument({ documentId: title, content: title }, callContext());
    for (const { language, title } of titles) {
      for (const { word } of tokens(title).filter(({ word }) => word.length > 2 && !stopWords(language).has(word))) {
        const { results } = await service.searchDocuments({ query: word, topK: 20, exact: true }, callContext());
        assert(results.some(({ documentId }) => documentId === title), `${word} of ${title}`);
      }
    }
    await t.step("and a title in no known language is not first for the question's stop words", async () => {
      for (const [index, content] of LANGUAGES["en"]!.passages.entries()) {
        await service.indexDocument({ documentId: `${index}`, content, collection: "stop" }, callContext());
      }
      await service.indexDocument({ documentId: "odd", content: "The when was", language: "und", collection: "stop" }, callContext());
      const { results } = await service.searchDocuments({ query: "When was the lighthouse built?", collection: "stop" }, callContext());
      assertEquals(results[0]?.documentId, "0");
    });
    await service.close();
  },
);
