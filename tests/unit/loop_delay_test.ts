import { assert, assertEquals } from "@std/assert";
import { LoopDelay } from "../../src/grpc/loop_delay.ts";

Deno.test("LoopDelay lets in a smaller share while turns are late, never nothing, and all again afterwards", () => {
  const delay = new LoopDelay({ maxMs: 40, random: () => 0.5 });
  delay.note(500);
  delay.note(500);
  delay.note(0);
  assertEquals([delay.share, delay.sheds()], [1, false], "a single late turn may be anything");
  for (let turn = 0; turn < 7; turn++) delay.note(100);
  assertEquals(delay.share, 1, "a burst is the queue's");
  delay.note(0);
  for (let turn = 0; turn < 20; turn++) delay.note(100);
  assert(delay.share < 0.5 && delay.sheds());
  for (let turn = 0; turn < 100; turn++) delay.note(100);
  assertEquals(delay.share, 0.05);
  for (let turn = 0; turn < 50; turn++) delay.note(5);
  assertEquals([delay.share, delay.sheds()], [1, false]);
  delay.stop();
});
