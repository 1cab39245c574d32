import { assertEquals, assertMatch } from "@std/assert";
import { tempDir } from "../support/temp_dir.ts";

async function lives(pid: string): Promise<boolean> {
  return (await new Deno.Command("/bin/sh", { args: ["-c", `kill -0 ${Number(pid)}`], stderr: "null" }).output()).success;
}

Deno.test("Sandbox: when the server is killed its plugins' processes end, the looping one and the one that stands still", async () => {
  await using state = await tempDir();
  // With no more permissions than the real server has for this.
  const server = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-prompt", "--quiet", "--allow-run=/bin/sh", `--allow-read=${state.path}`, `--allow-write=${state.path}`],
      ...["tests/support/sandbox_server.ts", state.path],
    ],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader.read();
  assertMatch(value, /^\d+ \d+\n$/);
  const pids = value.trim().split(" ");
  assertEquals(await Promise.all(pids.map(lives)), [true, true]);
  server.kill("SIGKILL");
  await server.status;
  await reader.cancel();
  for (let look = 0; look < 1_000 && (await Promise.all(pids.map(lives))).includes(true); look++) {
    await new Promise((go) => setTimeout(go, 20));
  }
  const left = await Promise.all(pids.map(lives));
  pids.forEach((pid, at) => left[at] && Deno.kill(Number(pid), "SIGKILL"));
  assertEquals(left, [false, false]);
});
