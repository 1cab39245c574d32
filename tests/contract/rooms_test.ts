/**
 * What the message service promises about rooms, on every database.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { sql } from "kysely";
import { createMemoryBus } from "../../src/bus/memory.ts";
import type { ListRoomsRequest, Room } from "../../src/contracts/mod.ts";
import { ChatError } from "../../src/core/errors.ts";
import { openDatabase } from "../../src/database/open.ts";
import { foldCounts } from "../../src/message/counts.ts";
import { createMessageService, type RunningMessageService } from "../../src/message/service.ts";
import { readRooms } from "../../src/message/store_rooms.ts";
import { validRoomPage } from "../../src/message/validate_rooms.ts";
import { callContext } from "../support/call_context.ts";
import { eachDatabase } from "../support/database.ts";
import { testLog } from "../support/log.ts";
import { createTestDatabase } from "../support/postgres.ts";

const UNTOUCHED: Omit<Room, "room"> = {
  ...{ title: "", description: "", restricted: false, members: [], documents: false, assistant: false, version: 0, updatedAtMs: 0 },
  ...{ memberCount: 0, headSeq: 0, messageCount: 0, lastActivityMs: 0 },
};

/** Follows cursors to the end. */
async function allRooms(
  service: RunningMessageService,
  request: ListRoomsRequest,
): Promise<{ readonly names: string[]; readonly pages: number }> {
  const names: string[] = [];
  for (let afterRoom = "", pages = 1;; pages++) {
    const page = await service.listRooms({ ...request, afterRoom }, callContext());
    names.push(...page.rooms.map(({ room }) => room));
    if (!page.hasMore) return { names, pages };
    afterRoom = page.nextRoom;
  }
}

