import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { applyPresets } from "../../src/config/presets.ts";
import { inspectConfig, readConfig } from "../../src/config/read.ts";
import { settingsReport, settingsTable, withSettingsTable } from "../../src/config/report.ts";
import { type Setting, settingNames, settings } from "../../src/config/settings.ts";
import { ChatError } from "../../src/core/errors.ts";

const open = { GRPC_TLS_ENABLED: "false", AUTH_MODE: "none" };

const limits = {
  ...{ maxStreamsPerConnection: 1_000, maxCallsPerCaller: 5_000, maxDeadlineMs: 60_000, maxTurnDelayMs: 40 },
  ...{ maxConnectionIdleMs: 900_000, maxConnectionAgeMs: Infinity, maxConnectionAgeGraceMs: 10_000 },
};

Deno.test("readConfig gives the documented defaults for an empty environment", () => {
  const config = readConfig({});
  assertEquals([...config.services], ["gateway", "message", "rag", "ai", "plugin"]);
  const openToNobody = { allowedOrigins: [], allowedHosts: [], trustedProxies: [] };
  assertEquals(config.http, { host: "127.0.0.1", port: 8000, requestTimeoutMs: 30_000, maxCallsPerCaller: 10_000, ...openToNobody });
  assertEquals(config.rateLimits, {});
  assertEquals(config.grpc, {
    enabled: false,
    host: "127.0.0.1",
    port: 50_051,
    maxWorkers: 256,
    maxQueuedCalls: 1_024,
    maxMessageBytes: 4_194_304,
    keepaliveTimeMs: 10_000,
    keepaliveTimeoutMs: 5_000,
    limits,
    reflection: "auto",
  });
  assertEquals(config.database, { kind: "pglite", dataDir: "./data" });
  assertEquals(config.eventBus, "memory");
  assertEquals(config.memory, { highShare: 0.9 });
  assertEquals(config.shutdownTimeoutMs, 8_000);
});

Deno.test("readConfig reads the specification's names with the specification's meaning", () => {
  const { grpc } = readConfig({
    GRPC_ENABLED: "true",
    GRPC_SERVER_HOST: "::1",
    GRPC_SERVER_PORT: "0",
    GRPC_MAX_WORKERS: "10",
    GRPC_TLS_ENABLED: "TRUE",
    GRPC_TLS_CERT_PATH: "/tls/cert.pem",
    GRPC_TLS_KEY_PATH: "/tls/key.pem",
    GRPC_TLS_CA_PATH: "/tls/ca.pem",
    GRPC_MAX_MESSAGE_SIZE: "1000000",
    GRPC_KEEPALIVE_TIME_MS: "20000",
    GRPC_KEEPALIVE_TIMEOUT_MS: "6000",
    GRPC_MAX_CONNECTION_IDLE_MS: "0",
    GRPC_MAX_CONNECTION_AGE_MS: "60000",
  });
  assertEquals(grpc, {
    enabled: true,
    host: "::1",
    port: 0,
    tls: { certPath: "/tls/cert.pem", keyPath: "/tls/key.pem", caPath: "/tls/ca.pem" },
    maxWorkers: 10,
    maxQueuedCalls: 1_024,
    maxMessageBytes: 1_000_000,
    keepaliveTimeMs: 20_000,
    keepaliveTimeoutMs: 6_000,
    limits: { ...limits, maxConnectionIdleMs: Infinity, maxConnectionAgeMs: 60_000 },
    reflection: "auto",
  });
});

Deno.test("readConfig reports every problem at once, each with setting, wish and value", () => {
  const error = assertThrows(
    () => readConfig({ GRPC_MAX_WORKERS: "many", HTTP_PORT: "70000", LOG_LEVEL: "loud", GRPC_ENABLED: "maybe" }),
    ChatError,
  );
  assertEquals(error.code, "invalid_argument");
  assertEquals(error.message.split("\n"), [
    "4 settings are wrong:",
    '- HTTP_PORT must be a whole number from 0 to 65535, got "70000"',
    '- GRPC_ENABLED must be true or false, got "maybe"',
    '- GRPC_MAX_WORKERS must be a whole number from 1 to 100000, got "many"',
    '- LOG_LEVEL must be debug or info or warn or error, got "loud"',
  ]);
});

