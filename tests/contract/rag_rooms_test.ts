/**
 * Messages of a room as documents, on every database: what a search finds, and what it never finds again.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { sql } from "kysely";
import { createMemoryBus } from "../../src/bus/memory.ts";
import { ANYBODY, type Caller } from "../../src/core/caller.ts";
import { ChatError } from "../../src/core/errors.ts";
import type { Database } from "../../src/database/database.ts";
import { createMessageService, type RunningMessageService } from "../../src/message/service.ts";
import { createRagService, type RunningRagService } from "../../src/rag/service.ts";
import { callContext } from "../support/call_context.ts";
import { eachDatabase } from "../support/database.ts";
import { testLog } from "../support/log.ts";
import { assertExact } from "../support/rag_index.ts";
import { seeded } from "../support/seeded.ts";

const POLL_MS = 50;

interface System {
  readonly database: Database;
  readonly messages: RunningMessageService;
  readonly rag: RunningRagService;
}

async function withSystem(database: Database, work: (system: System) => Promise<void>): Promise<void> {
  const bus = createMemoryBus();
  const messages = createMessageService({ database, bus, log: testLog() });
  const rag = createRagService({ database, messages, log: testLog(), pollMs: POLL_MS });
  try {
    await work({ database, messages, rag });
  } finally {
    await rag.close();
    await messages.close();
    await bus.close();
  }
}

const context = callContext();
const say = ({ messages }: System, room: string, content: string, username = "ann") =>
  messages.createMessage({ room, username, content, metadata: { lang: "en" } }, context);

/** The ids of the messages that a search finds, best first. */
async function found({ rag }: System, room: string, query: string, caller: Caller = ANYBODY): Promise<number[]> {
  const { results } = await rag.searchDocuments({ query, collection: `room:${room}`, topK: 100, exact: true }, callContext({ caller }));
  return results.map(({ documentId }) => Number(documentId));
}

