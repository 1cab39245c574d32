import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { ChatError, MessageServiceClient } from "../../src/clients/mod.ts";
import { databasePlace } from "../support/database.ts";
import { ServerProcess } from "../support/server_process.ts";
import { tempDir } from "../support/temp_dir.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a task as from `folder`. */
async function task(name: string, args: readonly string[], folder: string): Promise<Result> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "--config", `${ROOT}deno.json`, name, ...args],
    cwd: folder,
    // Where this test runs as a task itself, the variable names the folder of that one.
    env: { INIT_CWD: folder },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** The environment and the options that the two printed lines give. */
function instructions(stdout: string): { readonly env: Record<string, string>; readonly options: readonly string[] } {
  const [, server = "", , client = ""] = stdout.split("\n");
  const words = (line: string, from: number, to?: number) => line.split(" ").slice(from, to);
  const env = Object.fromEntries(words(server, 0, -3).map((pair) => pair.split("=") as [string, string]));
  return { env, options: words(client, 4) };
}

/** A message service's settings over a database that goes with its scope. */
async function messageService(): Promise<AsyncDisposable & { readonly env: Record<string, string> }> {
  const place = await databasePlace("postgres");
  return { env: { SERVICES: "message", ...place.env }, [Symbol.asyncDispose]: () => place[Symbol.asyncDispose]() };
}

async function modes(folder: string): Promise<Record<string, string>> {
  const names = [...Deno.readDirSync(folder)].map((entry) => entry.name).sort();
  const stats = await Promise.all(names.map(async (name) => [name, ((await Deno.stat(`${folder}/${name}`)).mode! & 0o777).toString(8)]));
  return Object.fromEntries(stats);
}

Deno.test("certs renews certificates with the authority that is there, and tells what it cannot do", async () => {
  await using dir = await tempDir();
  const read = (name: string) => Deno.readTextFile(`${dir.path}/a folder/${name}.pem`);
  const made = await task("certs", ["--out", "a folder"], dir.path);
  assertStringIncludes(made.stdout, `'${dir.path}/a folder/server.pem'`);
  const [ca, server] = [await read("ca"), await read("server")];
  assertEquals((await task("certs", ["--out", `${dir.path}/a folder`], dir.path)).code, 0);
  assertEquals(await read("ca"), ca);
  assert(await read("server") !== server);

  const wrong = await task("certs", ["no name"], dir.path);
  assertEquals(wrong.code, 2);
  assertMatch(wrong.stderr, /^A name must be a host name or an IP address, got "no name"\n/);
  await Deno.writeTextFile(`${dir.path}/file`, "");
  const taken = await task("certs", ["--out", "file"], dir.path);
  assertEquals(taken.code, 1);
  assertMatch(taken.stderr, /^Cannot write the certificates: /);
});

Deno.test("certs makes what a server and clients need for mutual TLS, and prints the lines that use it", async () => {
  await using dir = await tempDir();
  const made = await task("certs", ["--client", "ann.test", "chat.test"], dir.path);
  assertEquals([made.code, made.stderr], [0, ""]);
  const folder = `${dir.path}/certs`;
  const keys = { "ca-key.pem": "600", "client-key.pem": "600", "server-key.pem": "600" };
  assertEquals(await modes(folder), { ...keys, "ca.pem": "644", "client.pem": "644", "server.pem": "644" });

  const { env, options } = instructions(made.stdout);
  await using place = await messageService();
  await using server = new ServerProcess({ env: { ...place.env, ...env } });
  const { grpcAddress: address } = await server.ready();
  const sent = await task("chat", ["send", "--address", address, ...options, "hello"], dir.path);
  assertEquals([sent.code, sent.stderr], [0, ""]);
  const byName = await task("chat", ["history", "--address", address.replace("127.0.0.1", "localhost"), ...options], dir.path);
  assertStringIncludes(byName.stdout, "hello", byName.stderr);

  const ca = await Deno.readTextFile(`${folder}/ca.pem`);
  await using stranger = new MessageServiceClient({ address, tls: { ca }, maxAttempts: 1 });
  assertEquals((await assertRejects(() => stranger.getMessages(), ChatError)).code, "unavailable");
  const files = ["--tls-ca", "certs/ca.pem", "--tls-cert", "certs/client.pem", "--tls-key", "certs/client-key.pem"];
  assertEquals((await task("chat", ["history", "--address", address, ...files], dir.path)).code, 0);
});

Deno.test("the server takes renewed certificates by itself, also where its files are links that are swapped", async () => {
  await using dir = await tempDir();
  const { env } = instructions((await task("certs", ["--out", "first"], dir.path)).stdout);
  const ca = await Deno.readTextFile(`${dir.path}/first/ca.pem`);
  const [cert, key] = await Promise.all(["client", "client-key"].map((name) => Deno.readTextFile(`${dir.path}/first/${name}.pem`)));
  // As Kubernetes mounts a secret.
  await Deno.mkdir(`${dir.path}/mounted`);
  const point = async (folder: string) => {
    await Deno.symlink(`../${folder}`, `${dir.path}/mounted/..new`);
    await Deno.rename(`${dir.path}/mounted/..new`, `${dir.path}/mounted/..data`);
  };
  await point("first");
  for (const name of ["ca", "server", "server-key"]) await Deno.symlink(`..data/${name}.pem`, `${dir.path}/mounted/${name}.pem`);
  const mounted = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value.replace("/first/", "/mounted/")]));
  await using place = await messageService();
  await using server = new ServerProcess({ env: { ...place.env, ...mounted } });
  const { grpcAddress: address } = await server.ready();
  const tls = { ca, cert: cert!, key: key! };
  await using before = new MessageServiceClient({ address, tls });
  const stream = before.streamMessages({ afterSeq: 0 })[Symbol.asyncIterator]();
  await before.createMessage({ username: "ann", content: "1" });
  assertEquals((await stream.next()).value?.content, "1");

  await Deno.mkdir(`${dir.path}/second`);
  for (const name of ["ca", "ca-key"]) await Deno.copyFile(`${dir.path}/first/${name}.pem`, `${dir.path}/second/${name}.pem`);
  await task("certs", ["--out", "second"], dir.path);
  await point("second");
  await server.seen(/"message":"TLS certificates were renewed/);
  await Deno.remove(`${dir.path}/first`, { recursive: true });
  await using after = new MessageServiceClient({ address, tls });
  await after.createMessage({ username: "ann", content: "2" });
  assertEquals((await stream.next()).value?.content, "2");
  await stream.return?.();
});
