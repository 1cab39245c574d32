import { assertEquals, assertMatch } from "@std/assert";
import { fillDataDir } from "../support/database.ts";
import { ServerProcess } from "../support/server_process.ts";

/** The files that a clone has and a start needs, in a folder whose name has a space in it. */
function clone(): { readonly path: string } & Disposable {
  const path = Deno.makeTempDirSync({ prefix: "chat start-" });
  const root = new URL("../../", import.meta.url).pathname;
  const copy = (name: string) => {
    if (Deno.statSync(root + name).isFile) return Deno.copyFileSync(root + name, `${path}/${name}`);
    Deno.mkdirSync(`${path}/${name}`);
    for (const entry of Deno.readDirSync(root + name)) copy(`${name}/${entry.name}`);
  };
  for (const name of ["deno.json", "deno.lock", "src", "scripts"]) copy(name);
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}

const task = ["task", "start"];

Deno.test("task start runs in a fresh folder, passes signals on, and does not outlive a task runner that is killed", async () => {
  using project = clone();
  {
    await using runner = new ServerProcess({ args: task, cwd: project.path });
    const { url, pid } = await runner.ready();
    assertEquals((await (await fetch(`${url}/readyz`)).json()).ok, true);
    runner.kill("SIGTERM");
    assertEquals((await runner.outcome()).code, 0);
    assertMatch(Deno.readTextFileSync(`${project.path}/data/lock`), new RegExp(`"pid":${pid}\\b`));
  }
  await using runner = new ServerProcess({ args: task, cwd: project.path });
  await runner.ready();
  runner.kill("SIGKILL");
  const { signal, stderr } = await runner.outcome(); // its output closes when the server, too, has ended
  assertEquals(signal, "SIGKILL");
  assertMatch(stderr, /"reason":"the parent process is gone"/);
  assertMatch(stderr, /"message":"Stopped","code":0/);
});

Deno.test("task start keeps its hands off a GRPC_ENABLED that the environment has, and warns of misspelt settings", async () => {
  using project = clone();
  fillDataDir(`${project.path}/data`);
  await using runner = new ServerProcess({ args: task, cwd: project.path, env: { GRPC_ENABLED: "false", GRPC_MAX_WORKER: "1" } });
  await runner.seen(/Ready: HTTP at \S+, process/);
  await runner.seen(/GRPC_MAX_WORKER is not a setting/);
  runner.kill("SIGTERM");
  assertEquals((await runner.outcome()).code, 0);
});
