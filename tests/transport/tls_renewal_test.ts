import { assertEquals, assertMatch } from "@std/assert";
import { Authority, type Identity } from "../../scripts/certs/certificate.ts";
import { MessageServiceClient } from "../../src/clients/mod.ts";
import type { ChatError } from "../../src/core/errors.ts";
import { createLog } from "../../src/observability/log.ts";
import { tellOfCertificates } from "../../src/observability/certificates.ts";
import { credentials, status } from "../../src/wire/grpc_js.ts";
import { TlsFiles } from "../../src/wire/tls_files.ts";
import { tempDir } from "../support/temp_dir.ts";
import { connect, create, failure, startServer, TestStream } from "./grpc_support.ts";

const hello = { content: "hello", username: "ann" };
const channel = { "grpc.ssl_target_name_override": "chat.test" };
const validDays = 30;
const [first, second] = [await Authority.create("First", { validDays }), await Authority.create("Second", { validDays })];
const issue = (authority: Authority, name: string) => authority.issue({ names: [name, "127.0.0.1"], validDays });

/** A folder as Kubernetes mounts a secret: the files are links into `..data`, which is a link that is swapped for another at once. */
async function mountedSecret(path: string) {
  let count = 0;
  const put = async ({ cert, key }: Identity, ca: string) => {
    const name = `..${++count}`;
    await Deno.mkdir(`${path}/${name}`);
    for (const [file, text] of [["tls.crt", cert], ["tls.key", key], ["ca.crt", ca]] as const) {
      await Deno.writeTextFile(`${path}/${name}/${file}`, text);
    }
    await Deno.symlink(name, `${path}/..data_tmp`);
    await Deno.rename(`${path}/..data_tmp`, `${path}/..data`);
  };
  for (const file of ["tls.crt", "tls.key", "ca.crt"]) await Deno.symlink(`..data/${file}`, `${path}/${file}`);
  return { put, paths: { certPath: `${path}/tls.crt`, keyPath: `${path}/tls.key`, caPath: `${path}/ca.crt` } };
}

Deno.test({
  name: "startGrpcServer takes renewed certificates and authorities for new connections, and open streams go on",
  fn: async () => {
    await using dir = await tempDir();
    const secret = await mountedSecret(dir.path);
    await secret.put(await issue(first, "chat.test"), first.cert);
    await using test = await startServer({ tls: secret.paths });
    const trust = async (authority: Authority) => {
      const { cert, key } = await issue(authority, "client.test");
      return credentials.createSsl(Buffer.from(authority.cert), Buffer.from(key), Buffer.from(cert));
    };
    const [old, renewed] = [await trust(first), await trust(second)];
    using before = connect(test.address, { trust: old, channel });
    const stream = new TestStream(before).ask({ afterSeq: 0 });
    await create(before, hello);
    assertEquals(await stream.received(1), ["hello"]);
    using early = connect(test.address, { trust: renewed, channel });
    assertEquals((await failure((done) => early.CreateMessage(hello, done))).code, status.UNAVAILABLE);

    await secret.put(await issue(second, "chat.test"), second.cert);
    await test.files?.look();
    using after = connect(test.address, { trust: renewed, channel });
    assertEquals((await create(after, { ...hello, content: "renewed" })).content, "renewed");
    assertEquals(await stream.received(2), ["hello", "renewed"]);
    await create(before, { ...hello, content: "still here" });
    assertEquals((await stream.received(3)).at(-1), "still here");
    using late = connect(test.address, { trust: old, channel });
    assertEquals((await failure((done) => late.CreateMessage(hello, done))).code, status.UNAVAILABLE);
    stream.call.cancel();
    await stream.status();
  },
});

Deno.test("TlsFiles keeps what it has, and tells of it once, while the files cannot be used", async () => {
  await using dir = await tempDir();
  const paths = { certPath: `${dir.path}/cert.pem`, keyPath: `${dir.path}/key.pem` };
  const write = async ({ cert, key }: { cert?: string; key?: string }) => {
    if (cert !== undefined) await Deno.writeTextFile(paths.certPath, cert);
    if (key !== undefined) await Deno.writeTextFile(paths.keyPath, key);
  };
  const [one, two] = [await issue(first, "one.test"), await issue(first, "two.test")];
  await write(one);
  const files = await TlsFiles.open(paths);
  const refusals: ChatError[] = [];
  let renewals = 0;
  const unwatch = files.watch({ onRefused: (error) => refusals.push(error), onRenewed: () => renewals++ });
  const look = async (change: { cert?: string; key?: string }) => {
    await write(change);
    await files.look();
    await files.look();
    return refusals.splice(0).map((error) => error.message.replaceAll(dir.path, ""));
  };
  const pair = "Certificate /cert.pem and key /key.pem (GRPC_TLS_CERT_PATH, GRPC_TLS_KEY_PATH) are broken or do not belong together";
  assertEquals(await look({ cert: two.cert }), [pair]);
  assertEquals(await look({ cert: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----" }), []);
  const ended = await first.issue({ names: ["ended.test"], validDays: 0 });
  assertMatch((await look(ended))[0] ?? "", /^Certificate \/cert\.pem \(GRPC_TLS_CERT_PATH\) is valid from .* to .*, not now$/);
  await Deno.remove(paths.keyPath);
  assertEquals(await look({}), ["Cannot read /key.pem (GRPC_TLS_KEY_PATH): there is no such file"]);
  assertEquals([files.current.cert, renewals], [one.cert, 0]);
  assertEquals(await look(two), []);
  assertEquals([files.current.cert, renewals], [two.cert, 1]);
  unwatch();
  await files.close();
});

Deno.test({
  name: "tls as a function is asked at each new connection, so that a client's renewed certificate is shown",
  fn: async () => {
    await using dir = await tempDir();
    const secret = await mountedSecret(dir.path);
    await secret.put(await issue(first, "chat.test"), first.cert);
    await using test = await startServer({ tls: secret.paths });
    let mine = { ca: first.cert, ...await issue(first, "client.test") };
    await using client = new MessageServiceClient({ address: test.address, tls: () => mine, maxAttempts: 20 });
    await client.createMessage(hello);
    await secret.put(await issue(second, "chat.test"), second.cert);
    await test.files?.look();
    mine = { ca: second.cert, ...await issue(second, "client.test") };
    // The connection that stands was made with the old ones and goes on; the server's restart makes the client connect anew.
    assertEquals((await client.createMessage(hello)).content, "hello");
    await test.server.stop({ deadlineMs: 0 });
    await using again = await startServer({ tls: secret.paths, port: test.server.port });
    assertEquals((await client.createMessage(hello)).content, "hello");
    assertEquals(again.service.contexts.length, 1);
  },
});

Deno.test("tellOfCertificates warns of an end that is near, and tells of one that has come", async () => {
  await using dir = await tempDir();
  const paths = { certPath: `${dir.path}/cert.pem`, keyPath: `${dir.path}/key.pem` };
  const lines: string[] = [];
  for (const [days, level, message] of [[6, "warn", "A TLS certificate ends soon"], [0, "error", "A TLS certificate has ended"]] as const) {
    const { cert, key } = await first.issue({ names: ["chat.test"], validDays: days });
    await Deno.writeTextFile(paths.certPath, cert);
    await Deno.writeTextFile(paths.keyPath, key);
    const files = await TlsFiles.open(paths);
    tellOfCertificates(files, createLog("info", (line) => lines.push(line)))();
    await files.close();
    const [told] = lines.splice(0).map((line) => JSON.parse(line));
    assertEquals([told.level, told.message], [level, message]);
  }
});