Deno.test("readConfig never tells a secret's value, not even a wrong one", () => {
  const error = assertThrows(() => readConfig({ DATABASE_URL: "mysql://user:hunter2@host/db" }), ChatError);
  assertStringIncludes(error.message, "DATABASE_URL must be a postgres:// address");
  assert(!error.message.includes("hunter2"));
});

Deno.test("readConfig takes an empty or blank value for unset", () => {
  assertEquals(readConfig({ HTTP_PORT: "", DATABASE_URL: "  ", GRPC_TLS_CERT_PATH: "" }), readConfig({}));
});

Deno.test("readConfig says which services and buses there are to who names another", () => {
  const { problems } = inspectConfig({ SERVICES: "gateway,message,mail", EVENT_BUS: "kafka" });
  assertEquals(problems, [
    'SERVICES must be a comma-separated list of gateway, message, rag, ai, plugin, got "gateway,message,mail"',
    'EVENT_BUS must be memory or postgres or nats, got "kafka"',
  ]);
});

Deno.test("readConfig reads what plugins must be signed with and where they have their files", () => {
  const key = new Uint8Array(32).fill(7).toBase64();
  const { plugin } = readConfig({ DATA_DIR: "/data/", PLUGIN_TRUSTED_KEYS: `team:${key}, other.key:${key}`, PLUGIN_BUILT_IN: "poll,poll" });
  assertEquals(plugin.trustedKeys?.map(({ id, publicKey }) => [id, publicKey.length]), [["team", 32], ["other.key", 32]]);
  assertEquals([plugin.dataDir, plugin.builtIn, plugin.remoteAddresses], ["/data/plugins", ["poll"], []]);
  for (const wrong of ["team", `team:${key},team:${key}`, "team:AAAA", `a b:${key}`, ","]) {
    assertMatch(inspectConfig({ PLUGIN_TRUSTED_KEYS: wrong }).problems.join(), /^PLUGIN_TRUSTED_KEYS must be ID:PUBLIC_KEY/, wrong);
  }
  assertMatch(
    inspectConfig({ PLUGIN_TRUSTED_KEYS: `t:${key}`, PLUGIN_TRUSTED_KEYS_PATH: "/k" }).problems.join(),
    /^PLUGIN_TRUSTED_KEYS_PATH/,
  );
  assertMatch(inspectConfig({ PLUGIN_BUILT_IN: "../etc" }).problems.join(), /^PLUGIN_BUILT_IN must be none, or names/);
  const hosts = readConfig({ PLUGIN_WEBHOOK_HOSTS: "Hooks.example, 127.0.0.1:8080,[::1]:81", PLUGIN_HOST_ADDRESS: "chat-1:50051" }).plugin;
  assertEquals(hosts.builtInNet, { "link-preview": [], webhook: ["hooks.example", "127.0.0.1:8080", "[::1]:81"] });
  assertEquals(hosts.hostAddress, "chat-1:50051");
  for (const wrong of ["*.example", "http://x", "x:0", "a b", ","]) {
    assertMatch(
      inspectConfig({ PLUGIN_LINK_PREVIEW_HOSTS: wrong }).problems.join(),
      /^PLUGIN_LINK_PREVIEW_HOSTS must be up to 32 hosts/,
      wrong,
    );
  }
});

Deno.test("readConfig picks the event bus by the database, and refuses postgres without one", () => {
  assertEquals(readConfig({ DATABASE_URL: "postgres://h/d" }).eventBus, "postgres");
  assertEquals(readConfig({ DATABASE_URL: "postgres://h/d", EVENT_BUS: "memory" }).eventBus, "memory");
  assertEquals(inspectConfig({ EVENT_BUS: "postgres" }).problems, ["EVENT_BUS must be memory when DATABASE_URL is not set, got postgres"]);
});