eachDatabase("MessageService.updateRoom and listRooms", async (t, { database }) => {
  const bus = createMemoryBus();
  const service = createMessageService({ database, bus, log: testLog() });
  const context = callContext();
  try {
    await t.step("a room that nobody has touched has its defaults, and is in no list", async () => {
      assertEquals(await service.getRoom({}, context), { room: "general", ...UNTOUCHED });
      assertEquals(await service.listRooms({}, context), { rooms: [], hasMore: false, nextRoom: "" });
    });

    await t.step("updateRoom changes what it is told and keeps the rest", async () => {
      const first = await service.updateRoom(
        { room: "set", title: "Title", members: ["zoe", "ann", "zoe"], replaceMembers: true },
        context,
      );
      assertEquals([first.title, first.members, first.memberCount, first.version], ["Title", ["ann", "zoe"], 2, 1]);
      assert(Math.abs(first.updatedAtMs - Date.now()) < 60_000);
      const second = await service.updateRoom(
        { room: "set", restricted: true, documents: true, assistant: true, description: "d" },
        context,
      );
      assertEquals({ ...second, updatedAtMs: 0 }, {
        ...{ room: "set", ...UNTOUCHED, title: "Title", description: "d", restricted: true, documents: true, assistant: true },
        ...{ members: ["ann", "zoe"], memberCount: 2, version: 2 },
      });
      const third = await service.updateRoom({ room: "set", title: "", restricted: false, replaceMembers: true }, context);
      assertEquals([third.title, third.restricted, third.members, third.documents, third.version], ["", false, [], true, 3]);
      assertEquals(await service.getRoom({ room: "set" }, context), third);
    });

    await t.step("updateRoom refuses a stale version, and of two at once with the same version one", async () => {
      const stale = (ifVersion: number) =>
        assertRejects(() => service.updateRoom({ room: "versions", title: "stale", ifVersion }, context), ChatError);
      assertEquals((await stale(2)).code, "aborted");
      assertEquals((await allRooms(service, {})).names, ["set"], "a refused change makes no room");
      const racing = ["a", "b", "c"].map((title) => service.updateRoom({ room: "versions", title, ifVersion: 0 }, context));
      assertEquals((await Promise.allSettled(racing)).map(({ status }) => status).sort(), ["fulfilled", "rejected", "rejected"]);
      assertEquals((await service.updateRoom({ room: "versions", ifVersion: 1 }, context)).version, 2);
      assertEquals((await stale(0)).message, 'The settings of room "versions" are at version 2, got if_version 0');
      assertEquals((await stale(1)).field, "if_version");
    });

    await t.step("updateRoom answers a repeat whose first answer was lost, as long as nobody changed anything meanwhile", async () => {
      const change = { room: "versions", title: "T", members: ["b,c", "a"], replaceMembers: true, ifVersion: 2 };
      const first = await service.updateRoom(change, context);
      assertEquals(await service.updateRoom(change, context), first);
      await assertRejects(() => service.updateRoom({ ...change, members: ["a", "b", "c"] }, context), ChatError, "at version 3");
      await service.updateRoom({ room: "versions", description: "d" }, context);
      await assertRejects(() => service.updateRoom(change, context), ChatError, "at version 4");
      await service.updateRoom({ room: "versions", title: "", replaceMembers: true }, context);
    });

    await t.step("updateRoom refuses what does not fit, naming the field", async () => {
      const many = Array.from({ length: 1001 }, (_, index) => `user-${index}`);
      for (
        const [field, request] of [
          ["title", { title: "x".repeat(257) }],
          ["description", { description: "a\0b" }],
          ["members", { members: ["ann"] }],
          ["members", { members: many, replaceMembers: true }],
          ["members", { members: [""], replaceMembers: true }],
          ["if_version", { ifVersion: -1 }],
          ["room", { room: "x".repeat(129) }],
        ] as const
      ) {
        const error = await assertRejects(() => service.updateRoom(request, context), ChatError);
        assertEquals([error.code, error.field], ["invalid_argument", field]);
      }
    });

    await t.step("counts messages exactly before and after a fold, deletions included", async () => {
      for (let n = 0; n < 5; n++) await service.createMessage({ room: "counted", username: "ann", content: `m${n}` }, context);
      await service.deleteMessage({ room: "counted", id: 2 }, context);
      await foldCounts(database.kysely, "counted");
      await service.deleteMessage({ room: "counted", id: 3 }, context);
      const last = await service.createMessage({ room: "counted", username: "ann", content: "last" }, context);
      const room = await service.getRoom({ room: "counted" }, context);
      assertEquals([room.messageCount, room.headSeq, room.lastActivityMs], [4, last.seq, last.createdAtMs]);
      await foldCounts(database.kysely, "counted");
      assertEquals(await service.getRoom({ room: "counted" }, context), room);
      const listed = (await service.listRooms({}, context)).rooms.find((one) => one.room === "counted");
      assertEquals(listed, room);
    });

    await t.step("listRooms pages by name, tells nothing of members, and finds what is asked for", async () => {
      const names = Array.from({ length: 7 }, (_, index) => `page-${index}`);
      for (const room of names) await service.updateRoom({ room, documents: room > "page-4", restricted: room < "page-3" }, context);
      await service.updateRoom({ room: "page-1", members: ["ann", "bob"], replaceMembers: true }, context);
      const all = await allRooms(service, { limit: 3 });
      assertEquals([all.names, all.pages], [["counted", ...names, "set", "versions"], 4]);
      assertEquals((await allRooms(service, { onlyDocuments: true, limit: 1 })).names, ["page-5", "page-6", "set"]);
      for (const room of ["page-2", "page-6"]) await service.updateRoom({ room, assistant: true }, context);
      assertEquals((await allRooms(service, { onlyAssistant: true, limit: 1 })).names, ["page-2", "page-6", "set"]);
      assertEquals((await allRooms(service, { onlyAssistant: true, onlyDocuments: true })).names, ["page-6", "set"]);
      assertEquals((await allRooms(service, { visibleTo: "bob", limit: 2 })).names, [
        "counted",
        "page-1",
        ...names.slice(3),
        "set",
        "versions",
      ]);
      const [first] = (await service.listRooms({ afterRoom: "page-0", limit: 1 }, context)).rooms;
      assertEquals([first?.room, first?.members, first?.memberCount], ["page-1", [], 2]);
    });
  } finally {
    await service.close();
    await bus.close();
  }
});

Deno.test("readRooms reads no message of rooms whose counts are folded, however many there are", async () => {
  const { url, drop } = await createTestDatabase();
  const database = await openDatabase({ kind: "postgres", url, poolSize: 1, statementTimeoutMs: 5_000 }, { log: testLog() });
  const db = database.kysely;
  try {
    const rooms = Array.from({ length: 60 }, (_, index) => `room-${String(index).padStart(2, "0")}`);
    await sql`insert into rooms (room, head_seq) select room, 500 from unnest(${rooms}::text[]) room`.execute(db);
    await sql`
      insert into messages (room, id, username, message_type, content, created_at_ms, updated_at_ms)
      select room, id, 'ann', 'text', 'hello', id, id from unnest(${rooms}::text[]) room, generate_series(1, 500) id`.execute(db);
    for (const room of rooms) await foldCounts(db, room);
    await sql`analyze`.execute(db);
    await sql`select pg_stat_force_next_flush()`.execute(db);
    await sql`select pg_stat_reset()`.execute(db);
    const page = await readRooms(db, validRoomPage({}));
    assertEquals(page.map(({ room }) => [room.room, room.messageCount]), rooms.slice(0, 51).map((room) => [room, 500]));
    await sql`select pg_stat_force_next_flush()`.execute(db);
    const { rows } = await sql<{ read: number }>`
      select seq_tup_read + idx_tup_fetch as read from pg_stat_user_tables where relname = 'messages'`.execute(db);
    assertEquals(rows, [{ read: 0 }]);
  } finally {
    await database.close();
    await drop();
  }
});
