import { assertEquals, startPlugin } from "@chat/system/plugin/testing";

Deno.test("roll rolls dice as an action, in a series, and where somebody writes /roll", async () => {
  await using plugin = await startPlugin(import.meta.dirname!);
  const { total } = await plugin.call("roll", { args: "3d6" }) as { total: number };
  assertEquals(total >= 3 && total <= 18, true);
  const refusal = await plugin.call("roll", { args: "a lot" }).then(String, (error) => String(error));
  assertEquals(refusal.includes("Dice are written like 2d6, got a lot"), true, refusal);
  assertEquals((await plugin.outputs("series", { rolls: 5 })).length, 5);
  const answer = await plugin.say("/roll 1d2", { username: "ann" });
  assertEquals([answer.username, /^1d2: [12] = [12]$/.test(answer.content)], ["roll", true]);
  assertEquals(await plugin.messages(), [], "a command is no message");
});
