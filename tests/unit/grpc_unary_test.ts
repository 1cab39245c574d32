import { assertEquals } from "@std/assert";
import { EventEmitter } from "node:events";
import { ChatError } from "../../src/core/errors.ts";
import { AnswerRoom } from "../../src/grpc/answer_room.ts";
import { anybody } from "../../src/grpc/callers.ts";
import { Gate } from "../../src/grpc/gate.ts";
import { OpenCalls } from "../../src/grpc/open_calls.ts";
import { unary } from "../../src/grpc/unary.ts";
import { Metadata, type ServerUnaryCall } from "../../src/wire/grpc_js.ts";
import { testLog } from "../support/log.ts";

type Ending = "resolve" | "reject" | "cancelled" | "stop";

/** Runs one call that ends in each of these ways, one after the other; gives the codes of the answers sent, 0 for success. */
async function answersOf(endings: readonly Ending[]): Promise<readonly number[]> {
  const answers: number[] = [];
  const calls = new OpenCalls();
  const work = Promise.withResolvers<string>();
  const parts = { metadata: new Metadata(), request: "question", getDeadline: () => Infinity, getPeer: () => "127.0.0.1:1" };
  const edge = Object.assign(new EventEmitter(), parts) as unknown as ServerUnaryCall<string, string>;
  const gate = new Gate({ maxRunning: 1, maxWaiting: 0, advice: "" });
  const answerRoom = new AnswerRoom({ largestBytes: 1, totalBytes: 1, connectionBytes: 1, maxWaiting: 0, lingerMs: 1_000 });
  unary<string, string>("Ask", () => work.promise, { gate, answerRoom, calls, callers: anybody, log: testLog() })(edge, (error) => {
    answers.push(Number((error as { code?: number } | null)?.code ?? 0));
  });
  for (const ending of endings) {
    if (ending === "resolve") work.resolve("answer");
    else if (ending === "reject") work.reject(new Error("broken"));
    else if (ending === "cancelled") edge.emit("cancelled");
    else calls.endAll(new ChatError("unavailable", "Stopped"));
    await new Promise((resolve) => setImmediate(resolve));
  }
  calls.endAll(new ChatError("unavailable", "Over"));
  return answers;
}

Deno.test("unary answers exactly once, with what came first, whatever comes after", async () => {
  assertEquals(await answersOf(["resolve", "cancelled", "stop"]), [0]);
  assertEquals(await answersOf(["reject", "cancelled", "stop"]), [13]);
  assertEquals(await answersOf(["cancelled", "resolve", "stop"]), [1]);
  assertEquals(await answersOf(["cancelled", "reject", "cancelled"]), [1]);
  assertEquals(await answersOf(["stop", "reject", "cancelled"]), [14]);
});
