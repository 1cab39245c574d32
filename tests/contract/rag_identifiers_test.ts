import { assert, assertEquals } from "@std/assert";
import { createRagService } from "../../src/rag/service.ts";
import { callContext } from "../support/call_context.ts";
import { eachDatabase } from "../support/database.ts";
import { testLog } from "../support/log.ts";

const DOCUMENTS: Readonly<Record<string, string>> = {
  camel: "Call getUserName() before the page is drawn.",
  snake: "The old script has get_user_name in a loop.",
  server: "An HTTPServer answers on port 80 until it is stopped.",
  number: "The table user2name is read at the start.",
  hash: "Files are told apart by their SHA-256.",
  script: "Closures in JavaScript keep what they have seen.",
  coffee: "Java is an island where coffee grows; closures of its roads are rare.",
  kana: "この駅ではｶﾞｲﾄﾞﾌﾞｯｸを借りられます。",
};

eachDatabase("SearchDocuments", async (t, { database }) => {
  const service = createRagService({ database, log: testLog() });
  for (const [documentId, content] of Object.entries(DOCUMENTS)) {
    await service.indexDocument({ documentId, content, collection: "code" }, callContext());
  }
  const search = async (query: string, exact = true) => {
    const { results } = await service.searchDocuments({ query, collection: "code", exact }, callContext());
    return results.map((result) => ({
      id: result.documentId,
      marked: result.highlights.map(({ start, end }) => DOCUMENTS[result.documentId]!.slice(start, end)),
    }));
  };
  const ids = async (query: string) => (await search(query)).map(({ id }) => id);

  await t.step("finds names of code by their parts, and marks those alone", async () => {
    assertEquals((await ids("get user name")).toSorted(), ["camel", "number", "snake"]);
    assertEquals((await search("name of the user")).find(({ id }) => id === "camel")?.marked, ["User", "Name"]);
    assertEquals(await search("http"), [{ id: "server", marked: ["HTTP"] }]);
    assertEquals((await search("user names")).find(({ id }) => id === "number")?.marked, ["user", "name"]);
  });

  await t.step("finds names of code as they are, however they are put together, those written alike first", async () => {
    assertEquals((await search("getUserName"))[0], { id: "camel", marked: ["getUserName"] });
    assertEquals((await ids("get_user_name"))[0], "snake");
    assertEquals((await search("getusername"))[0], { id: "camel", marked: ["getUserName"] });
    assertEquals((await ids("GetUserNames")).slice(0, 2).toSorted(), ["camel", "snake"]);
    assertEquals(await ids("sha256"), ["hash"]);
    assertEquals((await ids("JavaScript closure")).slice(0, 2), ["script", "coffee"]);
  });

  await t.step("corrects the parts of a name that is not known", async () => {
    assertEquals((await search("getUsreNaem", false)).slice(0, 2).map(({ id }) => id).toSorted(), ["camel", "snake"]);
    const { corrections } = await service.searchDocuments({ query: "HTTPSerevr", collection: "code" }, callContext());
    assertEquals(corrections, [{ word: "serevr", corrected: "server" }]);
  });

  await t.step("finds names of code in quotes by their parts in order", async () => {
    assertEquals((await ids('"get user name"')).toSorted(), ["camel", "snake"]);
    assertEquals((await ids('"getUserName"')).toSorted(), ["camel", "snake"]);
    assertEquals(await ids('"call getusername before"'), ["camel"]);
    assertEquals(await ids('"user name get"'), []);
    assertEquals(await ids('"an http server answers"'), ["server"]);
  });

  await t.step("finds half-width Katakana, and marks all of it", async () => {
    const [first] = await search("ガイドブック");
    assertEquals([first?.id, first?.marked], ["kana", ["ｶﾞｲﾄﾞﾌﾞｯｸ"]]);
    assert((await ids('"ガイドブック"')).includes("kana"));
  });
  await service.close();
});
