import { assertEquals, startPlugin } from "@chat/system/plugin/testing";

Deno.test("faq answers what it has learnt, counts each time, and lets everything else through", async () => {
  await using plugin = await startPlugin(import.meta.dirname!);
  await plugin.call("learn", { question: "Where is the key?", answer: "Under the mat" });
  const answers = await Promise.all([1, 2, 3].map((n) => plugin.say("where is the KEY", { username: `user ${n}` })));
  assertEquals(answers.map(({ username, content }) => [username, content]), Array.from({ length: 3 }, () => ["faq", "Under the mat"]));
  assertEquals(await plugin.call("asked", { question: "Where is the key" }), { times: 3 });
  await plugin.say("Where is the door?", { username: "ann" });
  assertEquals((await plugin.messages()).map(({ content }) => content), ["Where is the door?"]);
});
