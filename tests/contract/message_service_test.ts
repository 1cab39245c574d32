/**
 * What the message service promises, on every database. Transports have their own suites; here the contract is called directly.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { sql } from "kysely";
import { createMemoryBus } from "../../src/bus/memory.ts";
import type { CreateMessageRequest, GetMessagesRequest, GetMessagesResponse, Message } from "../../src/contracts/mod.ts";
import { ChatError } from "../../src/core/errors.ts";
import type { Database } from "../../src/database/database.ts";
import { foldCounts } from "../../src/message/counts.ts";
import { createMessageService, type RunningMessageService } from "../../src/message/service.ts";
import { callContext } from "../support/call_context.ts";
import { eachDatabase } from "../support/database.ts";
import { testLog } from "../support/log.ts";

let rooms = 0;
/** A room of its own for each test, so that they share a database. */
const newRoom = () => `room-${++rooms}`;

async function withService(database: Database, work: (service: RunningMessageService) => Promise<void>): Promise<void> {
  const bus = createMemoryBus();
  const service = createMessageService({ database, bus, log: testLog() });
  try {
    await work(service);
  } finally {
    await service.close();
    await bus.close();
  }
}

/** Creates messages one after the other and gives their ids. */
async function createAll(service: RunningMessageService, requests: readonly CreateMessageRequest[]): Promise<Message[]> {
  const created: Message[] = [];
  for (const request of requests) created.push(await service.createMessage(request, callContext()));
  return created;
}

const say = (room: string, content: string, username = "ann"): CreateMessageRequest => ({ room, content, username });
const ids = (page: { readonly messages: readonly Message[] }) => page.messages.map((message) => message.id);
const contents = (page: { readonly messages: readonly Message[] }) => page.messages.map((message) => message.content);

/** Follows cursors to the end. */
async function allPages(
  service: RunningMessageService,
  request: GetMessagesRequest,
): Promise<{ ids: number[]; pages: number; last: GetMessagesResponse }> {
  const found: number[] = [];
  for (let cursor: GetMessagesRequest = {}, pages = 1;; pages++) {
    const page = await service.getMessages({ ...request, ...cursor }, callContext());
    found.push(...ids(page));
    if (!page.hasMore) return { ids: found, pages, last: page };
    cursor = request.order === "newest" ? { beforeSeq: page.nextSeq } : { afterSeq: page.nextSeq };
  }
}

eachDatabase("MessageService.createMessage", async (t, { database }) => {
  await withService(database, async (service) => {
    await t.step("gives dense positions and the message back as stored", async () => {
      const room = newRoom();
      const [first, second] = await createAll(service, [
        { ...say(room, "one"), metadata: { source: "test", "ключ": "значение" }, messageType: "note", clientMessageId: "k1" },
        say(room, "two 🚀 \u0001"),
      ]);
      assert(first !== undefined && second !== undefined);
      assertEquals([first.id, first.seq, second.id], [1, 1, 2]);
      assertEquals([first.timestamp, first.version, first.eventType], [Math.floor(first.createdAtMs / 1000), 1, "created"]);
      assert(Math.abs(first.createdAtMs - Date.now()) < 60_000);
      assertEquals(await service.getMessage({ room, id: 1 }, callContext()), first);
      assertEquals(await service.getMessage({ room, id: 2 }, callContext()), second);
    });

    await t.step("returns the first message for a repeated key, in one batch, later, and after an edit or deletion", async () => {
      const room = newRoom();
      const keyed = { ...say(room, "once"), clientMessageId: "same" };
      const together = await Promise.all([1, 2, 3].map(() => service.createMessage(keyed, callContext())));
      assertEquals(together.map((message) => message.id), [1, 1, 1]);
      assertEquals((await service.createMessage({ ...keyed, content: "twice" }, callContext())).content, "once");
      await service.updateMessage({ room, id: 1, content: "changed" }, callContext());
      assertEquals((await service.createMessage(keyed, callContext())).content, "changed");
      await service.deleteMessage({ room, id: 1 }, callContext());
      const tombstone = await service.createMessage(keyed, callContext());
      assertEquals([tombstone.id, tombstone.deleted, tombstone.content], [1, true, ""]);
    });

    await t.step("keeps keys apart by room, and promises nothing without one", async () => {
      const [room, other] = [newRoom(), newRoom()];
      await service.createMessage({ ...say(room, "a"), clientMessageId: "k" }, callContext());
      assertEquals((await service.createMessage({ ...say(other, "b"), clientMessageId: "k" }, callContext())).content, "b");
      const repeats = await createAll(service, [say(room, "same"), say(room, "same")]);
      assertEquals(repeats.map((message) => message.id), [2, 3]);
    });

    await t.step("gives 500 concurrent calls 500 positions without gap, in the order of arrival", async () => {
      const room = newRoom();
      const created = await Promise.all(Array.from({ length: 500 }, (_, n) => service.createMessage(say(room, `m${n}`), callContext())));
      assertEquals(created.map((message) => message.id), Array.from({ length: 500 }, (_, n) => n + 1));
    });

    await t.step("stores content and metadata of the largest sizes", async () => {
      const room = newRoom();
      const request = { ...say(room, "é".repeat(32_768)), metadata: { big: "x".repeat(16_381) } };
      const { id } = await service.createMessage(request, callContext());
      const stored = await service.getMessage({ room, id }, callContext());
      assertEquals([stored.content.length, stored.metadata["big"]?.length], [32_768, 16_381]);
    });

    await t.step("refuses what was aborted before it began", async () => {
      const room = newRoom();
      const signal = AbortSignal.abort(new ChatError("deadline_exceeded", "The deadline has passed"));
      const error = await assertRejects(() => service.createMessage(say(room, "late"), callContext({ signal })), ChatError);
      assertEquals(error.code, "deadline_exceeded");
      assertEquals((await service.getMessages({ room }, callContext())).totalCount, 0);
    });
  });
});

