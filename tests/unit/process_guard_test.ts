import { assert, assertEquals, assertMatch } from "@std/assert";

async function guarded(...args: readonly string[]): Promise<{ readonly code: number; readonly alive: boolean; readonly log: string }> {
  const file = new URL("../support/guarded_process.ts", import.meta.url).pathname;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args: ["run", "--no-prompt", file, ...args], stdin: "null" })
    .output();
  return { code, alive: new TextDecoder().decode(stdout) === "alive\n", log: new TextDecoder().decode(stderr) };
}

Deno.test("guardProcess ends the process after an uncaught error", async () => {
  const { code, alive, log } = await guarded("uncaught");
  assertEquals({ code, alive }, { code: 70, alive: false });
  assertMatch(log, /uncaught error.*"message":"Uncaught"/);
});

Deno.test("guardProcess survives a stray rejection and logs its whole cause chain", async () => {
  const { code, alive, log } = await guarded("rejection");
  assertEquals({ code, alive }, { code: 0, alive: true });
  assertMatch(log, /"message":"Stray".*"message":"Root"/);
});

Deno.test("guardProcess ends a process whose promises fail all the time", async () => {
  assertEquals((await guarded("rejection", "10")).code, 0);
  assertEquals((await guarded("rejection", "11")).code, 70);
});

Deno.test("guardProcess survives and counts known errors of libraries", async () => {
  const { code, alive, log } = await guarded("known", "20");
  assertEquals({ code, alive }, { code: 0, alive: true });
  assert(log.includes('"count":20'), log);
});
