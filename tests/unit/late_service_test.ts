import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ChatError } from "../../src/core/errors.ts";
import { lateService } from "../../src/roles/late_service.ts";
import { callContext } from "../support/call_context.ts";
import { MemoryMessageService } from "../support/memory_message_service.ts";

Deno.test("lateService refuses calls until its service stands, then passes them on, so that services can know each other in a circle", async () => {
  const started: MemoryMessageService[] = [];
  const late = lateService("message", () => started[0]);
  const early = assertThrows(() => late.getMessages({}, callContext()), ChatError);
  assertEquals([early.code, early.message, early.retryAfterMs], ["unavailable", "The message service is still starting", 200]);
  started.push(new MemoryMessageService());
  const { getMessages } = late;
  await late.createMessage({ username: "ann", content: "1" }, callContext());
  assertEquals((await late.getMessages({}, callContext())).totalCount, 1);
  assertEquals((await getMessages({}, callContext())).totalCount, 1, "also when the method is taken off");
  await assertRejects(async () => await late.getMessage({ id: 9 }, callContext()), ChatError);
});

Deno.test("lateService can be handed out by a promise, though its service does not stand", async () => {
  const late = lateService("message", () => undefined);
  assert(await Promise.resolve(late) === late);
});