eachDatabase("MessageService.getMessages", async (t, { database }) => {
  await withService(database, async (service) => {
    await t.step("reads an unknown room as empty", async () => {
      assertEquals(await service.getMessages({ room: newRoom() }, callContext()), {
        messages: [],
        totalCount: 0,
        hasMore: false,
        nextSeq: 0,
        headSeq: 0,
      });
    });

    await t.step("pages both ways by cursor, with an exact total on each page", async () => {
      const room = newRoom();
      await createAll(service, Array.from({ length: 25 }, (_, n) => say(room, `m${n}`)));
      const oldest = await allPages(service, { room, limit: 10 });
      assertEquals([oldest.ids, oldest.pages, oldest.last.totalCount], [Array.from({ length: 25 }, (_, n) => n + 1), 3, 25]);
      const newest = await allPages(service, { room, limit: 10, order: "newest" });
      assertEquals([newest.ids, newest.last.headSeq], [oldest.ids.toReversed(), 25]);
    });

    await t.step("skips by offset and combines it with filters", async () => {
      const room = newRoom();
      await createAll(service, Array.from({ length: 9 }, (_, n) => say(room, `m${n}`, n % 3 === 0 ? "bob" : "ann")));
      const page = await service.getMessages({ room, username: "ann", offset: 4, limit: 10 }, callContext());
      assertEquals([contents(page), page.totalCount, page.hasMore], [["m7", "m8"], 6, false]);
      assertEquals((await service.getMessages({ room, offset: 100 }, callContext())).totalCount, 9);
    });

    await t.step("filters by type and metadata", async () => {
      const room = newRoom();
      await createAll(service, [
        { ...say(room, "a"), messageType: "note", metadata: { lang: "en", topic: "x" } },
        { ...say(room, "b"), metadata: { lang: "en" } },
        { ...say(room, "c"), messageType: "note", metadata: { lang: "de" } },
      ]);
      const notes = await service.getMessages({ room, messageType: "note" }, callContext());
      assertEquals([contents(notes), notes.totalCount], [["a", "c"], 2]);
      const english = await service.getMessages({ room, metadata: { lang: "en", topic: "x" } }, callContext());
      assertEquals([contents(english), english.totalCount], [["a"], 1]);
    });

    await t.step("filters by time to the second, in pages and totals alike", async () => {
      const room = newRoom();
      await createAll(service, Array.from({ length: 20 }, (_, n) => say(room, `m${n}`, n % 2 === 0 ? "ann" : "bob")));
      // Times are the database's own; spreading them out needs no waiting when the rows say so themselves.
      await database.kysely.updateTable("messages").set((eb) => ({ created_at_ms: eb("id", "*", 1000) })).where("room", "=", room)
        .execute();
      const page = await service.getMessages({ room, sinceTimestamp: 5, untilTimestamp: 9 }, callContext());
      assertEquals([ids(page), page.totalCount], [[5, 6, 7, 8], 4]);
      const mine = await service.getMessages({ room, sinceTimestamp: 5, username: "bob", order: "newest", limit: 2 }, callContext());
      assertEquals([ids(mine), mine.totalCount, mine.hasMore], [[20, 18], 8, true]);
      assertEquals((await service.getMessages({ room, sinceTimestamp: 21 }, callContext())).totalCount, 0);
      assertEquals((await service.getMessages({ room, sinceTimestamp: 1, untilTimestamp: 1 }, callContext())).totalCount, 0);
      assertEquals((await service.getMessages({ room, untilTimestamp: 21 }, callContext())).totalCount, 20);
    });

    await t.step("ends a page before it outgrows its bytes, and goes on where it stopped", async () => {
      const room = newRoom();
      await Promise.all(Array.from({ length: 40 }, (_, n) => service.createMessage(say(room, `${n}`.padEnd(60_000, "z")), callContext())));
      const all = await allPages(service, { room, limit: 500 });
      assertEquals(all.ids.length, 40);
      assert(all.pages >= 3, `Expected at least 3 pages, got ${all.pages}`);
      const first = await service.getMessages({ room, limit: 500 }, callContext());
      assert(first.messages.reduce((sum, message) => sum + message.content.length, 0) <= 1024 * 1024);
    });

    await t.step("finds words, phrases and text without spaces, and never what is deleted or edited away", async () => {
      const room = newRoom();
      const other = newRoom();
      await createAll(service, [
        say(room, "Deploy the Blue-Green cluster tonight"),
        say(room, "green things, and then blue things"),
        say(room, "今天部署了新的聊天系统"),
        say(room, "résumé of the week 🚀"),
        say(other, "deploy elsewhere"),
      ]);
      const search = async (text: string) => {
        const page = await service.getMessages({ room, search: text }, callContext());
        assertEquals(page.totalCount, page.messages.length);
        return ids(page);
      };
      assertEquals(await search("deploy"), [1]);
      assertEquals(await search("GREEN blue"), [1, 2]);
      assertEquals(await search('"blue green"'), [1]);
      assertEquals(await search("blue-green"), [1]);
      assertEquals(await search("聊天"), [3]);
      assertEquals(await search("天聊"), []);
      assertEquals(await search("resume 🚀"), [4]);
      await service.updateMessage({ room, id: 1, content: "Roll back" }, callContext());
      await service.deleteMessage({ room, id: 3 }, callContext());
      assertEquals([await search("deploy"), await search("roll"), await search("聊天")], [[], [1], []]);
      assertEquals(await search("'; drop table messages; --"), []);
    });
  });
});