Deno.test("readConfig wants an address for what a part cannot do without and runs elsewhere, and gRPC for services without a gateway", () => {
  assertMatch(inspectConfig({ SERVICES: "gateway" }).problems.join(), /^MESSAGE_SERVICE_ADDR must be set/);
  assertMatch(inspectConfig({ SERVICES: "message" }).problems.join(), /^GRPC_ENABLED must be true/);
  assertEquals(inspectConfig({ SERVICES: "gateway", MESSAGE_SERVICE_ADDR: "other" }).problems.length, 2);
  assertEquals(inspectConfig({ SERVICES: "gateway,message" }).problems, [], "a gateway does without documents");
});

Deno.test("readConfig keeps the addresses of services that a part of this process calls, and doubts the others", () => {
  const addresses = (env: Record<string, string>) => readConfig(env).serviceAddresses;
  const gateway = { SERVICES: "gateway", MESSAGE_SERVICE_ADDR: "[::1]:50051", RAG_SERVICE_ADDR: "a:1, b.example:2,a:1" };
  assertEquals(addresses(gateway), { message: ["[::1]:50051"], rag: ["a:1", "b.example:2"] });
  assertEquals(inspectConfig(gateway).warnings, []);
  const whole = { MESSAGE_SERVICE_ADDR: "other:50051" };
  assertEquals(addresses(whole), {});
  assertEquals(inspectConfig(whole).warnings, ["MESSAGE_SERVICE_ADDR is not used, because SERVICES has message run in this process"]);
  const documents = { SERVICES: "rag", GRPC_ENABLED: "true", MESSAGE_SERVICE_ADDR: "other:50051" };
  assertEquals(addresses(documents), { message: ["other:50051"] });
  const messages = { SERVICES: "message", GRPC_ENABLED: "true", RAG_SERVICE_ADDR: "other:50051" };
  assertEquals(addresses(messages), {});
  assertEquals(inspectConfig(messages).warnings, ["RAG_SERVICE_ADDR is not used, because nothing in SERVICES calls it"]);
  for (const wrong of ["host", "a:1,b", "a:0", "a:65536", ",", "http://a:1", "a:1;b:2"]) {
    assertMatch(
      inspectConfig({ ...gateway, RAG_SERVICE_ADDR: wrong }).problems.join(),
      /^RAG_SERVICE_ADDR must be host:port, or several/,
      wrong,
    );
  }
});

Deno.test("readConfig wants both TLS files with TLS", () => {
  assertEquals(inspectConfig({ GRPC_TLS_ENABLED: "true" }).problems.length, 2);
});

Deno.test("readConfig refuses an address that other machines reach, unless TLS and authentication are decided", () => {
  for (const host of ["0.0.0.0", "::", "192.168.1.7", "chat.example"]) {
    const { problems } = inspectConfig({ HTTP_HOST: host });
    assertEquals(problems.length, 1, host);
    assertStringIncludes(problems[0] ?? "", "GRPC_TLS_ENABLED");
    assertStringIncludes(problems[0] ?? "", "AUTH_MODE");
    assertEquals(inspectConfig({ HTTP_HOST: host, ...open }).problems, []);
  }
  assertEquals(inspectConfig({ GRPC_SERVER_HOST: "0.0.0.0" }).problems, [], "a server that is off listens nowhere");
  assertEquals(inspectConfig({ GRPC_SERVER_HOST: "0.0.0.0", GRPC_ENABLED: "true", AUTH_MODE: "none" }).problems.length, 1);
  assertEquals(inspectConfig({ GRPC_SERVER_HOST: "0.0.0.0", GRPC_ENABLED: "true", GRPC_TLS_ENABLED: "false" }).problems.length, 1);
});

Deno.test("readConfig takes every loopback address without questions", () => {
  for (const host of ["127.0.0.1", "127.8.9.10", "::1", "[::1]", "localhost"]) {
    assertEquals(inspectConfig({ HTTP_HOST: host }).problems, [], host);
  }
});

