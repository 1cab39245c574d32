import { AIServiceClient } from "../../src/clients/ai_client.ts";
import { StoppableProxy } from "../../tests/support/stoppable_proxy.ts";
import type { BenchModels } from "./ai_models.ts";
import type { BenchContext, ServerChild } from "./context.ts";
import { quantile } from "./figures.ts";

const ROUNDS = 100;
/** Longer than the first token takes. */
const DEADLINE_MS = 150;
const TARGET_MS = 50;

/** One call that leaves; gives the time at which it left, by `performance.now`; undefined: the machine was too busy for it to begin in time. */
type Leaving = (prompt: string) => Promise<number | undefined>;

/** From the end of a call to the end of its request at the model server, by each way in which clients end. */
export async function leaving(context: BenchContext, models: BenchModels, { grpcPort, httpPort }: ServerChild): Promise<void> {
  const address = `127.0.0.1:${grpcPort}`;
  await using client = new AIServiceClient({ address });
  const ways: Readonly<Record<string, Leaving>> = {
    "a cancelled call": (prompt) => cancelled(client, prompt),
    "a call past its deadline": (prompt) => late(client, prompt),
    "a lost connection": (prompt) => lost(address, prompt),
    "a REST client that has gone": (prompt) => overRest(`http://127.0.0.1:${httpPort}`, prompt),
  };
  for (const [name, leave] of Object.entries(ways)) {
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const { prompt, leftAtMs } = models.staying();
      const endedAtMs = await leave(prompt);
      if (endedAtMs !== undefined) times.push(await leftAtMs - endedAtMs);
    }
    if (times.length < ROUNDS / 2) {
      context.leaveOut({ row: "ai", why: `${ROUNDS - times.length} of ${ROUNDS} calls did not begin before ${name} was due` });
      continue;
    }
    times.sort((a, b) => a - b);
    for (const q of [0.5, 0.99]) {
      const figure = `${name} reaches the model server, p${q * 100}`;
      context.report({ row: "ai", name: figure, value: quantile(times, q), unit: "ms", target: { atMost: TARGET_MS } });
    }
  }
}

async function cancelled(client: AIServiceClient, prompt: string): Promise<number | undefined> {
  const leave = new AbortController();
  let atMs: number | undefined;
  await ended(client.streamResponse({ prompt }, { signal: leave.signal }), () => {
    atMs = performance.now();
    leave.abort();
  });
  return atMs;
}

async function late(client: AIServiceClient, prompt: string): Promise<number | undefined> {
  const atMs = performance.now() + DEADLINE_MS;
  let begun = false;
  await ended(client.streamResponse({ prompt }, { deadlineMs: DEADLINE_MS }), () => begun = true);
  return begun ? atMs : undefined;
}

async function lost(target: string, prompt: string): Promise<number | undefined> {
  await using proxy = new StoppableProxy(target);
  await using client = new AIServiceClient({ address: proxy.address });
  let atMs: number | undefined;
  await ended(client.streamResponse({ prompt }), () => {
    atMs = performance.now();
    proxy.cut();
  });
  return atMs;
}

async function overRest(url: string, prompt: string): Promise<number | undefined> {
  const leave = new AbortController();
  const headers = { "content-type": "application/json", accept: "text/event-stream" };
  const { body } = await fetch(`${url}/v1/ai/responses`, {
    method: "POST",
    headers,
    body: JSON.stringify({ prompt }),
    signal: leave.signal,
  });
  let atMs: number | undefined;
  await ended(body!, () => {
    atMs = performance.now();
    leave.abort();
  });
  return atMs;
}

/** Reads to the end, which is a failure; `first` is called when the first thing comes, if any does. */
async function ended(stream: AsyncIterable<unknown>, first: () => unknown): Promise<void> {
  let begun = false;
  try {
    for await (const _ of stream) {
      if (!begun) first();
      begun = true;
    }
  } catch {
    // What was left ends so.
  }
}