eachDatabase("MessageService.getMessages counts", async (t, { database }) => {
  await t.step("agree with a plain count through folds, deletions and times in every combination", async () => {
    const room = newRoom();
    // Enough for several blocks of counts, written directly: what is tested is reading.
    await database.kysely.insertInto("rooms").values({ room, head_seq: 10_000, last_event_at_ms: 10_000_000 }).execute();
    await insertNumbered(database, room, 10_000);
    await withService(database, async (service) => {
      for (const step of ["unfolded", "folded", "deleted since", "folded again"]) {
        if (step.startsWith("folded")) await foldAll(database, room);
        if (step === "deleted since") {
          for (const id of [1, 4095, 4096, 4097, 8191, 9999]) await service.deleteMessage({ room, id }, callContext());
        }
        for (const sinceTimestamp of [0, 1, 4096, 5000, 9999, 20_000]) {
          for (const untilTimestamp of [0, 4097, 8192]) {
            for (const username of ["", "user-1"]) {
              const { totalCount } = await service.getMessages({ room, sinceTimestamp, untilTimestamp, username, limit: 1 }, callContext());
              const expected = await plainCount(database, { room, sinceTimestamp, untilTimestamp, username });
              assertEquals(totalCount, expected, `${step}: since ${sinceTimestamp} until ${untilTimestamp} by "${username}"`);
            }
          }
        }
      }
    });
  });
});