Deno.test("inspectConfig warns of misspelt settings, and of nothing that belongs to others", () => {
  const { warnings } = inspectConfig({
    GRPC_MAX_WORKER: "5",
    HTTP_PROXY: "x",
    HTTP_PORTS: "1",
    GRPC_TRACE: "all",
    DATABASE_OF_SOMEONE_ELSE: "y",
    HOME: "/",
  });
  assertEquals(warnings, [
    "GRPC_MAX_WORKER is not a setting and has no effect; did you mean GRPC_MAX_WORKERS?",
    "HTTP_PORTS is not a setting and has no effect; did you mean HTTP_PORT?",
  ]);
});

Deno.test("applyPresets fills in what the environment leaves open, and nothing else", () => {
  const args = ["--env-default", "GRPC_ENABLED=true", "config", "--env-default", "LOG_LEVEL=debug"];
  const { env, presets, rest } = applyPresets({ GRPC_ENABLED: "false" }, args);
  assertEquals(env, { GRPC_ENABLED: "false", LOG_LEVEL: "debug" });
  assertEquals([...presets], ["LOG_LEVEL"]);
  assertEquals(rest, ["config"]);
  assertThrows(() => applyPresets({}, ["--env-default", "GRPC_ENABLED"]), ChatError, "NAME=VALUE");
});

Deno.test("settingsReport shows where each value came from and hides the URL's secrets", () => {
  const { text, ok } = settingsReport(
    { DATABASE_URL: "postgres://ann:hunter2@db:5432/chat?password=hunter3", GRPC_ENABLED: "true" },
    new Set(["GRPC_ENABLED"]),
  );
  assert(ok);
  assertMatch(text, /DATABASE_URL +postgres:\/\/\*\*\*@db:5432\/chat\?\*\*\* +environment/);
  assertMatch(text, /GRPC_ENABLED +true +command line/);
  assertMatch(text, /HTTP_PORT +8000 +default/);
  assert(!/hunter|ann/.test(text));
  assert(!settingsReport({ HTTP_PORT: "x" }).ok);
});

Deno.test("settings: each default is one that its own kind accepts, and each row says why", () => {
  for (const name of settingNames) {
    const setting: Setting<unknown> = settings[name];
    assert(setting.why.length > 3 && setting.doc.length > 3, name);
    if (setting.default !== undefined) assert("value" in setting.kind.parse(setting.default), name);
  }
});

Deno.test("settingsTable is what the README shows between its markers", async () => {
  const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
  assertEquals(withSettingsTable(readme), readme, "run deno task config --markdown");
  assertStringIncludes(readme, settingsTable());
});

Deno.test("readConfig reads NATS: several servers, who goes there and whether by TLS", () => {
  const base = { DATABASE_URL: "postgres://h/d", EVENT_BUS: "nats" };
  const nats = (env: Record<string, string>) => readConfig({ ...base, ...env }).nats;
  assertEquals(nats({ NATS_URL: "nats://a, nats://[::1]:5222" }), { servers: ["a:4222", "[::1]:5222"], subjectPrefix: "chat.wake_up" });
  assertEquals(nats({ NATS_URL: "nats://ann:p%40ss@a,nats://b:1" }), {
    servers: ["a:4222", "b:1"],
    subjectPrefix: "chat.wake_up",
    user: "ann",
    password: "p@ss",
  });
  assertEquals(nats({ NATS_URL: "tls://t0ken@a", NATS_SUBJECT_PREFIX: "x" }), {
    servers: ["a:4222"],
    subjectPrefix: "x",
    token: "t0ken",
    tls: {},
  });
  assertEquals(nats({ NATS_URL: "nats://a", NATS_TLS_CA_PATH: "/ca.pem", NATS_CREDS_PATH: "/c" })?.tls, { caPath: "/ca.pem" });
  assertEquals(readConfig({ DATABASE_URL: "postgres://h/d", NATS_URL: "nats://a" }).nats, undefined);
});

