import { Buffer } from "node:buffer";
import { assertEquals, assertRejects } from "@std/assert";
import { ChatError, type ClientTls, MessageServiceClient } from "../../src/clients/mod.ts";
import { ServerCredentials } from "../../src/wire/grpc_js.ts";
import { ca, clientCert, clientKey, otherCa, serverCert, serverKey } from "../support/tls.ts";
import { startTestServer, TestLog } from "./client_server.ts";

/** Calls a TLS server once; `mutual` makes it ask for a client certificate. */
async function call(mutual: boolean, tls: ClientTls, host = "127.0.0.1"): Promise<number> {
  const pair = { private_key: Buffer.from(serverKey), cert_chain: Buffer.from(serverCert) };
  const credentials = ServerCredentials.createSsl(Buffer.from(ca), [pair], mutual);
  const log = new TestLog();
  log.fill(3);
  const server = await startTestServer(log, { credentials });
  try {
    await using client = new MessageServiceClient({ address: `${host}:${server.port}`, tls, maxAttempts: 1 });
    return (await client.getMessages()).totalCount;
  } finally {
    server.stopHard();
  }
}

Deno.test("tls trusts the given authority, and shows the client's certificate to a server that asks", async () => {
  assertEquals(await call(false, { ca }), 3);
  assertEquals(await call(true, { ca, cert: clientCert, key: clientKey }), 3);
  assertEquals(await call(false, { ca, serverName: "chat.test" }, "localhost"), 3);
});

const refused: readonly [string, boolean, ClientTls, string, string][] = [
  ["a server signed by another authority", false, { ca: otherCa }, "127.0.0.1", "self-signed certificate in certificate chain"],
  ["a server whose certificate has another name", false, { ca }, "localhost", "Host: localhost. is not in the cert's altnames"],
  [
    "a server whose certificate has another number",
    false,
    { ca, serverName: "127.0.0.2" },
    "127.0.0.1",
    "IP: 127.0.0.2 is not in the cert's list",
  ],
  ["a server that asks for a certificate when there is none", true, { ca }, "127.0.0.1", "127.0.0.1"],
];

for (const [what, mutual, tls, host, reason] of refused) {
  Deno.test(`tls does not connect to ${what}`, async () => {
    const error = await assertRejects(() => call(mutual, tls, host), ChatError, reason);
    assertEquals(error.code, "unavailable");
  });
}