eachDatabase("MessageService.updateMessage", async (t, { database }) => {
  await withService(database, async (service) => {
    await t.step("takes a position, raises the version, and keeps what was there", async () => {
      const room = newRoom();
      await createAll(service, [{ ...say(room, "v1"), metadata: { a: "1" } }, say(room, "next")]);
      const edited = await service.updateMessage({ room, id: 1, content: "v2" }, callContext());
      assertEquals([edited.seq, edited.version, edited.eventType, edited.metadata], [3, 2, "edited", { a: "1" }]);
      await service.updateMessage({ room, id: 1, content: "v3", metadata: { b: "2" }, replaceMetadata: true }, callContext());
      const { revisions } = await service.listRevisions({ room, id: 1 }, callContext());
      assertEquals(revisions.map(({ version, content, metadata, seq }) => ({ version, content, metadata, seq })), [
        { version: 1, content: "v1", metadata: { a: "1" }, seq: 1 },
        { version: 2, content: "v2", metadata: { a: "1" }, seq: 3 },
        { version: 3, content: "v3", metadata: { b: "2" }, seq: 4 },
      ]);
    });

    await t.step("refuses a stale if_version; of two who edit one version, one wins", async () => {
      const room = newRoom();
      await createAll(service, [say(room, "v1")]);
      const edits = ["x", "y"].map((content) => service.updateMessage({ room, id: 1, content, ifVersion: 1 }, callContext()));
      const outcomes = await Promise.allSettled(edits);
      const lost = outcomes.filter((outcome) => outcome.status === "rejected").map((outcome) => outcome.reason);
      assertEquals(lost.map((error) => [error.code, error.message]), [[
        "aborted",
        `Message 1 in room "${room}" is at version 2, got if_version 1`,
      ]]);
      assertEquals((await service.getMessages({ room }, callContext())).headSeq, 2);
    });

    await t.step("gives not_found for a missing and for a deleted message", async () => {
      const room = newRoom();
      await createAll(service, [say(room, "gone")]);
      await service.deleteMessage({ room, id: 1 }, callContext());
      for (const id of [1, 99]) {
        const error = await assertRejects(() => service.updateMessage({ room, id, content: "x" }, callContext()), ChatError);
        assertEquals(error.code, "not_found");
      }
    });
  });
});

eachDatabase("MessageService.deleteMessage", async (t, { database }) => {
  await withService(database, async (service) => {
    await t.step("leaves a tombstone without content, metadata and revisions", async () => {
      const room = newRoom();
      await createAll(service, [{ ...say(room, "secret"), metadata: { a: "1" } }, say(room, "stays")]);
      await service.updateMessage({ room, id: 1, content: "secret again" }, callContext());
      assertEquals(await service.deleteMessage({ room, id: 1 }, callContext()), { success: true, message: "Message 1 is deleted", seq: 4 });
      const left = await service.getMessage({ room, id: 1 }, callContext());
      assertEquals([left.deleted, left.content, left.metadata, left.username], [true, "", {}, "ann"]);
      assertEquals((await service.listRevisions({ room, id: 1 }, callContext())).revisions, []);
      const page = await service.getMessages({ room }, callContext());
      assertEquals([contents(page), page.totalCount], [["stays"], 1]);
    });

    await t.step("answers success=false for a missing, a deleted and an impossible id", async () => {
      const room = newRoom();
      await createAll(service, [say(room, "x")]);
      await service.deleteMessage({ room, id: 1 }, callContext());
      const texts: string[] = [];
      for (const id of [1, 7, 0, -1]) {
        const answer = await service.deleteMessage({ room, id }, callContext());
        assertEquals([answer.success, answer.seq], [false, 0]);
        texts.push(answer.message);
      }
      assertEquals(texts.slice(0, 2), [`Message 1 in room "${room}" was already deleted`, `Room "${room}" has no message 7`]);
    });
  });
});