Deno.test("readConfig says what is wrong with NATS settings, without their secrets", () => {
  const base = { DATABASE_URL: "postgres://h/d", EVENT_BUS: "nats" };
  const problems = (env: Record<string, string>) => inspectConfig({ ...base, ...env }).problems.join("; ");
  assertMatch(problems({}), /^NATS_URL must be set when EVENT_BUS is nats, got nothing$/);
  assertMatch(
    problems({ NATS_URL: "nats://ann:hunter2@a,http://b" }),
    /^NATS_URL must be nats:\/\/ or tls:\/\/ addresses, [^;]*not shown[^;]*; NATS_URL must be set/,
  );
  assertMatch(problems({ NATS_URL: "nats://ann:x@a,nats://bob:x@b" }), /with one user for all/);
  assertMatch(
    problems({ NATS_URL: "nats://ann:x@a", NATS_NKEY_PATH: "/k" }),
    /one way to log in, got a user in NATS_URL and NATS_NKEY_PATH$/,
  );
  assertMatch(problems({ NATS_URL: "nats://a", NATS_TLS_KEY_PATH: "/k" }), /must be set together/);
  assertMatch(problems({ NATS_URL: "nats://a", NATS_SUBJECT_PREFIX: "a.>" }), /^NATS_SUBJECT_PREFIX must be words of/);
  assertEquals(inspectConfig({ EVENT_BUS: "nats", NATS_URL: "nats://a" }).problems, [
    "EVENT_BUS must be memory when DATABASE_URL is not set, got nats",
  ]);
});

Deno.test("settingsReport shows where lists of hosts lead, and no password", () => {
  const { text } = settingsReport({
    DATABASE_URL: "postgres://u:12,34@h1:1,h2:2/d?x=y",
    EVENT_BUS: "nats",
    NATS_URL: "nats://ann:se,cret@a:1,nats://b",
  });
  assertMatch(text, /postgres:\/\/\*\*\*@h1:1,h2:2\/d\?\*\*\*\s/);
  assertMatch(text, /nats:\/\/\*\*\*@a:1,nats:\/\/b\s/);
});

Deno.test("readConfig reads where metrics are and which calls are logged", () => {
  assertEquals(readConfig({}).metrics, { host: "127.0.0.1", port: 9464, skipIfTaken: true });
  assertEquals(readConfig({ METRICS_PORT: "off" }).metrics, undefined);
  assertEquals(["all", "errors", "off", "0.01", ".5"].map((text) => readConfig({ LOG_ACCESS: text }).accessLog), [
    "all",
    "errors",
    "off",
    0.01,
    0.5,
  ]);
  for (const LOG_ACCESS of ["1.5", "0", "0.0", "some", "-0.1"]) assertEquals(inspectConfig({ LOG_ACCESS }).problems.length, 1, LOG_ACCESS);
  assertEquals(inspectConfig({ METRICS_PORT: "none at all" }).problems, [
    'METRICS_PORT must be a port from 0 to 65535, off, or auto, got "none at all"',
  ]);
});

Deno.test("readConfig does not offer metrics to strangers: a public address needs a token, which is never shown", () => {
  const [problem] = inspectConfig({ METRICS_HOST: "0.0.0.0" }).problems;
  assertEquals(problem, "METRICS_HOST 0.0.0.0 is reachable from other machines: set METRICS_TOKEN, or METRICS_PORT=off");
  assertEquals(inspectConfig({ METRICS_HOST: "0.0.0.0", METRICS_PORT: "off" }).problems, []);
  const env = { METRICS_HOST: "0.0.0.0", METRICS_TOKEN: "hush:0123456789abcdef" };
  assertEquals(readConfig(env).metrics, { host: "0.0.0.0", port: 9464, skipIfTaken: true, token: "hush:0123456789abcdef" });
  assert(!settingsReport(env).text.includes("hush"));
  const short = inspectConfig({ METRICS_TOKEN: "hush" }).problems.join();
  assert(/^METRICS_TOKEN must be 16 to 512/.test(short) && !short.includes("hush"), short);
});

