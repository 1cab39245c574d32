import { assertEquals, assertThrows } from "@std/assert";
import postgres from "postgres";
import { createMemoryBus, MemoryNetwork } from "../../src/bus/memory.ts";
import type { MessageService } from "../../src/contracts/mod.ts";
import { ChatError } from "../../src/core/errors.ts";
import { openDatabase } from "../../src/database/open.ts";
import { ReadReplica } from "../../src/database/postgres/replica.ts";
import { createMessageService } from "../../src/message/service.ts";
import { callContext } from "../support/call_context.ts";
import { within } from "../support/deadline.ts";
import { testLog } from "../support/log.ts";
import { startPostgresServer } from "../support/postgres.ts";

interface Where {
  readonly url: string;
  readonly readUrl?: string;
  /** Whom it wakes and is woken by; default: nobody. */
  readonly network?: MemoryNetwork;
}

/** A message service on connections of its own, as another process would have it. */
async function startService({ url, network, ...read }: Where): Promise<MessageService & { end(): Promise<void> }> {
  const database = await openDatabase({ kind: "postgres", url, poolSize: 3, statementTimeoutMs: 5_000, ...read }, { log: testLog() });
  const bus = createMemoryBus(network);
  const service = createMessageService({ database, bus, log: testLog(), pollMs: 50 });
  const end = async () => {
    await service.close();
    await bus.close();
    await database.close();
  };
  return Object.assign(service, { end });
}

const context = callContext();

/** What a page of history shows. */
async function contents(service: MessageService, request: Parameters<MessageService["getMessages"]>[0] = {}): Promise<readonly string[]> {
  return (await service.getMessages(request, context)).messages.map((message) => message.content);
}

/** Waits until a query on a server gives a row with `t`. */
async function until(sql: postgres.Sql, what: string, query: string): Promise<void> {
  const ask = async () => {
    while ((await sql.unsafe(query))[0]?.["t"] !== true) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  await within(20_000, what, ask());
}

Deno.test("getMessages reads a replica, but never less than this process has written or heard of, nor behind its cursor, and does without a dead one", async () => {
  const primary = await startPostgresServer({ fsync: false });
  const standby = await startPostgresServer({ fsync: false, standbyOf: primary });
  const [url, network] = [primary.url, new MemoryNetwork()];
  const [writer, neighbour] = [await startService({ url }), await startService({ url, network })];
  const reader = await startService({ url, readUrl: standby.url, network });
  const [atPrimary, atStandby] = [primary, standby].map(({ url }) => postgres(url, { max: 1, onnotice: () => {} }));
  try {
    const create = (service: MessageService, content: string) => service.createMessage({ username: "ann", content }, context);
    await create(writer, "word one");
    assertEquals(await contents(writer, { search: "word" }), ["word one"], "so that the words are indexed");
    const [row] = await atPrimary!`select pg_current_wal_lsn()::text as lsn`;
    await until(atStandby!, "the standby has caught up", `select pg_last_wal_replay_lsn() >= '${row?.["lsn"]}' as t`);
    await atStandby!`select pg_wal_replay_pause()`;
    await until(atStandby!, "the standby stands still", "select pg_get_wal_replay_pause_state() = 'paused' as t");

    await create(writer, "word two");
    assertEquals(await contents(reader), ["word one"], "from the replica, of which nobody knows that it is behind");
    assertEquals(await contents(reader, { search: "word" }), ["word one"], "searches too");
    assertEquals((await reader.getMessages({ afterSeq: 1 }, context)).headSeq, 1, "the cursor is at the replica's end");
    assertEquals((await reader.getMessages({ afterSeq: 2 }, context)).headSeq, 2, "the cursor is beyond the replica's end");
    assertEquals(await contents(reader, { beforeSeq: 3, order: "newest" }), ["word two", "word one"]);
    assertEquals((await reader.getMessage({ id: 2 }, context)).content, "word two", "single messages come from the primary");

    const stop = new AbortController();
    const stream = await reader.streamMessages({ afterSeq: 0 }, callContext({ signal: stop.signal }));
    for await (const batch of stream) if (batch.at(-1)?.seq === 2) break; // streams come from the primary
    stop.abort();

    await create(reader, "word three");
    assertEquals(await contents(reader), ["word one", "word two", "word three"], "its own writes");
    assertEquals(await contents(reader, { search: "word" }), ["word one", "word two", "word three"]);

    await create(neighbour, "word four");
    const heard = async () => {
      while (!(await contents(reader)).includes("word four")) await new Promise((resolve) => setTimeout(resolve, 10));
    };
    await within(5_000, "what the neighbour's wake-up told of", heard());

    await atStandby!.end();
    await standby.stopImmediate();
    await create(writer, "word five");
    assertEquals(await contents(reader), ["word one", "word two", "word three", "word four", "word five"], "without the replica");
  } finally {
    await Promise.all([writer.end(), neighbour.end(), reader.end(), atPrimary!.end(), atStandby!.end()]);
    await Promise.all([primary.close(), standby.close()]);
  }
});

Deno.test("ReadReplica names its setting when its URL is wrong, and not the URL", () => {
  const options = { url: "postgres://:hunter2@h/d", poolSize: 1, statementTimeoutMs: 1_000, log: testLog() };
  const error = assertThrows(() => new ReadReplica(options), ChatError);
  assertEquals(error.message, "The setting DATABASE_READ_URL names no user");
});
