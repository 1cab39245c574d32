/**
 * API keys from the command line to open streams, with the README's own commands, in one process and with the gateway apart.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { ChatError, MessageServiceClient } from "../../src/clients/mod.ts";
import { within } from "../support/deadline.ts";
import { dataDir } from "../support/database.ts";
import { ServerProcess } from "../support/server_process.ts";
import { blocks, commands, curlRequest } from "./readme_blocks.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const SECTION = blocks(Deno.readTextFileSync(`${ROOT}README.md`)).filter(({ section }) => section === "Security");
const PERMISSIONS = ["--allow-net", "--allow-read", "--allow-write", "--allow-env=DATABASE_URL,DATA_DIR,API_KEYS_PATH", "--ignore-env"];

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(args: readonly string[], env: Record<string, string>): Promise<Ran> {
  const child = new Deno.Command(Deno.execPath(), { args: [...args], cwd: ROOT, env, stdin: "null", stdout: "piped", stderr: "piped" });
  const { code, stdout, stderr } = await child.output();
  return { code, stdout: new TextDecoder().decode(stdout).trim(), stderr: new TextDecoder().decode(stderr) };
}

const keys = (args: readonly string[], dataDir: string) =>
  run(["run", "--quiet", "--no-prompt", ...PERMISSIONS, "scripts/keys.ts", ...args], { DATA_DIR: dataDir });

/** Makes a key as the README does. */
async function makeAsInReadme(dataDir: string): Promise<string> {
  const [, line = ""] = SECTION.map(({ text }) => /^KEY=\$\((.*)\)$/m.exec(text)).find((match) => match !== null) ?? [];
  const [words = []] = commands(line);
  assertEquals(words.slice(0, 4), ["deno", "task", "-q", "keys"]);
  const { code, stdout, stderr } = await keys(words.slice(4), dataDir);
  assertEquals(code, 0, stderr);
  return stdout;
}

/** The README's request with curl. */
function curl(url: string, key: string): Promise<Response> {
  const text = SECTION.map((block) => block.text).join("\n").replaceAll("$KEY", key).replaceAll("http://127.0.0.1:8000", url);
  const [words = []] = commands(text.split("\n").filter((line) => line.startsWith("curl")).join("\n"));
  return fetch(curlRequest(words).request);
}