Deno.test("readConfig wants an embedding server's address and model together, and never tells its key", () => {
  const config = readConfig({ EMBEDDING_BASE_URL: "http://127.0.0.1:8080/v1/", EMBEDDING_MODEL: "bge-m3", EMBEDDING_API_KEY: "hunter2" });
  assertEquals(config.embedding, { baseUrl: "http://127.0.0.1:8080/v1", model: "bge-m3", apiKey: "hunter2" });
  assertEquals(inspectConfig({ RERANK_MODEL: "x" }).problems, ["RERANK_BASE_URL must be set when RERANK_MODEL is, got nothing"]);
  assertEquals(inspectConfig({ EMBEDDING_BASE_URL: "https://h" }).problems, [
    "EMBEDDING_MODEL must be set when EMBEDDING_BASE_URL is, got nothing",
  ]);
  assert(!settingsReport({ EMBEDDING_API_KEY: "hunter2" }, new Set()).text.includes("hunter2"));
});

Deno.test("readConfig takes a read replica for a Postgres, and for nothing else", () => {
  const { database } = readConfig({ DATABASE_URL: "postgres://h/d", DATABASE_READ_URL: "postgres://r1,r2/d" });
  assertEquals(database.kind === "postgres" ? database.readUrl : undefined, "postgres://r1,r2/d");
  assertEquals(inspectConfig({ DATABASE_READ_URL: "postgres://r/d" }).problems, [
    "DATABASE_READ_URL must be unset when DATABASE_URL is not set, got a value",
  ]);
});

const jwt = { AUTH_MODE: "jwt", JWT_ISSUER: "https://issuer", JWT_AUDIENCE: "chat" };
const secret = "s".repeat(32);

Deno.test("readConfig keeps API keys in the database, or in a file where there is none, or where it is told", () => {
  const path = (env: Record<string, string>) => readConfig({ AUTH_MODE: "api_key", ...env }).auth.keysPath;
  assertEquals(path({}), "./data/api_keys.json");
  assertEquals(path({ DATA_DIR: "/d" }), "/d/api_keys.json");
  assertEquals(path({ DATABASE_URL: "postgres://h/d" }), undefined);
  assertEquals(path({ DATABASE_URL: "postgres://h/d", API_KEYS_PATH: "/k" }), "/k");
});

Deno.test("readConfig wants to know where a gateway alone finds API keys", () => {
  const gateway = { SERVICES: "gateway", MESSAGE_SERVICE_ADDR: "127.0.0.1:50051", AUTH_MODE: "api_key" };
  assertMatch(inspectConfig(gateway).problems.join(), /^DATABASE_URL or API_KEYS_PATH must be set when AUTH_MODE is api_key/);
  assertEquals(inspectConfig({ ...gateway, API_KEYS_PATH: "/k" }).problems, []);
  assertEquals(inspectConfig({ ...gateway, DATABASE_URL: "postgres://h/d" }).problems, []);
});

Deno.test("readConfig wants issuer, audience and exactly one place of keys with AUTH_MODE=jwt", () => {
  assertEquals(inspectConfig({ AUTH_MODE: "jwt" }).problems.length, 3);
  assertEquals(inspectConfig({ ...jwt, JWT_SECRET: secret }).problems, []);
  assertMatch(
    inspectConfig({ ...jwt, JWT_SECRET: secret, JWT_JWKS_PATH: "/k" }).problems.join(),
    /^Exactly one of .* got JWT_SECRET, JWT_JWKS_PATH$/,
  );
  assertEquals(readConfig({ ...jwt, JWT_JWKS_URL: "https://issuer/keys" }).auth.jwt?.keys, {
    kind: "jwks_url",
    url: "https://issuer/keys",
  });
});

Deno.test("readConfig refuses short secrets, without showing them, and key sets in the clear", () => {
  const { problems: [problem = ""] } = inspectConfig({ ...jwt, JWT_SECRET: "hunter2" });
  assertMatch(problem, /^JWT_SECRET must be 32 to 1024/);
  assertEquals(problem.includes("hunter2"), false);
  for (const url of ["http://issuer/keys", "file:///etc/keys", "https://a:b@issuer/keys", "issuer"]) {
    assertMatch(inspectConfig({ ...jwt, JWT_JWKS_URL: url }).problems.join(), /JWT_JWKS_URL must be an https/, url);
  }
  assertEquals(inspectConfig({ ...jwt, JWT_JWKS_URL: "http://127.0.0.1:9/keys" }).problems, []);
  assertEquals(settingsReport({ ...jwt, JWT_SECRET: secret }).text.includes(secret), false);
});