eachDatabase("MessageService.streamMessages", async (t, { database }) => {
  await withService(database, async (service) => {
    await t.step("hands over what is missing, then what comes, each once and in order", async () => {
      const room = newRoom();
      await createAll(service, Array.from({ length: 30 }, (_, n) => say(room, `m${n}`)));
      const abort = new AbortController();
      const stream = await service.streamMessages({ room, afterSeq: 10 }, callContext({ signal: abort.signal }));
      assertEquals(stream.startSeq, 10);
      const writing = Promise.all(Array.from({ length: 300 }, (_, n) => service.createMessage(say(room, `live${n}`), callContext())));
      assertEquals(await take(stream, 320), Array.from({ length: 320 }, (_, n) => n + 11));
      await writing;
    });

    await t.step("reads little of what a reader has missed at first, and more each time it comes back for more", async () => {
      const room = "behind";
      for (let count = 0; count < 60; count++) {
        await service.createMessage({ room, username: "ann", content: "x".repeat(4_000) }, callContext());
      }
      const stream = await service.streamMessages({ room, afterSeq: 0 }, callContext());
      const sizes: number[] = [];
      for await (const batch of stream) {
        sizes.push(batch.length * 4_000);
        if (stream.position === 60) break;
      }
      assert(sizes[0]! <= 20_000, `a reader that never comes back is read ${sizes[0]} bytes for`);
      assert(sizes[1]! > sizes[0]! && sizes[2]! > sizes[1]!);
      assert(Math.max(...sizes) <= 68_000);
    });
    await t.step("begins with now when no position is given", async () => {
      const room = newRoom();
      await createAll(service, [say(room, "before")]);
      const stream = await service.streamMessages({ room }, callContext());
      assertEquals(stream.startSeq, 1);
      await createAll(service, [say(room, "after")]);
      assertEquals(await take(stream, 1), [2]);
    });

    await t.step("shows one author's messages, and moves its position over the others'", async () => {
      const room = newRoom();
      await createAll(service, [say(room, "1", "bob"), say(room, "2"), say(room, "3", "bob"), say(room, "4")]);
      const stream = await service.streamMessages({ room, subscribeTo: "ann", afterSeq: 0 }, callContext());
      assertEquals(await take(stream, 2), [2, 4]);
      assertEquals(stream.position, 4);
    });

    await t.step("shows edits and deletions only to those who ask, live and from the log alike", async () => {
      const room = newRoom();
      const live = takeMessages(await service.streamMessages({ room, includeChanges: true }, callContext()), 6);
      await createAll(service, [say(room, "one"), say(room, "two")]);
      await service.updateMessage({ room, id: 1, content: "one!" }, callContext());
      await service.updateMessage({ room, id: 1, content: "one!!" }, callContext());
      await service.deleteMessage({ room, id: 2 }, callContext());
      await createAll(service, [say(room, "three")]);
      const fromLog = await service.streamMessages({ room, includeChanges: true, afterSeq: 0 }, callContext());
      const liveEvents = (await live).map(({ seq, eventType, content }) => [seq, eventType, content]);
      assertEquals(liveEvents, [[1, "created", "one"], [2, "created", "two"], [3, "edited", "one!"], [4, "edited", "one!!"], [
        5,
        "deleted",
        "",
      ], [6, "created", "three"]]);
      const replayed = (await takeMessages(fromLog, 6)).map(({ seq, eventType, content }) => [seq, eventType, content]);
      assertEquals(replayed, liveEvents.map((event) => event[0] === 2 ? [2, "created", ""] : event));
      const creations = await service.streamMessages({ room, afterSeq: 0 }, callContext());
      assertEquals(await take(creations, 2), [1, 6]);
    });

    await t.step("gives subscribers at the same place the very same batch", async () => {
      const room = newRoom();
      const streams = await Promise.all([1, 2, 3].map(() => service.streamMessages({ room }, callContext())));
      const iterators = streams.map((stream) => stream[Symbol.asyncIterator]());
      const batches = iterators.map((iterator) => iterator.next());
      await createAll(service, [say(room, "x")]);
      const [first, ...others] = (await Promise.all(batches)).map((result) => result.value);
      for (const other of others) assertStrictEquals(other, first);
      for (const iterator of iterators) await iterator.return?.();
    });

    await t.step("gives out_of_range for a position that the room does not have", async () => {
      const room = newRoom();
      await createAll(service, [say(room, "x"), say(room, "y")]);
      const ahead = await assertRejects(() => service.streamMessages({ room, afterSeq: 3 }, callContext()), ChatError);
      assertEquals([ahead.code, ahead.message], ["out_of_range", `Room "${room}" ends at position 2, got after_seq 3`]);
      await database.kysely.updateTable("rooms").set({ kept_after_seq: 1 }).where("room", "=", room).execute();
      const old = await assertRejects(() => service.streamMessages({ room, afterSeq: 0 }, callContext()), ChatError);
      assertEquals(old.code, "out_of_range");
    });

    await t.step("tells where to resume at shutdown, and nothing but the reason when cancelled", async () => {
      const room = newRoom();
      await createAll(service, [say(room, "x"), say(room, "y")]);
      const shutdown = new AbortController();
      const stream = await service.streamMessages({ room, afterSeq: 0 }, callContext({ signal: shutdown.signal }));
      const iterator = stream[Symbol.asyncIterator]();
      await iterator.next();
      const waiting = assertRejects(() => iterator.next(), ChatError);
      shutdown.abort(new ChatError("unavailable", "The server is shutting down"));
      const error = await waiting;
      assertEquals([error.code, error.resumeSeq], ["unavailable", 2]);
      const cancel = new AbortController();
      const other = (await service.streamMessages({ room }, callContext({ signal: cancel.signal })))[Symbol.asyncIterator]();
      const cancelled = assertRejects(() => other.next(), ChatError);
      cancel.abort();
      assertEquals((await cancelled).code, "cancelled");
    });
  });

  await t.step("ends a reader that fell behind, with the position to resume from, and lets it resume there", async () => {
    const bus = createMemoryBus();
    const service = createMessageService({ database, bus, log: testLog(), feedLimits: { events: 10, bytes: 1e6 } });
    const room = newRoom();
    const stream = await service.streamMessages({ room }, callContext());
    const iterator = stream[Symbol.asyncIterator]();
    const first = iterator.next();
    await createAll(service, Array.from({ length: 30 }, (_, n) => say(room, `m${n}`)));
    assertEquals((await first).value?.map((message: Message) => message.seq), [1]);
    assert(stream.failed.aborted);
    const error = await assertRejects(() => iterator.next(), ChatError);
    assertEquals([error.code, error.resumeSeq], ["resource_exhausted", 1]);
    const resumed = await service.streamMessages({ room, afterSeq: error.resumeSeq ?? -1 }, callContext());
    assertEquals(await take(resumed, 29), Array.from({ length: 29 }, (_, n) => n + 2));
    await service.close();
    await bus.close();
  });

  await t.step("delivers what another process has stored, without a wake-up, by the next poll", async () => {
    const [here, there] = [createMemoryBus(), createMemoryBus()];
    const reader = createMessageService({ database, bus: here, log: testLog(), pollMs: 20 });
    const writer = createMessageService({ database, bus: there, log: testLog() });
    const room = newRoom();
    const stream = await reader.streamMessages({ room, afterSeq: 0 }, callContext());
    const taken = take(stream, 3);
    await createAll(writer, [say(room, "a"), say(room, "b"), say(room, "c")]);
    assertEquals(await taken, [1, 2, 3]);
    await Promise.all([reader.close(), writer.close(), here.close(), there.close()]);
  });
});

