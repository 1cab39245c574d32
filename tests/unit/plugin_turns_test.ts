import { assertEquals, assertRejects } from "@std/assert";
import { ChatError } from "../../src/core/errors.ts";
import { Turns } from "../../src/plugin/turns.ts";

const crowded = () => new ChatError("resource_exhausted", "Too many wait");

Deno.test("Turns lets so many in, and the others in the order in which they came", async () => {
  const turns = new Turns(2, { mostWaiting: 10, crowded });
  const { signal } = new AbortController();
  const [first, second] = [await turns.enter(signal), await turns.enter(signal)];
  const came: string[] = [];
  const waiting = ["third", "fourth"].map((name) => turns.enter(signal).then((leave) => (came.push(name), leave)));
  second();
  await waiting[0];
  assertEquals(came, ["third"]);
  first();
  (await waiting[0])!();
  (await waiting[1])!();
  assertEquals(came, ["third", "fourth"]);
  const again = await Promise.all([turns.enter(signal), turns.enter(signal)]);
  for (const leave of again) leave();
});

Deno.test("Turns forgets who gives up while waiting, and refuses who finds too many waiting", async () => {
  const turns = new Turns(1, { mostWaiting: 1, crowded });
  const { signal } = new AbortController();
  const leave = await turns.enter(signal);
  const caller = new AbortController();
  const waiting = assertRejects(() => turns.enter(caller.signal), ChatError);
  assertEquals((await assertRejects(() => turns.enter(signal), ChatError)).message, "Too many wait");
  caller.abort(new ChatError("cancelled", "The caller left"));
  assertEquals((await waiting).message, "The caller left");
  assertEquals((await assertRejects(() => turns.enter(caller.signal), ChatError)).code, "cancelled");
  const next = turns.enter(signal);
  leave();
  (await next)();
  (await turns.enter(signal))();
});