Deno.test("readConfig reads which certificates are whose, and only where certificates are asked for", () => {
  const tls = { GRPC_TLS_ENABLED: "true", GRPC_TLS_CERT_PATH: "/c", GRPC_TLS_KEY_PATH: "/k", GRPC_TLS_CA_PATH: "/a" };
  const rules = "DNS:gateway.chat gateway messages:read,messages:write ; URI:spiffe://chat/rag rag documents:read";
  assertEquals(readConfig({ ...tls, CERTIFICATE_CALLERS: rules }).auth.certificates, [
    { san: "DNS:gateway.chat", name: "gateway", scopes: ["messages:read", "messages:write"] },
    { san: "URI:spiffe://chat/rag", name: "rag", scopes: ["documents:read"] },
  ]);
  assertMatch(inspectConfig({ CERTIFICATE_CALLERS: rules }).problems.join(), /^GRPC_TLS_ENABLED and GRPC_TLS_CA_PATH must be set/);
  for (
    const wrong of ["gateway", "CN:gateway gateway ai:use", "DNS:a a", "DNS:a a ai:use extra", "DNS:a a ai:use,admin", "DNS: a ai:use"]
  ) {
    assertMatch(inspectConfig({ ...tls, CERTIFICATE_CALLERS: wrong }).problems.join(), /^CERTIFICATE_CALLERS must be/, wrong);
  }
});

