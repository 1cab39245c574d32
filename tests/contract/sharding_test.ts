import { assert, assertEquals } from "@std/assert";
import { type KyselyPlugin, PostgresQueryCompiler } from "kysely";
import { createMemoryBus } from "../../src/bus/memory.ts";
import type { Database } from "../../src/database/database.ts";
import { openDatabase } from "../../src/database/open.ts";
import { createMessageService } from "../../src/message/service.ts";
import { callContext } from "../support/call_context.ts";
import { testLog } from "../support/log.ts";
import { withPostgres } from "../support/postgres.ts";

/** What the message service stores; every one of these is spread by its room. */
const FOLDED = ["room_folds", "message_counts", "message_words"] as const;
const TABLES = ["rooms", "room_settings", "messages", "message_events", "message_revisions", ...FOLDED] as const;
const ROOMS = ["one", "two"] as const;

interface Statement {
  readonly text: string;
  readonly parameters: readonly unknown[];
}

/** Hands on every statement of a database, as the server gets it. */
function watched(database: Database, onStatement: (statement: Statement) => void): Database {
  const compiler = new PostgresQueryCompiler();
  const plugin: KyselyPlugin = {
    transformQuery({ node, queryId }) {
      const { sql, parameters } = compiler.compileQuery(node, queryId);
      onStatement({ text: sql, parameters });
      return node;
    },
    transformResult: ({ result }) => Promise.resolve(result),
  };
  const kysely = database.kysely.withPlugin(plugin);
  return Object.create(database, { kysely: { value: kysely } });
}

function roomsOf({ parameters }: Statement): readonly string[] {
  return ROOMS.filter((room) => parameters.some((value) => value === room || (Array.isArray(value) && value.includes(room))));
}

Deno.test("every statement of the message service names its room, and no statement that writes names two", () =>
  withPostgres(async (url) => {
    const statements: Statement[] = [];
    const database = await openDatabase({ kind: "postgres", url, poolSize: 4, statementTimeoutMs: 10_000 }, { log: testLog() });
    const bus = createMemoryBus();
    const service = createMessageService({ database: watched(database, (one) => statements.push(one)), bus, log: testLog(), pollMs: 50 });
    const context = callContext();
    const stop = new AbortController();
    try {
      const streams = await Promise.all(
        ROOMS.map((room) => service.streamMessages({ room, afterSeq: 0 }, callContext({ signal: stop.signal }))),
      );
      await Promise.all(
        ROOMS.flatMap((room) =>
          Array.from(
            { length: 5 },
            (_, index) =>
              service.createMessage({ room, username: "ann", content: `word ${index}`, clientMessageId: `key-${index}` }, context),
          )
        ),
      );
      for (const room of ROOMS) {
        await service.createMessage({ room, username: "ann", content: "again", clientMessageId: "key-1" }, context);
        await service.updateMessage({ room, id: 1, content: "edited", ifVersion: 1 }, context);
        await service.updateMessage({ room, id: 1, content: "stale", ifVersion: 1 }, context).catch(() => {});
        await service.deleteMessage({ room, id: 2 }, context);
        await service.deleteMessage({ room, id: 2 }, context);
        await service.getMessage({ room, id: 1 }, context);
        await service.listRevisions({ room, id: 1 }, context);
        // Not listRooms: a list of rooms is the one thing that asks every shard, and it writes nothing.
        await service.updateRoom({ room, title: "A room", members: ["ann"], replaceMembers: true, ifVersion: 0 }, context);
        await service.getRoom({ room }, context);
        await service.getMessages({ room, username: "ann", sinceTimestamp: 1, untilTimestamp: 4_000_000_000 }, context);
        await service.getMessages({ room, search: "word", messageType: "text", metadata: { a: "b" }, order: "newest" }, context);
      }
      await Promise.all(streams.map((stream) => readUntil(stream, 7)));
      while (!statements.some(({ text }) => text.includes("any("))) await new Promise((resolve) => setTimeout(resolve, 20)); // the poll
    } finally {
      stop.abort();
      await service.close();
      await bus.close();
      await database.close();
    }
    for (const statement of statements) {
      const tables = TABLES.filter((table) => new RegExp(`\\b${table}\\b`).test(statement.text));
      assert(tables.length > 0, `of another table: ${statement.text}`);
      assert(roomsOf(statement).length > 0, `without a room: ${statement.text}`);
      assert(/\broom\b/.test(statement.text), `not by its room: ${statement.text}`);
      const writes = /\b(insert into|update|delete from|for update)\b/.test(statement.text);
      assertEquals(writes ? roomsOf(statement).length : 1, 1, `writes to two rooms: ${statement.text}`);
    }
    const touched = TABLES.filter((table) => statements.some(({ text }) => new RegExp(`\\b${table}\\b`).test(text)));
    assertEquals(touched, [...TABLES], "the calls above reach every table");
    assert(!statements.some(({ text }) => /^\s*begin\b/i.test(text)), "each statement is its own transaction");
  }));

Deno.test("every key of the message service's tables begins with the room", () =>
  withPostgres(async (url) => {
    const database = await openDatabase({ kind: "postgres", url, poolSize: 1, statementTimeoutMs: 10_000 }, { log: testLog() });
    try {
      const rows = await database.kysely.withTables<{ pg_indexes: { tablename: string; indexdef: string } }>()
        .selectFrom("pg_indexes").select(["tablename", "indexdef"]).where("tablename", "in", TABLES).execute();
      const unique = rows.filter(({ indexdef }) => indexdef.startsWith("CREATE UNIQUE"));
      assertEquals([...new Set(unique.map(({ tablename }) => tablename))].sort(), TABLES.toSorted());
      for (const { indexdef } of unique) assert(/ USING btree \(room\b/.test(indexdef), indexdef);
    } finally {
      await database.close();
    }
  }));

async function readUntil(stream: AsyncIterable<readonly { readonly seq: number }[]>, seq: number): Promise<void> {
  for await (const batch of stream) if ((batch.at(-1)?.seq ?? 0) >= seq - 2) return;
}
