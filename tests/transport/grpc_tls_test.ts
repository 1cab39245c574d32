import { assertEquals, assertRejects } from "@std/assert";
import { ChatError } from "../../src/core/errors.ts";
import type { TlsPaths } from "../../src/config/config.ts";
import { credentials, status } from "../../src/wire/grpc_js.ts";
import * as tls from "../support/tls.ts";
import { connect, create, failure, startServer } from "./grpc_support.ts";

const hello = { content: "hello", username: "ann" };
/** The certificate's name: Deno refuses a number as the name to ask for. */
const channel = { "grpc.ssl_target_name_override": "chat.test" };

interface Files extends AsyncDisposable {
  readonly paths: TlsPaths;
  write(name: string, text: string): Promise<string>;
}

async function certificateFiles(): Promise<Files> {
  const dir = await Deno.makeTempDir();
  const write = async (name: string, text: string) => {
    await Deno.writeTextFile(`${dir}/${name}`, text);
    return `${dir}/${name}`;
  };
  const paths = { certPath: await write("cert.pem", tls.serverCert), keyPath: await write("key.pem", tls.serverKey) };
  return { paths, write, [Symbol.asyncDispose]: () => Deno.remove(dir, { recursive: true }) };
}

Deno.test({
  name: "startGrpcServer speaks TLS to clients that trust its certificate, and to no others",
  fn: async () => {
    await using files = await certificateFiles();
    await using test = await startServer({ tls: files.paths });
    using trusting = connect(test.address, { trust: credentials.createSsl(Buffer.from(tls.ca)), channel });
    assertEquals((await create(trusting, hello)).content, "hello");
    using doubting = connect(test.address, { trust: credentials.createSsl(Buffer.from(tls.otherCa)), channel });
    assertEquals((await failure((done) => doubting.CreateMessage(hello, done))).code, status.UNAVAILABLE);
    using plain = connect(test.address);
    assertEquals((await failure((done) => plain.CreateMessage(hello, done))).code, status.UNAVAILABLE);
    assertEquals(test.service.contexts.length, 1);
  },
});

Deno.test({
  name: "startGrpcServer with a CA takes only clients whose certificate it signed",
  fn: async () => {
    await using files = await certificateFiles();
    const caPath = await files.write("ca.pem", tls.ca);
    await using test = await startServer({ tls: { ...files.paths, caPath } });
    const ca = Buffer.from(tls.ca);
    using known = connect(test.address, {
      trust: credentials.createSsl(ca, Buffer.from(tls.clientKey), Buffer.from(tls.clientCert)),
      channel,
    });
    assertEquals((await create(known, hello)).content, "hello");
    using unknown = connect(test.address, { trust: credentials.createSsl(ca), channel });
    assertEquals((await failure((done) => unknown.CreateMessage(hello, done))).code, status.UNAVAILABLE);
    assertEquals(test.service.contexts.length, 1);
  },
});

Deno.test("startGrpcServer names file and setting when it cannot use a certificate", async () => {
  await using files = await certificateFiles();
  const { paths } = files;
  const message = async (changed: Partial<TlsPaths>) =>
    (await assertRejects(() => startServer({ tls: { ...paths, ...changed } }), ChatError)).message;
  assertEquals(await message({ certPath: "/no/such.pem" }), "Cannot read /no/such.pem (GRPC_TLS_CERT_PATH): there is no such file");
  assertEquals(await message({ caPath: "/no/such.pem" }), "Cannot read /no/such.pem (GRPC_TLS_CA_PATH): there is no such file");
  const text = await files.write("text.pem", "hello");
  assertEquals(await message({ keyPath: text }), `File ${text} (GRPC_TLS_KEY_PATH) holds no PEM text`);
  const pair = (keyPath: string) =>
    `Certificate ${paths.certPath} and key ${keyPath} (GRPC_TLS_CERT_PATH, GRPC_TLS_KEY_PATH) are broken or do not belong together`;
  const broken = await files.write("broken.pem", tls.serverKey.replace("MIGH", "AAAA"));
  assertEquals(await message({ keyPath: broken }), pair(broken));
  const other = await files.write("other.pem", tls.clientKey);
  assertEquals(await message({ keyPath: other }), pair(other));
});
