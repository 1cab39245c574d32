import { AIServiceClient } from "../../src/clients/ai_client.ts";
import { leaving } from "./ai_leaving.ts";
import { BenchModels, ONE, TOKEN_EVERY_MS, TOKENS } from "./ai_models.ts";
import { type BenchContext, type Row, startServer } from "./context.ts";
import { quantile } from "./figures.ts";

const WARM_UP = 30;
const ANSWERS = 300;
const STREAMS = 200;
/** Between two answers of which the first token is waited for while the many run. */
const PROBE_EVERY_MS = 20;
/** Until the many have begun. */
const RISE_MS = 500;
const FIRST_TARGET_MS = 15;
const AT_ONCE = 64;
const TEXT = "The kettle is lovely, but the lid does not fit and nobody answered my letters!";

/** What the AI service adds to a model server's answers, and how many moods it tells. The model server runs in this process, so that one clock tells. */
export const aiRow: Row = {
  name: "ai",
  async measure(context) {
    const place = await context.place("ai", "Postgres");
    if (place === undefined) return;
    await using models = new BenchModels();
    const server = await startServer(place, [], { AI_BASE_URL: models.baseUrl, AI_MODEL: "tiny" });
    await using _child = server.child;
    await using client = new AIServiceClient({ address: `127.0.0.1:${server.grpcPort}` });
    await firstTokens(context, client, models.baseUrl);
    await manyStreams(context, client);
    await leaving(context, models, server);
    await sentiments(context, client);
  },
};

/** From the call to the first token, through the service and straight from the model server, in turn. */
async function firstTokens(context: BenchContext, client: AIServiceClient, baseUrl: string): Promise<void> {
  const [through, straight]: [number[], number[]] = [[], []];
  for (let index = -WARM_UP; index < ANSWERS; index++) {
    const own = await timeToFirst(client.streamResponse({ prompt: ONE }), (part) => part.kind === "text");
    const body = JSON.stringify({ model: "tiny", stream: true, messages: [{ role: "user", content: ONE }] });
    const direct = await timeToFirst(answerOf(`${baseUrl}/chat/completions`, body), () => true);
    if (index >= 0) {
      through.push(own);
      straight.push(direct);
    }
  }
  for (const q of [0.5, 0.99]) {
    const [own, direct] = [through, straight].map((times) => quantile(times.toSorted((a, b) => a - b), q)) as [number, number];
    const name = `first token, p${q * 100}: added to the model server's own ${direct.toFixed(2)} ms`;
    context.report({ row: "ai", name, value: own - direct, unit: "ms" });
  }
}

async function* answerOf(url: string, body: string): AsyncGenerator<Uint8Array> {
  const { body: answer } = await fetch(url, { method: "POST", body });
  if (answer !== null) yield* answer;
}

async function timeToFirst<T>(stream: AsyncIterable<T>, isFirst: (part: T) => boolean): Promise<number> {
  const startedAtMs = performance.now();
  let firstMs: number | undefined;
  for await (const part of stream) if (isFirst(part)) firstMs ??= performance.now() - startedAtMs;
  if (firstMs === undefined) throw new Error("An answer had no token");
  return firstMs;
}

/** From a token's sending to its receipt, with many answers at once. */
async function manyStreams(context: BenchContext, client: AIServiceClient): Promise<void> {
  const times: number[] = [];
  const many = Promise.all(Array.from({ length: STREAMS }, async () => {
    for await (const { kind, content } of client.streamResponse({ prompt: "many" })) {
      if (kind !== "text") continue;
      for (const sent of content.trim().split(" ")) times.push(performance.now() - Number(sent));
    }
  }));
  const [firsts] = await Promise.all([firstsMeanwhile(client), many]);
  if (times.length !== STREAMS * TOKENS) throw new Error(`${times.length} tokens came of ${STREAMS * TOKENS}`);
  times.sort((a, b) => a - b);
  const rate = 1000 / TOKEN_EVERY_MS;
  for (const q of [0.5, 0.99]) {
    context.report({
      row: "ai",
      name: `${STREAMS} answers at once, ${rate} tokens/s each: a token's way, p${q * 100}`,
      value: quantile(times, q),
      unit: "ms",
    });
    context.report({
      row: "ai",
      name: `the first token of another answer meanwhile, p${q * 100}`,
      value: quantile(firsts, q),
      unit: "ms",
      ...(q === 0.5 ? { target: { atMost: FIRST_TARGET_MS } } : {}),
    });
  }
}

/** From the call to the first token, sorted, of one answer after the other while many others run. */
async function firstsMeanwhile(client: AIServiceClient): Promise<readonly number[]> {
  const endAtMs = performance.now() + TOKENS * TOKEN_EVERY_MS;
  const firsts: number[] = [];
  await new Promise((resolve) => setTimeout(resolve, RISE_MS));
  while (performance.now() < endAtMs) {
    firsts.push(await timeToFirst(client.streamResponse({ prompt: ONE }), ({ kind }) => kind === "text"));
    await new Promise((resolve) => setTimeout(resolve, PROBE_EVERY_MS));
  }
  return firsts.sort((a, b) => a - b);
}

async function sentiments(context: BenchContext, client: AIServiceClient): Promise<void> {
  let done = 0;
  const startedAtMs = performance.now();
  const endAtMs = startedAtMs + context.seconds * 1000;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (performance.now() < endAtMs) {
      await client.analyzeSentiment({ text: TEXT });
      done++;
    }
  }));
  const value = done * 1000 / (performance.now() - startedAtMs);
  context.report({ row: "ai", name: `AnalyzeSentiment, ${AT_ONCE} calls in flight`, value, unit: "calls/s" });
}