async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + 20_000;
  while (!await holds()) {
    assert(Date.now() < giveUpAt, `in 20 s not seen: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const position = async ({ database }: System, room: string) =>
  (await database.kysely.selectFrom("rag_rooms").select("seq").where("room", "=", room).executeTakeFirst())?.seq;

/** Rows that a room has in the index. */
async function traces({ database }: System, room: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select (select count(*) from rag_rooms where room = ${room}) + (select count(*) from rag_documents where content like ${`%${room}%`})
      + (select count(*) from rag_collections where collection = ${`room:${room}`}) as n`.execute(database.kysely);
  return Number(rows[0]?.n);
}

eachDatabase("Messages as documents", async (t, { database }) => {
  await withSystem(database, async (system) => {
    const { messages, rag } = system;

    await t.step("a search finds the messages of a room whose settings say so, and of no other", async () => {
      await say(system, "open", "The kettle whistles in the kitchen");
      await say(system, "open", "Nobody has seen the ladder", "bob");
      const closed = await rag.searchDocuments({ query: "kettle", collection: "room:open" }, context);
      assertEquals([closed.results, closed.notices], [[], [
        'The messages of room "open" are not searched as documents: its settings do not say so',
      ]]);
      await messages.updateRoom({ room: "open", documents: true }, context);
      const { results: [result] } = await rag.searchDocuments({ query: "who saw a ladder", collection: "room:open" }, context);
      assertEquals([result?.documentId, result?.content], ["2", "Nobody has seen the ladder"]);
      assertEquals([result?.metadata["username"], result?.metadata["lang"], result?.metadata["message_type"]], ["bob", "en", "text"]);
      assertEquals(await found(system, "other", "kettle"), []);
      assertEquals(await found(system, "open", "kettle"), [1]);
      const filtered = { query: "kettle ladder", collection: "room:open", filter: 'username = "ann"' };
      assertEquals((await rag.searchDocuments(filtered, context)).results.map(({ documentId }) => documentId), ["1"]);
      const { prompt } = await rag.getRagContext({ query: "ladder", collection: "room:open" }, context);
      assert(prompt.includes("Nobody has seen the ladder"), prompt);
    });

    await t.step("a search sees every message, edit and deletion that was answered before it began", async () => {
      const { id } = await say(system, "open", "The parrot speaks");
      assertEquals(await found(system, "open", "parrot"), [id]);
      await messages.updateMessage({ room: "open", id, content: "The budgerigar speaks" }, context);
      assertEquals([await found(system, "open", "parrot"), await found(system, "open", "budgerigar")], [[], [id]]);
      await messages.deleteMessage({ room: "open", id }, context);
      assertEquals(await found(system, "open", "budgerigar"), []);
      const gone = await assertRejects(() => rag.getDocument({ documentId: `${id}`, collection: "room:open" }, context), ChatError);
      assertEquals(gone.code, "not_found");
      assertEquals((await rag.listDocuments({ collection: "room:open" }, context)).documents.map(({ documentId }) => documentId), [
        "1",
        "2",
      ]);
      await say(system, "open", " \n ");
      assertEquals((await rag.listDocuments({ collection: "room:open" }, context)).totalCount, 2);
    });

    await t.step("messages come into the index without anybody searching, and the index stays exact", async () => {
      const { seq } = await say(system, "open", "Rain on the roof");
      await eventually("the position of the room", async () => await position(system, "open") === seq);
      await assertExact(database, "room:open");
    });

    await t.step("nobody writes to a room's collection but the room", async () => {
      for (
        const work of [
          () => rag.indexDocument({ documentId: "9", content: "smuggled", collection: "room:open" }, context),
          () => rag.deleteDocument({ documentId: "1", collection: "room:open" }, context),
        ]
      ) {
        const error = await assertRejects(work, ChatError);
        assertEquals([error.code, error.field], ["invalid_argument", "collection"]);
      }
      assertEquals(
        (await assertRejects(() => rag.searchDocuments({ query: "a b", collection: "room:" }, context), ChatError)).field,
        "collection",
      );
    });

    await t.step("a deletion is never found, even while the index cannot follow", async () => {
      const { id } = await say(system, "open", "The walrus sings");
      const kept = await say(system, "open", "The walrus dances");
      assertEquals((await found(system, "open", "walrus")).toSorted(), [id, kept.id]);
      // Another server holds the room and has died.
      const hold = (untilMs: number) =>
        database.kysely.updateTable("rag_rooms").set({ holder: "dead", held_until_ms: untilMs }).where("room", "=", "open").execute();
      await hold(Date.now() + 600_000);
      await messages.deleteMessage({ room: "open", id }, context);
      await messages.updateMessage({ room: "open", id: 1, content: "The samovar whistles" }, context);
      assertEquals(await found(system, "open", "walrus"), [kept.id]);
      assertEquals(await found(system, "open", "kettle"), [], "what an edit took away is not shown either");
      assertEquals((await rag.getRagContext({ query: "walrus sings", collection: "room:open" }, context)).prompt.includes("sings"), false);
      const gone = await assertRejects(() => rag.getDocument({ documentId: `${id}`, collection: "room:open" }, context), ChatError);
      assertEquals(gone.code, "not_found");
      await hold(0);
      assertEquals(await found(system, "open", "samovar"), [1]);
      await assertExact(database, "room:open");
    });

    await t.step("only members find what is said in a restricted room", async () => {
      await messages.updateRoom({ room: "open", restricted: true, members: ["bob"], replaceMembers: true }, context);
      const named = (name: string, scopes: Caller["scopes"] = new Set(["messages:read", "documents:read"])): Caller => ({
        ...{ kind: "api_key", id: `key:${name}`, name, scopes },
      });
      assertEquals(await found(system, "open", "samovar", named("bob")), [1]);
      assertEquals(await found(system, "open", "samovar", named("eve", new Set(["messages:read", "rooms:manage"]))), [1]);
      const outside: Caller = { ...named("bob"), rooms: new Set(["elsewhere"]) };
      for (const caller of [named("eve"), named(""), named("bob", new Set(["documents:read"])), outside]) {
        const error = await assertRejects(() => found(system, "open", "samovar", caller), ChatError);
        assertEquals(error.code, "permission_denied");
      }
      await messages.updateRoom({ room: "open", restricted: false }, context);
    });

    await t.step(
      "turning it off hides the messages at once and takes them out of the index soon; turning it on brings them back",
      async () => {
        await say(system, "toggled", "toggled: a quince");
        await messages.updateRoom({ room: "toggled", documents: true }, context);
        assertEquals(await found(system, "toggled", "quince"), [1]);
        await messages.updateRoom({ room: "toggled", documents: false }, context);
        assertEquals(await found(system, "toggled", "quince"), []);
        await eventually("an index without the room", async () => await traces(system, "toggled") === 0);
        await messages.updateRoom({ room: "toggled", documents: true }, context);
        assertEquals(await found(system, "toggled", "quince"), [1]);
      },
    );

    await t.step("a room whose log no longer goes on from the position is read anew", async () => {
      await messages.updateRoom({ room: "anew", documents: true }, context);
      for (let n = 1; n <= 150; n++) await say(system, "anew", `anew: plum number ${n}`);
      // A search waits for the index only so long, which a busy machine may need for other things.
      await eventually("the plums", async () => (await found(system, "anew", "plum")).length === 100);
      await sql`update rag_rooms set seq = 10 where room = 'anew'`.execute(database.kysely);
      await sql`update rooms set kept_after_seq = 100 where room = 'anew'`.execute(database.kysely);
      await messages.deleteMessage({ room: "anew", id: 7 }, context);
      const { seq } = await say(system, "anew", "anew: a medlar");
      await eventually("the medlar", async () => (await found(system, "anew", "medlar")).length === 1);
      assertEquals((await rag.listDocuments({ collection: "room:anew" }, context)).totalCount, 150);
      assertEquals(await position(system, "anew"), seq);
      await assertExact(database, "room:anew");
    });
  });
});

eachDatabase("Messages as documents, followed by several servers at once", async (_t, { database }) => {
  await withSystem(database, async (system) => {
    const { messages } = system;
    const others = [1, 2].map(() => createRagService({ database, messages, log: testLog(), pollMs: POLL_MS }));
    try {
      await messages.updateRoom({ room: "busy", documents: true }, context);
      const random = seeded(5);
      const texts = new Map<number, string>();
      const servers = [system.rag, ...others];
      for (let round = 0; round < 150; round++) {
        const known = [...texts.keys()];
        const id = known[random.below(known.length + 1)];
        const content = `busy word${random.below(40)} word${random.below(40)}`;
        if (id === undefined || round % 3 === 0) texts.set((await say(system, "busy", content)).id, content);
        else if (round % 3 === 1) texts.set((await messages.updateMessage({ room: "busy", id, content }, context)).id, content);
        else if (texts.delete(id)) await messages.deleteMessage({ room: "busy", id }, context);
        if (round % 10 === 0) {
          await Promise.all(servers.map((rag) => rag.searchDocuments({ query: "busy", collection: "room:busy" }, context)));
        }
      }
      const listed = await Promise.all(servers.map((rag) => rag.listDocuments({ collection: "room:busy", limit: 500 }, context)));
      for (const { documents } of listed) {
        assertEquals(
          documents.map(({ documentId }) => Number(documentId)).toSorted((a, b) => a - b),
          [...texts.keys()].toSorted((a, b) => a - b),
        );
      }
      for (const [id, content] of texts) {
        assertEquals((await system.rag.getDocument({ documentId: `${id}`, collection: "room:busy" }, context)).content, content);
      }
      await assertExact(database, "room:busy");
    } finally {
      await Promise.all(others.map((rag) => rag.close()));
    }
  });
});
