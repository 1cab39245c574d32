import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { EventEmitter } from "node:events";
import { ChatError } from "../../src/core/errors.ts";
import { type AnswerHold, AnswerRoom } from "../../src/grpc/answer_room.ts";

const patient = { signal: new AbortController().signal };

/** A stream whose client takes what it is sent when the test says so. */
class FakeStream extends EventEmitter {
  writableLength = 0;
  closed = false;
  readonly session: object;

  constructor(session: object) {
    super();
    this.session = session;
  }

  destroy(): void {
    this.closed = true;
    this.emit("close");
  }
}

function makeRoom(options: { maxWaiting?: number; lingerMs?: number } = {}): AnswerRoom {
  return new AnswerRoom({ largestBytes: 10, totalBytes: 40, connectionBytes: 20, maxWaiting: 8, lingerMs: 60_000, ...options });
}

/** What has come of waits by now. */
async function admitted(waits: readonly (AnswerHold | Promise<AnswerHold>)[]): Promise<readonly boolean[]> {
  const states = waits.map((wait) => ({ in: !(wait instanceof Promise), wait }));
  for (const state of states) if (state.wait instanceof Promise) state.wait.then(() => state.in = true, () => {});
  await new Promise((resolve) => setTimeout(resolve, 0));
  return states.map((state) => state.in);
}

Deno.test("AnswerRoom lets calls in while there is room in the process and on their connection, the others in their order", async () => {
  const room = makeRoom();
  const [a, b, c] = [{}, {}, {}];
  const waits = [a, a, a, b, b, c].map((session) => room.enter(new FakeStream(session), patient));
  assertEquals(await admitted(waits), [true, true, false, true, true, false]);
  assertEquals([room.bytes, room.waiting], [40, 2]);
  (await waits[3]!).release();
  assertEquals(await admitted(waits), [true, true, false, true, true, true], "a's third waits for its own connection, c for nobody");
  (waits[0] as AnswerHold).release();
  assertEquals((await admitted(waits))[2], true);
  assertEquals([room.bytes, room.waiting], [40, 0]);
});

Deno.test("AnswerRoom keeps what a client has not taken until its stream closes, and no more", async () => {
  const room = makeRoom();
  const stream = new FakeStream({});
  const hold = room.enter(stream, patient) as AnswerHold;
  stream.writableLength = 4;
  hold.sent();
  assertEquals(room.bytes, 4);
  stream.destroy();
  assertEquals(room.bytes, 0);
  (room.enter(new FakeStream({}), patient) as AnswerHold).sent();
  assertEquals(room.bytes, 0, "what went out at once costs nothing");
  const slow = new FakeStream({});
  const impatient = makeRoom({ lingerMs: 1 });
  const late = impatient.enter(slow, patient) as AnswerHold;
  slow.writableLength = 7;
  late.sent();
  await new Promise((resolve) => slow.once("close", resolve));
  assertEquals(impatient.bytes, 0, "an answer that is not taken for too long is given up");
});

Deno.test("AnswerRoom refuses when too many wait, and lets go of who gives up", async () => {
  const room = makeRoom({ maxWaiting: 1 });
  const session = {};
  const [first] = [room.enter(new FakeStream(session), patient), room.enter(new FakeStream(session), patient)] as AnswerHold[];
  const giveUp = new AbortController();
  const waiting = room.enter(new FakeStream(session), { signal: giveUp.signal }) as Promise<AnswerHold>;
  const refused = assertThrows(() => room.enter(new FakeStream(session), patient), ChatError);
  assertEquals([refused.code, refused.retryAfterMs], ["resource_exhausted", 250]);
  giveUp.abort(new ChatError("deadline_exceeded", "Too late"));
  assertEquals((await assertRejects(() => waiting, ChatError)).code, "deadline_exceeded");
  assertEquals(room.waiting, 0);
  first!.release();
  assertEquals(room.bytes, 10, "nothing is held for who gave up");
});
