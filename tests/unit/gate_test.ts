import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ChatError } from "../../src/core/errors.ts";
import { Gate } from "../../src/grpc/gate.ts";

const caller = () => new AbortController();
const gate = (maxRunning: number, maxWaiting: number) => new Gate({ maxRunning, maxWaiting, advice: "raise GRPC_MAX_WORKERS" });

Deno.test("Gate lets calls in at once while there is room, without asking for their signal", () => {
  const one = gate(2, 0);
  const unread = {
    get signal(): AbortSignal {
      throw new Error("asked for the signal");
    },
  };
  assertEquals([one.enter(unread), one.enter(unread), one.running], [undefined, undefined, 2]);
});

Deno.test("Gate lets waiting calls in by the order of their arrival, one for each that leaves", async () => {
  const one = gate(1, 3);
  one.enter(caller());
  const order: number[] = [];
  const waiting = [1, 2, 3].map(async (number) => {
    await one.enter(caller());
    order.push(number);
    one.leave();
  });
  assertEquals([one.running, one.waiting], [1, 3]);
  one.leave();
  await Promise.all(waiting);
  assertEquals(order, [1, 2, 3]);
  assertEquals([one.running, one.waiting], [0, 0]);
});

Deno.test("Gate refuses at once when too many wait, saying how many, what to do, and when to try again", () => {
  const one = gate(1, 1);
  one.enter(caller());
  void one.enter(caller());
  const error = assertThrows(() => one.enter(caller()), ChatError);
  assertEquals(error.code, "resource_exhausted");
  assertEquals(error.message, "The server is full: 1 calls run and 1 wait; raise GRPC_MAX_WORKERS");
  assertEquals(error.retryAfterMs, 250);
  assertEquals([one.running, one.waiting], [1, 1]);
});

Deno.test("Gate takes a call out of the middle of the queue when its signal aborts, and lets it in no more", async () => {
  const one = gate(1, 3);
  one.enter(caller());
  const leaving = caller();
  const waiting = [one.enter(caller()), one.enter(leaving), one.enter(caller())];
  leaving.abort(new ChatError("deadline_exceeded", "Too late"));
  const error = await assertRejects(() => waiting[1]!, ChatError);
  assertEquals([error.code, one.waiting], ["deadline_exceeded", 2]);
  one.leave();
  await waiting[0];
  one.leave();
  await waiting[2];
  one.leave();
  assertEquals([one.running, one.waiting], [0, 0]);
});

Deno.test("Gate takes a burst into its queue, and of a load that lasts only what will be in soon", () => {
  let nowMs = 0;
  const one = new Gate({ maxRunning: 1, maxWaiting: 100, advice: "", nowMs: () => nowMs });
  const { signal } = caller();
  one.enter({ signal });
  for (let count = 0; count < 60; count++) void one.enter({ signal });
  assertEquals([one.waiting, one.isFull], [60, false]);
  // One call comes in every 10 ms, so 60 that wait are 600 ms of waiting.
  for (; nowMs < 500; nowMs += 10) {
    one.leave();
    if (one.waiting < 60) void one.enter({ signal });
  }
  assertEquals([one.waiting, one.isFull], [60, true]);
  for (; one.waiting > 7; nowMs += 10) one.leave();
  assertEquals(one.isFull, false, "7 that wait will be in within 75 ms");
  void one.enter({ signal });
  assertEquals(one.isFull, true);
  for (; one.running > 0; nowMs += 10) one.leave();
  one.enter({ signal });
  void one.enter({ signal });
  assertEquals(one.isFull, false, "the next burst is one again");
});

Deno.test("Gate takes no more into a queue that has stood while nobody came in", () => {
  let nowMs = 0;
  const one = new Gate({ maxRunning: 1, maxWaiting: 100, advice: "", nowMs: () => nowMs });
  one.enter(caller());
  void one.enter(caller());
  nowMs = 499;
  assertEquals(one.isFull, false);
  nowMs = 501;
  assertEquals(one.isFull, true);
});

Deno.test("Gate does not let a call wait whose signal has aborted already", async () => {
  const one = gate(1, 1);
  one.enter(caller());
  const gone = caller();
  gone.abort();
  await assertRejects(() => one.enter(gone)!, ChatError);
  assertEquals(one.waiting, 0);
});
