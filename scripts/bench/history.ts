import type { Kysely } from "kysely";
import { sql } from "kysely";
import { readConfig } from "../../src/config/read.ts";
import { openDatabase } from "../../src/database/open.ts";
import type { Schema } from "../../src/database/schema.ts";
import { foldCounts } from "../../src/message/counts.ts";
import { createLog } from "../../src/observability/log.ts";
import { type BenchContext, load, type Place, type Row, startServer } from "./context.ts";
import { median } from "./figures.ts";
import { pageRequest } from "./bodies.ts";

const SMALL = { room: "small", messages: 1_000 };
const LARGE = { room: "large", messages: 1_000_000 };
/** Messages an INSERT makes. */
const CHUNK = 50_000;

/** What a page costs at a million messages, against the same at a thousand. */
const PAGES = [
  { name: "newest 50", page: {} },
  { name: "newest 50 of one author of ten", page: { username: "user-3" } },
] as const;

/** GetMessages in a small room and in a large one. */
export const historyRow: Row = {
  name: "history",
  async measure(context) {
    for (const kind of ["Postgres", "PGlite"] as const) {
      const place = await context.place("history", kind);
      if (place === undefined) continue;
      await fill(place);
      const { child, grpcPort } = await startServer(place);
      await using _server = child;
      for (const { name, page } of PAGES) {
        const large = pageRequest({ room: LARGE.room, order: "newest", ...page });
        const small = pageRequest({ room: SMALL.room, order: "newest", ...page });
        await compare(context, grpcPort, { name: `GetMessages, ${name} (${kind})`, large, small });
      }
      const large = pageRequest({ room: LARGE.room, order: "newest", beforeSeq: LARGE.messages / 2 });
      const small = pageRequest({ room: SMALL.room, order: "newest", beforeSeq: SMALL.messages / 2 });
      await compare(context, grpcPort, { name: `GetMessages, 50 before the middle of the room (${kind})`, large, small });
    }
  },
};

interface Pages {
  readonly name: string;
  readonly large: string;
  readonly small: string;
}

async function compare(context: BenchContext, port: number, { name, large, small }: Pages): Promise<void> {
  const [many, few]: [number[], number[]] = [[], []];
  for (let run = 0; run < context.runs; run++) {
    many.push(await milliseconds(port, large, context.seconds / 2));
    few.push(await milliseconds(port, small, context.seconds / 2));
  }
  const ratio = median(many.map((ms, index) => ms / (few[index] ?? NaN)));
  const against = { name: "at 1,000 messages", value: median(few), ratio };
  const about = { row: "history", name: `${name}, at 1,000,000 messages`, unit: "ms, p50, one at a time", target: { atMost: 1.5 } };
  context.report({ ...about, value: median(many), runs: many, against });
}

async function milliseconds(port: number, body: string, seconds: number): Promise<number> {
  const { p50 = NaN, failed } = await load({
    ...{ mode: "unary", port, connections: 1, inFlight: 1, seconds, warmup: 0.5 },
    ...{ method: "GetMessages", body },
  });
  if (failed !== 0) throw new Error(`${failed} calls of GetMessages failed`);
  return p50;
}

/** By SQL, because a million calls would take minutes; the counts are folded by the service's own statement. */
async function fill(place: Place): Promise<void> {
  const log = createLog("warn", (line) => console.error(line));
  const database = await openDatabase(readConfig({ ...place.env, DATABASE_STATEMENT_TIMEOUT_MS: "120000" }).database, { log });
  try {
    for (const { room, messages } of [SMALL, LARGE]) {
      for (let from = 1; from <= messages; from += CHUNK) await insert(database.kysely, room, [from, Math.min(messages, from + CHUNK - 1)]);
      while (await foldCounts(database.kysely, room));
    }
    // What autovacuum does within a minute of so many inserts. PGlite has no autovacuum, so it gets none here either.
    if (database.kind === "postgres") await sql`vacuum (analyze)`.execute(database.kysely);
  } finally {
    await database.close();
  }
}

async function insert(db: Kysely<Schema>, room: string, [from, to]: readonly [number, number]): Promise<void> {
  await sql`
    insert into messages (room, id, username, message_type, content, created_at_ms, updated_at_ms)
    select ${room}::text, id, 'user-' || id % 10, 'text', 'Hello, this is an ordinary line of chat, number ' || id, at, at
    from (select id, 1790000000000 + id * 1000 as at from generate_series(${from}::bigint, ${to}::bigint) id) line`.execute(db);
  await sql`
    insert into rooms (room, head_seq, last_event_at_ms) values (${room}, ${to}, 1790000000000 + ${to}::bigint * 1000)
    on conflict (room) do update set head_seq = excluded.head_seq, last_event_at_ms = excluded.last_event_at_ms`.execute(db);
}
