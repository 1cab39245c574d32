import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { MessageServiceClient } from "../../src/clients/mod.ts";
import { dataDir } from "../support/database.ts";
import { ServerProcess } from "../support/server_process.ts";
import { tempDir } from "../support/temp_dir.ts";

/** For tests that do not care what is in it. */
const shared = (await dataDir()).path;
Deno.test.afterAll(() => Deno.removeSync(shared, { recursive: true }));

async function contents(url: string): Promise<readonly string[]> {
  const response = await fetch(`${url}/v1/messages`);
  assertEquals(response.status, 200);
  const page: { readonly messages: readonly { readonly content: string }[] } = await response.json();
  return page.messages.map((message) => message.content);
}

Deno.test("main stores what comes over gRPC, shows it over HTTP, ends with 0 on SIGTERM, and has it all at the next start", async () => {
  await using data = await dataDir();
  const env = { DATA_DIR: data.path };
  {
    await using server = new ServerProcess({ env });
    const { url, grpcAddress } = await server.ready();
    await using client = new MessageServiceClient({ address: grpcAddress });
    await client.createMessage({ username: "ann", content: "Hello" });
    assertEquals(await contents(url), ["Hello"]);
    server.kill("SIGTERM");
    const { code, signal } = await server.outcome();
    assertEquals({ code, signal }, { code: 0, signal: null });
  }
  await using server = new ServerProcess({ env });
  const { url } = await server.ready();
  assertEquals(await contents(url), ["Hello"]);
  assertEquals((await (await fetch(`${url}/readyz`)).json()).ok, true);
  server.kill("SIGINT");
  assertEquals((await server.outcome()).code, 0);
});

Deno.test("main reports every wrong setting at once and starts nothing", async () => {
  await using data = await tempDir();
  await using server = new ServerProcess({
    env: { DATA_DIR: `${data.path}/new`, HTTP_PORT: "http", GRPC_MAX_WORKERS: "0", HTTP_HOST: "0.0.0.0" },
  });
  const { code, stdout, stderr } = await server.outcome();
  assertEquals(code, 1);
  assertEquals(stdout, "");
  assertMatch(stderr, /^Cannot start: 3 settings are wrong:\n- HTTP_PORT .*"http"\n- GRPC_MAX_WORKERS .*"0"\n- HTTP_HOST 0\.0\.0\.0 .*\n$/);
  assertEquals([...Deno.readDirSync(data.path)], []);
});

for (const [port, host] of [["HTTP_PORT", "HTTP_HOST"], ["GRPC_SERVER_PORT", "GRPC_SERVER_HOST"]] as const) {
  Deno.test(`main says in one sentence that the port of ${port} is taken, and lets the data folder go`, async () => {
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const address = `127.0.0.1:${taken.addr.port}`;
    await using server = new ServerProcess({ env: { DATA_DIR: shared, [port]: String(taken.addr.port) } });
    const { code, stdout, stderr } = await server.outcome();
    assertEquals(code, 1);
    assertEquals(stdout, "");
    const sentence = stderr.split("\n").filter((line) => line.startsWith("Cannot start: "));
    assertEquals(sentence.length, 1, stderr);
    assertStringIncludes(sentence[0] ?? "", address);
    assertStringIncludes(sentence[0] ?? "", host);
    using lock = Deno.openSync(`${shared}/lock`, { read: true, write: true });
    assert(lock.tryLockSync(true), "nobody holds the data folder");
  });
}

Deno.test("main says in one sentence that Postgres cannot be reached, without the password", async () => {
  using free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = `127.0.0.1:${free.addr.port}`;
  free.close();
  await using server = new ServerProcess({ env: { DATABASE_URL: `postgres://chat:hunter2@${address}/chat` } });
  const { code, stdout, stderr } = await server.outcome();
  assertEquals(code, 1);
  assertEquals(stdout, "");
  assertMatch(stderr, /^Cannot start: \S.*\n$/m);
  assertStringIncludes(stderr, address);
  assert(!stderr.includes("hunter2"), stderr);
});

Deno.test("main refuses a data folder that another process holds, and says who", async () => {
  await using holder = new ServerProcess({ env: { DATA_DIR: shared } });
  const { url, pid } = await holder.ready();
  await using second = new ServerProcess({ env: { DATA_DIR: shared } });
  const { code, stderr } = await second.outcome();
  assertEquals(code, 1);
  assertMatch(stderr, new RegExp(`^Cannot start: .* is held by process ${pid} `, "m"));
  assertEquals((await (await fetch(`${url}/healthz`)).json()).ok, true);
  holder.kill("SIGTERM");
  assertEquals((await holder.outcome()).code, 0);
});

Deno.test("main that is asked to stop while it starts ends with 0 and leaves a folder that opens", async () => {
  await using data = await dataDir();
  await using early = new ServerProcess({ env: { DATA_DIR: data.path, LOG_LEVEL: "debug" } });
  await early.seen(/"Starting"/);
  early.kill("SIGTERM");
  const { code, stdout } = await early.outcome();
  assertEquals({ code, stdout }, { code: 0, stdout: "" });
  await using server = new ServerProcess({ env: { DATA_DIR: data.path } });
  await server.ready();
  server.kill("SIGTERM");
  assertEquals((await server.outcome()).code, 0);
});

Deno.test("main takes no argument that it does not know", async () => {
  await using server = new ServerProcess({ args: ["run", "--no-prompt", "--allow-env", "src/main.ts", "--port", "1"] });
  const { code, stderr } = await server.outcome();
  assertEquals(code, 1);
  assertMatch(stderr, /^Cannot start: Argument "--port" is not known/);
});

Deno.test("main config prints the effective settings and its exit code tells of problems", async () => {
  const args = ["run", "--no-prompt", "--allow-env", "src/main.ts", "config"];
  await using good = new ServerProcess({ args, env: { DATABASE_URL: "postgres://u:hunter2@db/chat" } });
  const outcome = await good.outcome();
  assertEquals(outcome.code, 0);
  assertMatch(outcome.stdout, /GRPC_ENABLED +true +environment/);
  assert(!outcome.stdout.includes("hunter2"));
  await using bad = new ServerProcess({ args, env: { LOG_LEVEL: "loud" } });
  assertEquals((await bad.outcome()).code, 1);
});
