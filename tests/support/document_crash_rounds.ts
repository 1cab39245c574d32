/**
 * The server killed again and again while documents are replaced one by one and loaded in bulk, and then the accounts: each document is one that
 * was sent, whole, and no older than the last that was acknowledged; every count of the index is what its chunks come to.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { RAGServiceClient } from "../../src/clients/mod.ts";
import type { DatabaseConfig } from "../../src/config/config.ts";
import type { IndexDocumentRequest } from "../../src/contracts/mod.ts";
import { ChatError } from "../../src/core/errors.ts";
import { openDatabase } from "../../src/database/open.ts";
import { testLog } from "./log.ts";
import { assertExact } from "./rag_index.ts";
import { type Random, seeded } from "./seeded.ts";
import { ServerProcess } from "./server_process.ts";

/** What to run. */
export interface DocumentCrashOptions {
  readonly config: DatabaseConfig;
  readonly rounds: number;
  readonly seed: number;
  readonly report?: (line: string) => void;
}

/** What happened. */
export interface DocumentCrashReport {
  readonly acknowledged: number;
  /** Replacements that were under way at a kill. */
  readonly cutOff: number;
}

const COLLECTION = "crash";
/** Replaced one by one, each by a writer of its own. */
const REPLACED = ["a", "b", "c", "d"];
/** Loaded in bulk, over and over. */
const LOADED = Array.from({ length: 40 }, (_, index) => `bulk-${index}`);
/** Acknowledgements of a round before its kill, at most; the kill comes up to so much later. */
const MAX_ACKNOWLEDGED = 25;
const MAX_DELAY_MS = 60;

/** What has been sent of each document: versions count up from 1. */
class Account {
  sent = 0;
  acknowledged = 0;
}

/** Runs the rounds and checks the accounts after each; throws at the first thing that does not hold. */
export async function documentCrashRounds({ config, rounds, seed, report }: DocumentCrashOptions): Promise<DocumentCrashReport> {
  const random = seeded(seed);
  const accounts = new Map([...REPLACED, ...LOADED].map((id) => [id, new Account()]));
  const env: Record<string, string> = config.kind === "pglite" ? { DATA_DIR: config.dataDir } : { DATABASE_URL: config.url };
  let [acknowledged, cutOff] = [0, 0];
  for (let round = 1; round <= rounds; round++) {
    await using server = new ServerProcess({ env: { ...env, SERVICES: "rag" } });
    await using client = new RAGServiceClient({ address: (await server.ready()).grpcAddress, maxAttempts: 1 });
    if (round > 1) await checkDocuments(client, accounts);
    acknowledged += await writeUntilKilled(client, server, { accounts, random });
    const open = [...accounts.values()].filter((account) => account.sent > account.acknowledged).length;
    cutOff += open;
    report?.(`round ${round}: ${acknowledged} acknowledged, ${open} cut off by this kill`);
  }
  const database = await openDatabase(config, { log: testLog() });
  try {
    await assertExact(database, COLLECTION);
    const torn = await database.kysely.selectFrom("rag_chunks")
      .innerJoin("rag_documents", (join) =>
        join.onRef("rag_documents.collection_id", "=", "rag_chunks.collection_id")
          .onRef("rag_documents.document_id", "=", "rag_chunks.document_id"))
      .select(["rag_chunks.content as chunk", "rag_documents.content as text", "start_at", "end_at"]).execute();
    for (const { chunk, text, start_at, end_at } of torn) assertEquals(text.slice(start_at, end_at), chunk);
  } finally {
    await database.close();
  }
  assert(cutOff > 0, "no replacement was under way at any kill, so the rounds prove nothing");
  return { acknowledged, cutOff };
}

