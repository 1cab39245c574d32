/**
 * The server killed again and again while the messages of a room are written, edited, deleted and brought into the index, and then the accounts: a
 * search finds exactly what the room's log says is there, each message once, and every count of the index is what its chunks come to.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { MessageServiceClient, RAGServiceClient } from "../../src/clients/mod.ts";
import type { DatabaseConfig } from "../../src/config/config.ts";
import type { SearchResult } from "../../src/contracts/mod.ts";
import { ChatError } from "../../src/core/errors.ts";
import { openDatabase } from "../../src/database/open.ts";
import { testLog } from "./log.ts";
import { assertExact } from "./rag_index.ts";
import { type Random, seeded } from "./seeded.ts";
import { ServerProcess } from "./server_process.ts";

/** What to run. */
export interface RoomCrashOptions {
  readonly config: DatabaseConfig;
  readonly rounds: number;
  readonly seed: number;
  readonly report?: (line: string) => void;
}

/** What happened. */
export interface RoomCrashReport {
  /** Messages written, edited or deleted. */
  readonly acknowledged: number;
  /** Kills while the room was being followed. */
  readonly midway: number;
}

const ROOM = "crash";
const COLLECTION = `room:${ROOM}`;
const WRITERS = ["ann", "bob", "cy"] as const;
/** Messages that stand of one writer at most: fewer than a search gives. */
const MAX_STANDING = 60;
/** Changes of a round before its kill, at most; the kill comes up to so much later. */
const MAX_ACKNOWLEDGED = 80;
const MAX_DELAY_MS = 60;
/** A dead server's hold on a room has to run out first, which takes 10 s. */
const CATCH_UP_MS = 60_000;

interface Clients {
  readonly messages: MessageServiceClient;
  readonly rag: RAGServiceClient;
}

/** Runs the rounds and checks the accounts after each; throws at the first thing that does not hold. */
export async function roomCrashRounds({ config, rounds, seed, report }: RoomCrashOptions): Promise<RoomCrashReport> {
  const random = seeded(seed);
  let [acknowledged, midway] = [0, 0];
  for (let round = 1; round <= rounds; round++) {
    await withServer(config, async (clients, server) => {
      if (round === 1) await clients.messages.updateRoom({ room: ROOM, documents: true });
      else await checkFound(clients);
      acknowledged += await writeUntilKilled(clients, server, random);
    });
    const position = await look(config);
    if (position.isHeld) midway++;
    report?.(`round ${round}: ${acknowledged} changes acknowledged, killed at ${position.seq}${position.isHeld ? ", on the way" : ""}`);
  }
  await withServer(config, checkFound);
  await look(config);
  assert(midway > 0, "the room was followed at no kill, so the rounds prove nothing");
  return { acknowledged, midway };
}

async function withServer(config: DatabaseConfig, work: (clients: Clients, server: ServerProcess) => Promise<void>): Promise<void> {
  const env: Record<string, string> = config.kind === "pglite" ? { DATA_DIR: config.dataDir } : { DATABASE_URL: config.url };
  await using server = new ServerProcess({ env: { ...env, SERVICES: "message,rag" } });
  const address = (await server.ready()).grpcAddress;
  await using messages = new MessageServiceClient({ address, maxAttempts: 1 });
  await using rag = new RAGServiceClient({ address, maxAttempts: 1 });
  await work({ messages, rag }, server);
  server.kill("SIGKILL");
  await server.outcome();
}

/** The index between two servers: exact, whatever it has come to. */
async function look(config: DatabaseConfig): Promise<{ readonly seq: number; readonly isHeld: boolean }> {
  const database = await openDatabase(config, { log: testLog() });
  try {
    const row = await database.kysely.selectFrom("rag_rooms").select(["seq", "held_until_ms"]).where("room", "=", ROOM).executeTakeFirst();
    const known = await database.kysely.selectFrom("rag_collections").select("id").where("collection", "=", COLLECTION).executeTakeFirst();
    if (known !== undefined) await assertExact(database, COLLECTION);
    return { seq: Number(row?.seq ?? 0), isHeld: Number(row?.held_until_ms ?? 0) > 0 };
  } finally {
    await database.close();
  }
}