Deno.test("readConfig refuses to hand tokens on in the clear, unless somebody says so", () => {
  const gateway = { SERVICES: "gateway", MESSAGE_SERVICE_ADDR: "message:50051", ...jwt, JWT_SECRET: secret };
  assertMatch(inspectConfig(gateway).problems.join(), /^MESSAGE_SERVICE_ADDR message:50051 would be sent callers' tokens in the clear/);
  assertEquals(inspectConfig({ ...gateway, GRPC_TLS_ENABLED: "false" }).problems, []);
  assertEquals(inspectConfig({ ...gateway, MESSAGE_SERVICE_ADDR: "127.0.0.1:50051" }).problems, []);
});

Deno.test("readConfig doubts settings about tokens that nobody looks at, and tokens in the clear", () => {
  assertEquals(inspectConfig({ JWT_SECRET: secret, API_KEYS_PATH: "/k" }).warnings, [
    "JWT_SECRET is not used, because AUTH_MODE is not jwt",
    "API_KEYS_PATH is not used, because AUTH_MODE is not api_key",
  ]);
  const open = { GRPC_ENABLED: "true", GRPC_SERVER_HOST: "0.0.0.0", GRPC_TLS_ENABLED: "false", AUTH_MODE: "api_key" };
  assertMatch(inspectConfig(open).warnings.join(), /takes tokens in the clear/);
});

Deno.test("readConfig guards a gateway that asks nobody who they are by host name, and measures callers where others reach it", () => {
  const away = { ...open, HTTP_HOST: "0.0.0.0" };
  const rate = { count: 6_000, windowMs: 60_000 };
  assertEquals([readConfig({}).http.allowedHosts, readConfig(away).http.allowedHosts], [[], undefined]);
  assertEquals([readConfig({}).rateLimits, readConfig(away).rateLimits], [{}, { perCaller: rate, perAddress: rate }]);
  const keyed = readConfig({ AUTH_MODE: "api_key" });
  assertEquals([keyed.http.allowedHosts, keyed.rateLimits.perCaller], [undefined, rate]);
  const own = readConfig({
    HTTP_ALLOWED_HOSTS: "Chat.internal, chat",
    RATE_LIMIT_PER_CALLER: "5/1",
    RATE_LIMIT_PER_ADDRESS: "off",
    AUTH_MODE: "api_key",
  });
  assertEquals([own.http.allowedHosts, own.rateLimits], [["chat.internal", "chat"], { perCaller: { count: 5, windowMs: 1_000 } }]);
});

Deno.test("readConfig reads origins, proxies and the HTTP gateway's TLS, and says what they must be", () => {
  const { http } = readConfig({
    HTTP_ALLOWED_ORIGINS: "https://app.example, http://localhost:5173",
    HTTP_TRUSTED_PROXIES: "10.0.0.0/8,::1",
  });
  assertEquals([http.allowedOrigins, http.trustedProxies.map(({ bits }) => bits)], [["https://app.example", "http://localhost:5173"], [
    8,
    128,
  ]]);
  for (const origin of ["*", "https://app.example/", "app.example", "https://*.example", "null", "https://App.example"]) {
    assertMatch(inspectConfig({ HTTP_ALLOWED_ORIGINS: origin }).problems.join(), /^HTTP_ALLOWED_ORIGINS must be none, or origins/, origin);
  }
  assertMatch(
    inspectConfig({ HTTP_TRUSTED_PROXIES: "10.0.0.0/40" }).problems.join(),
    /^HTTP_TRUSTED_PROXIES must be none, or IP addresses/,
  );
  assertMatch(inspectConfig({ RATE_LIMIT_PER_CALLER: "0/10" }).problems.join(), /^RATE_LIMIT_PER_CALLER must be COUNT\/SECONDS/);
  assertEquals(inspectConfig({ HTTP_TLS_KEY_PATH: "key.pem" }).problems, [
    "HTTP_TLS_CERT_PATH must be set when HTTP_TLS_KEY_PATH is, got nothing",
  ]);
  const tls = { HTTP_HOST: "0.0.0.0", HTTP_TLS_CERT_PATH: "cert.pem", HTTP_TLS_KEY_PATH: "key.pem", AUTH_MODE: "api_key" };
  assertEquals([inspectConfig(tls).problems, inspectConfig(tls).warnings], [[], []]);
});

Deno.test("readConfig reads the servers of language models, refuses half of one, and shows no key of a wrong one", () => {
  const { ai } = readConfig({
    ...{ AI_BASE_URL: "http://127.0.0.1:1/v1/", AI_MODEL: "big", AI_CONTEXT_TOKENS: "1000", AI_MAX_TOKENS: "5000" },
    AI_PROVIDERS: '[{"name": "b", "base_url": "http://127.0.0.1:2", "models": ["x", "y"], "max_tokens": 9}]',
  });
  assertEquals(
    ai.providers.map(({ name, baseUrl, models }) => [name, baseUrl, ...models.map((model) => `${model.name} ${model.maxTokens}`)]),
    [
      ["main", "http://127.0.0.1:1/v1", "big 1000"],
      ["b", "http://127.0.0.1:2", "x 9", "y 9"],
    ],
  );
  assertEquals(ai.sentimentModel, "vader");
  const server = { AI_BASE_URL: "http://127.0.0.1:1/v1/", AI_MODEL: "big" };
  assertEquals(readConfig({ ...server, AI_SENTIMENT_MODEL: "big" }).ai.sentimentModel, "big");
  assertEquals(inspectConfig({ ...server, AI_SENTIMENT_MODEL: "small" }).problems, [
    'AI_SENTIMENT_MODEL must be one of vader, big, got "small"',
  ]);
  assertEquals(inspectConfig({ AI_MODEL: "big" }).problems, ["AI_BASE_URL must be set when AI_MODEL is, got nothing"]);
  for (const wrong of ["{", "[]", '[{"name": "b", "api_key": "hunter2"}]', '[{"name": "b", "apikey": "hunter2"}]']) {
    const [problem = ""] = inspectConfig({ AI_PROVIDERS: wrong }).problems;
    assertEquals([problem.startsWith("AI_PROVIDERS must be a JSON list"), problem.includes("hunter2")], [true, false], problem);
  }
});