async function takeMessages(stream: AsyncIterable<readonly Message[]>, count: number): Promise<Message[]> {
  const taken: Message[] = [];
  for await (const batch of stream) {
    taken.push(...batch);
    if (taken.length >= count) break;
  }
  return taken;
}

async function take(stream: AsyncIterable<readonly Message[]>, count: number): Promise<number[]> {
  return (await takeMessages(stream, count)).map((message) => message.seq);
}

/** `count` messages whose id is also their second, by three users in turn. */
async function insertNumbered(database: Database, room: string, count: number): Promise<void> {
  await sql`
    insert into messages (room, id, username, message_type, content, created_at_ms, updated_at_ms)
    select ${room}, n, 'user-' || n % 3, 'text', 'm', n * 1000, n * 1000 from generate_series(1, ${count}::int) n`.execute(database.kysely);
}

async function foldAll(database: Database, room: string): Promise<void> {
  while (await foldCounts(database.kysely, room));
}

interface CountQuery {
  readonly room: string;
  readonly sinceTimestamp: number;
  readonly untilTimestamp: number;
  readonly username: string;
}

async function plainCount(database: Database, query: CountQuery): Promise<number> {
  let count = database.kysely.selectFrom("messages").select((eb) => eb.fn.countAll<number>().as("n")).where("room", "=", query.room).where(
    "deleted",
    "=",
    false,
  );
  if (query.sinceTimestamp > 0) count = count.where("created_at_ms", ">=", query.sinceTimestamp * 1000);
  if (query.untilTimestamp > 0) count = count.where("created_at_ms", "<", query.untilTimestamp * 1000);
  if (query.username !== "") count = count.where("username", "=", query.username);
  return (await count.executeTakeFirstOrThrow()).n;
}