Deno.test("deno task keys makes keys for a running server, and a revoked one ends its streams", async (t) => {
  await using directory = await dataDir();
  const { path } = directory;
  await using server = new ServerProcess({ env: { DATA_DIR: path, AUTH_MODE: "api_key" } });
  const { url, grpcAddress } = await server.ready();
  const key = await makeAsInReadme(path);

  await t.step("nobody gets in without a key, but for health", async () => {
    for (const headers of [{}, { authorization: "Bearer chat_x" }, { authorization: `Basic ${key}` }] as Record<string, string>[]) {
      const refused = await fetch(`${url}/v1/messages`, { headers });
      const challenge = "authorization" in headers ? 'Bearer error="invalid_token"' : "Bearer";
      assertEquals([refused.status, refused.headers.get("www-authenticate")], [401, challenge]);
      assertEquals((await refused.json()).code, "unauthenticated");
    }
    const health = await fetch(`${url}/healthz`);
    assertEquals([health.status, await health.json()], [200, { ok: true }]);
    await using client = new MessageServiceClient({ address: grpcAddress });
    assertEquals((await assertRejects(() => client.getMessages(), ChatError)).code, "unauthenticated");
  });

  await t.step("the README's examples work with the key", async () => {
    const answer = await curl(url, key);
    assertEquals([answer.status, (await answer.json()).total_count], [200, 0]);
    const [{ text = "" } = {}] = SECTION.filter(({ language }) => language === "ts");
    const code = text.replace('"127.0.0.1:50051"', `"${grpcAddress}"`);
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--allow-net", "--allow-env", "--ext=ts", "-"],
      ...{ cwd: ROOT, env: { KEY: key }, stdin: "piped", stdout: "piped", stderr: "piped" },
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(code));
    await writer.close();
    const { stdout, stderr } = await child.output();
    assertEquals(new TextDecoder().decode(stdout), "ann\n", new TextDecoder().decode(stderr));
  });

  await t.step("a key does what its scopes say, over HTTP too", async () => {
    const { stdout: reader } = await keys(["create", "--user", "eve", "--scopes", "messages:read"], path);
    const headers = { authorization: `Bearer ${reader}`, "content-type": "application/json" };
    const body = JSON.stringify({ content: "x", username: "eve" });
    const refused = await fetch(`${url}/v1/messages`, { method: "POST", headers, body });
    assertEquals(refused.status, 403);
    assertMatch((await refused.json()).detail, /lacks the scope messages:write$/);
    const other = await fetch(`${url}/v1/messages`, { method: "POST", headers: { ...headers, authorization: `Bearer ${key}` }, body });
    assertEquals([other.status, (await other.json()).field], [403, "username"]);
  });

  await t.step("a revoked key is refused and its streams end within 5 s, over gRPC and HTTP", async () => {
    await using client = new MessageServiceClient({ address: grpcAddress, token: key });
    const stream = await client.subscribe();
    const ended = assertRejects(async () => await Array.fromAsync(stream), ChatError);
    const events = await fetch(`${url}/v1/messages/stream`, { headers: { authorization: `Bearer ${key}` } });
    const eventsEnded = events.text();
    const { code } = await keys(["revoke", key], path);
    assertEquals(code, 0);
    const startedMs = performance.now();
    const [error, text] = await within(10_000, "the end of the streams", Promise.all([ended, eventsEnded]));
    assert(performance.now() - startedMs < 5_000);
    assertEquals(error.code, "unauthenticated");
    assertStringIncludes(text, '"code":"unauthenticated"');
    const refused = await curl(url, key);
    assertEquals([refused.status, (await refused.json()).code], [401, "unauthenticated"]);
    assertEquals((await assertRejects(() => client.getMessages(), ChatError)).code, "unauthenticated");
  });

  await t.step("list shows no secret, and the command line says what it wants", async () => {
    const { stdout } = await keys(["list"], path);
    assertMatch(stdout, new RegExp(`^${key.slice(5, 17)}  ann +revoked`, "m"));
    assert(!stdout.includes(key.slice(18)));
    for (
      const [args, code] of [[["create"], 2], [["create", "--user", "a", "--scopes", "root"], 2], [["revoke", "nobody"], 1], [
        ["drop"],
        2,
      ]] as const
    ) {
      assertEquals((await keys(args, path)).code, code);
    }
  });
});

Deno.test("a gateway apart from its service checks keys itself and acts for its callers with their own keys", async () => {
  await using directory = await dataDir();
  const keysPath = `${directory.path}/api_keys.json`;
  const shared = { AUTH_MODE: "api_key", API_KEYS_PATH: keysPath };
  await using service = new ServerProcess({ env: { ...shared, SERVICES: "message", DATA_DIR: directory.path } });
  const { grpcAddress } = await service.ready();
  await using gateway = new ServerProcess({
    env: { ...shared, SERVICES: "gateway", GRPC_ENABLED: "false", MESSAGE_SERVICE_ADDR: grpcAddress },
  });
  const { url } = await gateway.ready();
  const make = async (user: string, scopes: string) =>
    (await run(["run", "--quiet", "--no-prompt", ...PERMISSIONS, "scripts/keys.ts", "create", "--user", user, "--scopes", scopes], {
      API_KEYS_PATH: keysPath,
    })).stdout;
  const ann = await make("ann", "messages:read,messages:write");
  const send = (key: string, username: string) =>
    fetch(`${url}/v1/messages`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ content: "x", username }),
    });
  const own = await send(ann, "ann");
  assertEquals([own.status, (await own.json()).username], [201, "ann"]);
  const other = await send(ann, "bea");
  assertEquals([other.status, (await other.json()).code], [403, "permission_denied"]);
  const stranger = await fetch(`${url}/v1/messages`);
  assertEquals([stranger.status, (await stranger.json()).code], [401, "unauthenticated"]);
});