async function writeUntilKilled(clients: Clients, server: ServerProcess, random: Random): Promise<number> {
  let acknowledged = 0;
  const goal = 20 + random.below(MAX_ACKNOWLEDGED);
  const reached = Promise.withResolvers<void>();
  const gone = new Set<string>();
  const noted = () => {
    if (++acknowledged === goal) reached.resolve();
  };
  const workers = [...WRITERS.map((writer) => write(clients, writer, { random, gone, noted })), searchOn(clients, gone)];
  const ended = Promise.all(workers.map(untilKilled));
  await Promise.race([reached.promise, ended]);
  await new Promise((resolve) => setTimeout(resolve, random.below(MAX_DELAY_MS)));
  server.kill("SIGKILL");
  assertEquals((await server.outcome()).signal, "SIGKILL", "the server lived until it was killed");
  await ended;
  return acknowledged;
}

async function untilKilled(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof ChatError) || !["unavailable", "cancelled", "internal"].includes(error.code)) throw error;
  }
}

/** Writes, edits and deletes until the server is gone. */
async function write(
  { messages }: Clients,
  username: string,
  { random, gone, noted }: { readonly random: Random; readonly gone: Set<string>; readonly noted: () => void },
): Promise<void> {
  const standing = (await logOf(messages, username)).map(({ id }) => id);
  for (let count = 0;; count++) {
    // Plainly English: what is written in a language that is rare in the room is looked for as that.
    const content = `Everywhere in the house ${username} tells the people that this is number ${random.below(1_000_000)}`;
    const id = standing.length === 0 ? undefined : random.pick(standing);
    if (id === undefined || (standing.length < MAX_STANDING && random.chance(0.5))) {
      standing.push((await messages.createMessage({ room: ROOM, username, content })).id);
    } else if (random.chance(0.5)) {
      await messages.updateMessage({ room: ROOM, id, content });
    } else {
      standing.splice(standing.indexOf(id), 1);
      await messages.deleteMessage({ room: ROOM, id });
      gone.add(`${id}`);
    }
    noted();
  }
}

/** Searches until the server is gone, which has it follow the room all the time; what was deleted before is never found. */
async function searchOn({ rag }: Clients, gone: ReadonlySet<string>): Promise<void> {
  for (let at = 0;; at++) {
    const before = new Set(gone);
    const found = await search(rag, WRITERS[at % WRITERS.length]!);
    assertEquals(found.filter(({ documentId }) => before.has(documentId)), [], "deleted before the search began");
  }
}

async function search(rag: RAGServiceClient, username: string): Promise<readonly SearchResult[]> {
  const asked = { query: "everywhere", collection: COLLECTION, filter: `username = "${username}"`, exact: true };
  return (await rag.searchDocuments({ ...asked, topK: 100, chunksPerDocument: 100 })).results;
}

/** What the room's log has of a writer. */
async function logOf(messages: MessageServiceClient, username: string) {
  return (await messages.getMessages({ room: ROOM, username, limit: 500 })).messages;
}

/** At once nothing is found that the log does not have, and soon all that it has, each once. */
async function checkFound({ messages, rag }: Clients): Promise<void> {
  for (const username of WRITERS) {
    const log = new Map((await logOf(messages, username)).map(({ id, content }) => [`${id}`, content]));
    const giveUpAt = Date.now() + CATCH_UP_MS;
    for (let seen = -1; seen < log.size;) {
      assert(Date.now() < giveUpAt, `${seen} of the ${log.size} messages of ${username} are found after ${CATCH_UP_MS} ms`);
      const found = await search(rag, username);
      for (const { documentId, content } of found) assertEquals(content, log.get(documentId), `message ${documentId} of ${username}`);
      seen = new Set(found.map(({ documentId }) => documentId)).size;
      assertEquals(found.length, seen, "found each once");
      if (seen < log.size) await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}
