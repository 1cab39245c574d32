import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { nkeys } from "@nats-io/transport-node";
import { createNatsBus, type NatsBusOptions } from "../../src/bus/nats.ts";
import type { NatsOptions } from "../../src/bus/nats_connect.ts";
import { ChatError } from "../../src/core/errors.ts";
import { createLog } from "../../src/observability/log.ts";
import { within } from "../support/deadline.ts";
import { testLog } from "../support/log.ts";
import { type NatsServer, startNatsServer } from "../support/nats.ts";
import { tempDir } from "../support/temp_dir.ts";
import * as tls from "../support/tls.ts";

/** Runs `use` against a server with this configuration; `${dir}` in it and in the files' names is a folder that holds `files`. */
async function withServer(
  config: string,
  files: Readonly<Record<string, string>>,
  use: (server: NatsServer, dir: string) => Promise<void>,
): Promise<void> {
  await using dir = await tempDir();
  for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${dir.path}/${name}`, text);
  await Deno.writeTextFile(`${dir.path}/nats.conf`, config.replaceAll("${dir}", dir.path));
  await using server = await startNatsServer(["-c", `${dir.path}/nats.conf`]);
  await use(server, dir.path);
}

function options(server: NatsServer, access: Partial<NatsOptions>): NatsBusOptions {
  return { servers: [server.address], subjectPrefix: "chat.wake_up", log: testLog(), ...access };
}

/** Two buses reach each other. */
async function assertCarries(server: NatsServer, access: Partial<NatsOptions>): Promise<void> {
  const [sender, receiver] = await Promise.all([1, 2].map(() => createNatsBus(options(server, access))));
  const { promise, resolve } = Promise.withResolvers<unknown>();
  receiver!.subscribe(resolve);
  sender!.publish({ room: "general", seq: 1 });
  assertEquals(await within(10_000, "the wake-up", promise), { room: "general", seq: 1 });
  await Promise.all([sender!.close(), receiver!.close()]);
}

async function assertRefused(server: NatsServer, access: Partial<NatsOptions>): Promise<void> {
  const error = await assertRejects(() => createNatsBus(options(server, access)), ChatError);
  assertEquals(error.code, "failed_precondition");
  assertEquals(error.message, `NATS at ${server.address} refuses the credentials that the NATS settings give`);
}

/** The server is there but cannot be spoken to; the bus starts all the same and says why. */
async function assertUnreachable(server: NatsServer, access: Partial<NatsOptions>, reason: RegExp): Promise<void> {
  const lines: string[] = [];
  const bus = await createNatsBus({ ...options(server, access), log: createLog("warn", (line) => lines.push(line)) });
  await bus.close();
  assertMatch(lines[0] ?? "", reason);
}

Deno.test("createNatsBus logs in with a user and password, and refuses to start with wrong ones or none", () =>
  withServer('authorization { user: ann, password: "p@ss:word" }', {}, async (server) => {
    await assertCarries(server, { user: "ann", password: "p@ss:word" });
    await assertRefused(server, { user: "ann", password: "wrong" });
    await assertRefused(server, {});
  }));

Deno.test("createNatsBus logs in with a token", () =>
  withServer("authorization { token: s3cret }", {}, async (server) => {
    await assertCarries(server, { token: "s3cret" });
    await assertRefused(server, { token: "other" });
  }));

Deno.test("createNatsBus logs in with an NKey", async () => {
  const [known, stranger] = [nkeys.createUser(), nkeys.createUser()];
  const seed = (pair: typeof known) => new TextDecoder().decode(pair.getSeed());
  const files = { known: `${seed(known)}\n`, stranger: seed(stranger) };
  await withServer(`authorization { users: [{ nkey: ${known.getPublicKey()} }] }`, files, async (server, dir) => {
    await assertCarries(server, { nkeyPath: `${dir}/known` });
    await assertRefused(server, { nkeyPath: `${dir}/stranger` });
  });
});

type KeyPair = ReturnType<typeof nkeys.createUser>;

/** A JWT as NATS has them, signed with an NKey. */
function jwt(type: "operator" | "account" | "user", subject: KeyPair, issuer: KeyPair): string {
  const part = (value: unknown) => new TextEncoder().encode(JSON.stringify(value)).toBase64({ alphabet: "base64url", omitPadding: true });
  const limits = type === "account"
    ? { limits: { subs: -1, conn: -1, leaf: -1, imports: -1, exports: -1, data: -1, payload: -1, wildcards: true } }
    : {};
  const claims = {
    jti: crypto.randomUUID(),
    iat: Math.floor(Date.now() / 1000),
    iss: issuer.getPublicKey(),
    sub: subject.getPublicKey(),
    name: type,
    nats: { type, version: 2, ...limits, ...(type === "user" ? { subs: -1, data: -1, payload: -1 } : {}) },
  };
  const text = `${part({ typ: "JWT", alg: "ed25519-nkey" })}.${part(claims)}`;
  return `${text}.${issuer.sign(new TextEncoder().encode(text)).toBase64({ alphabet: "base64url", omitPadding: true })}`;
}

function credentials(user: KeyPair, account: KeyPair): string {
  const block = (name: string, text: string) => `-----BEGIN ${name}-----\n${text}\n------END ${name}------\n`;
  return `${block("NATS USER JWT", jwt("user", user, account))}\n${block("USER NKEY SEED", new TextDecoder().decode(user.getSeed()))}`;
}

Deno.test("createNatsBus logs in with a credentials file", async () => {
  const [operator, account, stranger] = [nkeys.createOperator(), nkeys.createAccount(), nkeys.createAccount()];
  const config = `operator: ${jwt("operator", operator, operator)}
    resolver: MEMORY
    resolver_preload: { ${account.getPublicKey()}: ${jwt("account", account, operator)} }`;
  const files = { known: credentials(nkeys.createUser(), account), stranger: credentials(nkeys.createUser(), stranger) };
  await withServer(config, files, async (server, dir) => {
    await assertCarries(server, { credsPath: `${dir}/known` });
    await assertRefused(server, { credsPath: `${dir}/stranger` });
  });
});

const TLS_FILES = { "ca.pem": tls.ca, "other.pem": tls.otherCa, "cert.pem": tls.serverCert, "key.pem": tls.serverKey };
const CLIENT_FILES = { "client.pem": tls.clientCert, "client_key.pem": tls.clientKey };

Deno.test("createNatsBus speaks TLS, and to nobody whom its authorities do not know", () =>
  withServer('tls { cert_file: "${dir}/cert.pem", key_file: "${dir}/key.pem" }', TLS_FILES, async (server, dir) => {
    await assertCarries(server, { tls: { caPath: `${dir}/ca.pem` } });
    await assertUnreachable(server, { tls: { caPath: `${dir}/other.pem` } }, /NATS cannot be reached.*(certificate|issuer)/i);
    await assertUnreachable(server, { tls: {} }, /NATS cannot be reached.*(certificate|issuer)/i);
  }));

Deno.test("createNatsBus speaks mutual TLS", () =>
  withServer(
    'tls { cert_file: "${dir}/cert.pem", key_file: "${dir}/key.pem", ca_file: "${dir}/ca.pem", verify: true }',
    { ...TLS_FILES, ...CLIENT_FILES },
    async (server, dir) => {
      const caPath = `${dir}/ca.pem`;
      await assertCarries(server, { tls: { caPath, certPath: `${dir}/client.pem`, keyPath: `${dir}/client_key.pem` } });
      await assertUnreachable(server, { tls: { caPath } }, /NATS cannot be reached/);
    },
  ));

Deno.test("createNatsBus does not speak in the clear when TLS is wanted", async () => {
  await using server = await startNatsServer();
  await assertUnreachable(server, { tls: {} }, /NATS cannot be reached.*does not support 'tls'/);
});

Deno.test("createNatsBus names the file that cannot be read, and its setting", async () => {
  const options = { servers: ["127.0.0.1:1"], subjectPrefix: "x", log: testLog(), credsPath: "/nowhere/creds" };
  const error = await assertRejects(() => createNatsBus(options), ChatError);
  assertEquals([error.code, error.message], ["failed_precondition", "The file /nowhere/creds of NATS_CREDS_PATH cannot be read"]);
});
