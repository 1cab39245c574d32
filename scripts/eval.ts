/**
 * `deno task eval DIR`: how good search is on a public collection, through `SearchDocuments` over gRPC on a server of its own (PGlite, or the
 * Postgres of `DATABASE_URL`, in a collection of its own). DIR holds a collection in Cranfield's SMART format. Where DIR holds tweets that people
 * have rated, it is how well moods agree with people, through `AnalyzeSentiment`.
 *
 * @module
 */
import { extractAnswer } from "../src/ai/extractive/answer.ts";
import { moodOf } from "../src/ai/sentiment/mood.ts";
import { createAiService } from "../src/ai/service.ts";
import { AIServiceClient } from "../src/clients/ai_client.ts";
import { RAGServiceClient } from "../src/clients/rag_client.ts";
import { readConfig } from "../src/config/read.ts";
import { openDatabase } from "../src/database/open.ts";
import { startGrpcServer } from "../src/grpc/server.ts";
import { createLog } from "../src/observability/log.ts";
import { createRagService } from "../src/rag/service.ts";
import { type Judged, readCranfield } from "./eval/cranfield.ts";
import { mean, type Quality, quality } from "./eval/measures.ts";
import { agreement } from "./eval/sentiment.ts";
import { isTweets, type RatedText, readTweets } from "./eval/tweets.ts";
import { damage } from "./eval/typos.ts";

/** Results that measures look at, and those that times are taken for. */
const DEPTH = 100;
const SHOWN = 10;
const TYPO_SEED = 1;

if (import.meta.main) await main(Deno.args);

async function main([dir]: readonly string[]): Promise<void> {
  if (dir === undefined) {
    console.error("usage: deno task eval DIR");
    Deno.exit(1);
  }
  const tweets = await isTweets(dir) ? await readTweets(dir) : undefined;
  const judged = tweets === undefined ? await readCranfield(dir) : undefined;
  const dataDir = await Deno.makeTempDir({ prefix: "chat-eval-" });
  const log = createLog("warn", (line) => console.error(line));
  const { database: settings, grpc, ai } = readConfig({
    DATABASE_URL: Deno.env.get("DATABASE_URL"),
    DATA_DIR: dataDir,
    GRPC_SERVER_PORT: "0",
  });
  const database = await openDatabase(settings, { log });
  const rag = createRagService({ database, log });
  const { patience, limits } = ai;
  // Moods need neither passages nor models.
  const moods = createAiService({ database, log, patience, limits, providers: [], sources: {}, extract: extractAnswer, moodOf });
  const server = await startGrpcServer({ config: { ...grpc, enabled: true }, services: { rag, ai: moods }, log });
  const address = `127.0.0.1:${server.port}`;
  try {
    if (tweets !== undefined) await measureMoods(address, tweets);
    if (judged !== undefined) await measure(address, judged, database.kind);
  } finally {
    await server.stop({ deadlineMs: 500 });
    await moods.close();
    await rag.close();
    await database.close();
    await Deno.remove(dataDir, { recursive: true });
  }
}

async function measureMoods(address: string, tweets: readonly RatedText[]): Promise<void> {
  await using client = new AIServiceClient({ address });
  const begunMs = performance.now();
  const { texts, correlation, signs, classes } = await agreement(tweets, (text) => client.analyzeSentiment({ text }));
  const rate = texts / (performance.now() - begunMs) * 1000;
  console.log(
    "| texts | correlation with people | positive or negative right | of three classes right | texts/s |\n| --- | --- | --- | --- | --- |",
  );
  console.log(`| ${texts} | ${[correlation, signs, classes].map((value) => value.toFixed(3)).join(" | ")} | ${rate.toFixed(0)} |`);
}

async function measure(address: string, judged: Judged, kind: string): Promise<void> {
  await using client = new RAGServiceClient({ address });
  const collection = `eval-${crypto.randomUUID()}`;
  const bytes = judged.documents.reduce((sum, { title, content }) => sum + title.length + content.length, 0);
  const begunMs = performance.now();
  let failed = 0;
  for await (const step of client.indexDocuments(judged.documents.map((document) => ({ ...document, collection })))) failed = step.failed;
  const seconds = (performance.now() - begunMs) / 1000;
  const rate = `${(judged.documents.length / seconds).toFixed(0)} documents/s, ${(bytes / 1e6 / seconds).toFixed(2)} MB/s`;
  console.log(`${judged.name} on ${kind}, protocol ${judged.protocol}`);
  console.log(`${judged.documents.length} documents (${failed} failed), ${judged.questions.length} questions; indexed with ${rate}\n`);
  console.log("| questions | nDCG@10 | MAP | recall@1 | p50 ms | p99 ms |\n| --- | --- | --- | --- | --- | --- |");
  const rows = [
    ["as they are", (text: string) => text, {}],
    ["as they are, exact", (text: string) => text, { exact: true }],
    ["typos in every second long word", (text: string) => damage(text, TYPO_SEED), {}],
    ["the same, exact", (text: string) => damage(text, TYPO_SEED), { exact: true }],
  ] as const;
  for (const [name, change, options] of rows) {
    const { all, times } = await ask(client, judged, { collection, change, ...options });
    const { ndcg10, averagePrecision, recall1 } = mean(all);
    const at = (share: number) => (times[Math.floor(times.length * share)] ?? NaN).toFixed(1);
    console.log(
      `| ${name} | ${[ndcg10, averagePrecision, recall1].map((value) => value.toFixed(3)).join(" | ")} | ${at(0.5)} | ${at(0.99)} |`,
    );
  }
}

interface Asking {
  readonly collection: string;
  readonly change: (text: string) => string;
  readonly exact?: boolean;
}

async function ask(client: RAGServiceClient, { questions }: Judged, { collection, change, exact = false }: Asking) {
  const all: Quality[] = [];
  const times: number[] = [];
  for (const { text, gains } of questions) {
    const query = change(text);
    const { results } = await client.searchDocuments({ query, topK: DEPTH, collection, exact });
    const begunMs = performance.now();
    await client.searchDocuments({ query, topK: SHOWN, collection, exact });
    times.push(performance.now() - begunMs);
    if (gains.size > 0) all.push(quality(results.map((result) => result.documentId), gains));
  }
  return { all, times: times.toSorted((left, right) => left - right) };
}