async function writeUntilKilled(
  client: RAGServiceClient,
  server: ServerProcess,
  { accounts, random }: { readonly accounts: ReadonlyMap<string, Account>; readonly random: Random },
): Promise<number> {
  let acknowledged = 0;
  const goal = 5 + random.below(MAX_ACKNOWLEDGED);
  const reached = Promise.withResolvers<void>();
  const noted = (id: string, version: number) => {
    accounts.get(id)!.acknowledged = version;
    if (++acknowledged === goal) reached.resolve();
  };
  const writers = [...REPLACED.map((id) => replace(client, id, accounts, noted)), load(client, accounts, noted)];
  const ended = Promise.all(writers);
  await Promise.race([reached.promise, ended]);
  await new Promise((resolve) => setTimeout(resolve, random.below(MAX_DELAY_MS)));
  server.kill("SIGKILL");
  assertEquals((await server.outcome()).signal, "SIGKILL", "the server lived until it was killed");
  await ended;
  return acknowledged;
}

/** Replaces one document until the server is gone. */
async function replace(
  client: RAGServiceClient,
  id: string,
  accounts: ReadonlyMap<string, Account>,
  noted: (id: string, version: number) => void,
): Promise<void> {
  const account = accounts.get(id)!;
  try {
    for (;;) {
      const version = ++account.sent;
      await client.indexDocument(documentOf(id, version));
      noted(id, version);
    }
  } catch (error) {
    if (!(error instanceof ChatError) || error.code !== "unavailable") throw error;
  }
}

/** Loads all of the bulk's documents again and again until the server is gone. */
async function load(
  client: RAGServiceClient,
  accounts: ReadonlyMap<string, Account>,
  noted: (id: string, version: number) => void,
): Promise<void> {
  try {
    for (;;) {
      const sent = LOADED.map((id) => ({ id, version: ++accounts.get(id)!.sent }));
      let at = 0;
      for await (const { result, error } of client.indexDocuments(sent.map(({ id, version }) => documentOf(id, version)))) {
        const { id, version } = sent[at++]!;
        assertEquals([result.documentId, error], [id, ""]);
        noted(id, version);
      }
    }
  } catch (error) {
    if (!(error instanceof ChatError) || !["unavailable", "cancelled", "internal"].includes(error.code)) throw error;
  }
}

async function checkDocuments(client: RAGServiceClient, accounts: ReadonlyMap<string, Account>): Promise<void> {
  for (const [id, account] of accounts) {
    if (account.sent === 0) continue;
    const found = await client.getDocument({ documentId: id, collection: COLLECTION }).catch((error) => {
      if (error instanceof ChatError && error.code === "not_found") return undefined;
      throw error;
    });
    const version = Number(found?.metadata["version"] ?? 0);
    assert(
      version >= account.acknowledged && version <= account.sent,
      `${id} stands at ${version}, not ${account.acknowledged} to ${account.sent}`,
    );
    if (found !== undefined) assertEquals(found.content, documentOf(id, version).content);
    const { results } = await client.searchDocuments({
      ...{ query: `marker${id.replaceAll("-", "")}`, collection: COLLECTION, topK: 100, chunksPerDocument: 100, exact: true },
    });
    const chunks = results.filter((result) => result.documentId === id);
    assertEquals(chunks.length, found?.chunkCount ?? 0, `chunks of ${id}`);
    for (const { content, start, end } of chunks) assertEquals(found?.content.slice(start, end), content);
    account.sent = account.acknowledged = version;
  }
}

/** A document of some chunks, other in number and words from version to version; each chunk tells which document it is of. */
function documentOf(id: string, version: number): IndexDocumentRequest {
  const sections = Array.from({ length: 1 + version % 4 }, (_, section) => {
    const sentence = `Section ${section} of version${version} says marker${id.replaceAll("-", "")} and word${
      (version * 7 + section) % 50
    }.`;
    return `# Heading ${section}\n\n${`${sentence} `.repeat(12)}`;
  });
  return { documentId: id, collection: COLLECTION, content: sections.join("\n\n"), language: "en", metadata: { version: `${version}` } };
}
