import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { permissionFlags } from "../../scripts/permissions.ts";
import { readConfig } from "../../src/config/read.ts";

function flags(env: Record<string, string>): Readonly<Record<string, string>> {
  return Object.fromEntries(permissionFlags(readConfig(env)).map((flag) => flag.replace(/^--/, "").split(/=(.*)/s) as [string, string]));
}

Deno.test("permissionFlags grants an embedded database its folder and the server its own addresses, and no more", () => {
  const granted = flags({ GRPC_ENABLED: "true", DATA_DIR: "/var/chat", HTTP_PORT: "0" });
  assertEquals(granted["allow-net"], "127.0.0.1:0,127.0.0.1:50051,127.0.0.1:9464");
  assertEquals(granted["allow-write"], "/var/chat");
  assertMatch(granted["allow-read"] ?? "", /^\/var\/chat,src,[^,]*\/pglite\/[^,]*,[^,]*\/pglite-pgvector\/[^,]*$/);
  assertEquals(Object.keys(granted), ["allow-env", "ignore-env", "allow-net", "allow-read", "allow-write", "allow-run", "allow-sys"]);
  assertEquals(granted["allow-sys"], "systemMemoryInfo");
  assertEquals(flags({ MEMORY_LIMIT_MB: "512" })["allow-sys"], undefined);
});

Deno.test("permissionFlags grants a server on Postgres the database's address, its own sources, and no secret on the command line", () => {
  const granted = flags({ DATABASE_URL: "postgres://chat:hunter2@db.example/chat" });
  assertEquals(granted["allow-net"], "127.0.0.1:8000,db.example:5432,127.0.0.1:9464");
  assertEquals(granted["allow-read"], "./data/plugins,src", "the worker that reads documents is loaded as a file");
  assertEquals(granted["allow-write"], "./data/plugins", "plugins' own folders");
  const messages = flags({ SERVICES: "gateway,message", DATABASE_URL: "postgres://chat:hunter2@db.example/chat" });
  assertEquals([messages["allow-read"], messages["allow-write"]], [undefined, undefined]);
  assert(!JSON.stringify(granted).includes("hunter2"));
});

Deno.test("permissionFlags grants the socket and the certificates that a database URL names", () => {
  const granted = flags({ DATABASE_URL: "postgres://chat@localhost/chat?host=/run/postgresql&sslrootcert=/tls/root.pem" });
  assertEquals(granted["allow-net"], "127.0.0.1:8000,unix:/run/postgresql/.s.PGSQL.5432,127.0.0.1:9464");
  assertEquals(granted["allow-read"], "./data/plugins,/tls/root.pem,src,/run/postgresql/.s.PGSQL.5432");
  assertEquals(granted["allow-write"], "./data/plugins,/run/postgresql/.s.PGSQL.5432");
});

Deno.test("permissionFlags grants a gateway alone the addresses of the services that it calls, and TLS its files", () => {
  const granted = flags({
    SERVICES: "gateway",
    MESSAGE_SERVICE_ADDR: "messages:50051,[::1]:50051",
    RAG_SERVICE_ADDR: "documents:50051",
    HTTP_HOST: "::1",
    GRPC_TLS_ENABLED: "true",
    GRPC_TLS_CERT_PATH: "/tls/cert.pem",
    GRPC_TLS_KEY_PATH: "/tls/key.pem",
  });
  assertEquals(granted["allow-net"], "[::1]:8000,127.0.0.1:9464,messages:50051,[::1]:50051,documents:50051");
  assertEquals(granted["allow-read"], "/tls/cert.pem,/tls/key.pem");
  assertEquals(granted["allow-write"], undefined);
});

Deno.test("permissionFlags refuses a path that would fall apart on a command line", () => {
  assertThrows(() => flags({ DATA_DIR: "/my data" }), Error, "white space");
});

Deno.test("permissionFlags of settings with problems allows no more than to say so", () => {
  assertEquals(permissionFlags(undefined).map((flag) => flag.split("=")[0]), ["--allow-env", "--ignore-env"]);
});

Deno.test("permissionFlags grants a server on NATS every server that is named, and its files", () => {
  const granted = flags({
    DATABASE_URL: "postgres://chat@db/chat",
    EVENT_BUS: "nats",
    NATS_URL: "tls://n1,tls://n2:5222",
    NATS_CREDS_PATH: "/nats/creds",
    NATS_TLS_CA_PATH: "/nats/ca.pem",
  });
  assertEquals(granted["allow-net"], "127.0.0.1:8000,db:5432,n1:4222,n2:5222,127.0.0.1:9464");
  assertEquals(granted["allow-read"], "./data/plugins,/nats/creds,/nats/ca.pem,src");
});

Deno.test("permissionFlags grants every host of a database URL", () => {
  assertEquals(flags({ DATABASE_URL: "postgres://chat@a:1,b/chat", METRICS_PORT: "off" })["allow-net"], "127.0.0.1:8000,a:1,b:5432");
});

Deno.test("permissionFlags grants the read replica's address", () => {
  const env = { DATABASE_URL: "postgres://chat@a:1/chat", DATABASE_READ_URL: "postgres://chat@b:2,c/chat", METRICS_PORT: "off" };
  assertEquals(flags(env)["allow-net"], "127.0.0.1:8000,a:1,b:2,c:5432");
});

Deno.test("permissionFlags grants what callers are held against: the file of keys, the issuer's address, the database of keys", () => {
  const gateway = { SERVICES: "gateway", MESSAGE_SERVICE_ADDR: "127.0.0.1:50051", METRICS_PORT: "off" };
  const jwt = { ...gateway, AUTH_MODE: "jwt", JWT_ISSUER: "https://issuer", JWT_AUDIENCE: "chat" };
  assertEquals(flags({ ...gateway, AUTH_MODE: "api_key", API_KEYS_PATH: "/keys/all.json" })["allow-read"], "/keys/all.json");
  assertEquals(flags({ ...gateway, AUTH_MODE: "api_key", API_KEYS_PATH: "/keys/all.json" })["allow-write"], undefined);
  assertMatch(
    flags({ ...gateway, AUTH_MODE: "api_key", DATABASE_URL: "postgres://chat@db.example/chat" })["allow-net"] ?? "",
    /(^|,)db\.example:5432(,|$)/,
  );
  assertEquals(flags({ ...jwt, JWT_SECRET_PATH: "/run/secret" })["allow-read"], "/run/secret");
  assertMatch(flags({ ...jwt, JWT_JWKS_URL: "https://issuer.example/keys" })["allow-net"] ?? "", /(^|,)issuer.example:443(,|$)/);
});

Deno.test("permissionFlags grants the AI service its model servers and the files of their keys, which are not shown, and nothing to who does not play it", () => {
  const providers = [
    { name: "a", base_url: "https://models.example/v1", models: ["m"], api_key_path: "/keys/a" },
    { name: "b", base_url: "http://127.0.0.1:8080/v1", models: ["m"], api_key: "hunter2" },
  ];
  const env = { DATABASE_URL: "postgres://chat@db/chat", AI_PROVIDERS: JSON.stringify(providers) };
  const granted = flags(env);
  assert(granted["allow-net"]?.includes(",models.example:443,127.0.0.1:8080"), granted["allow-net"]);
  assert(granted["allow-read"]?.split(",").includes("/keys/a"), granted["allow-read"]);
  const other = flags({ ...env, SERVICES: "gateway,message" });
  assert(!/hunter2/.test(JSON.stringify(granted)) && !/models|keys/.test(JSON.stringify([other["allow-net"], other["allow-read"]])));
});

Deno.test("permissionFlags grants the plugin service the shell that starts plugins, their folder, its files and remote plugins' addresses, and nobody else", () => {
  const env = {
    ...{ DATABASE_URL: "postgres://chat@db/chat", METRICS_PORT: "off", GRPC_ENABLED: "true", PLUGIN_DATA_DIR: "/var/plugins" },
    ...{ PLUGIN_TRUSTED_KEYS_PATH: "/keys/plugins", PLUGIN_ENV_PATH: "/etc/plugins.env", PLUGIN_REMOTE_ADDRESSES: "127.0.0.1:7000,b:7001" },
  };
  const granted = flags({ ...env, SERVICES: "plugin" });
  assertEquals(granted["allow-run"], "/bin/sh");
  assertEquals([granted["allow-read"], granted["allow-write"]], ["/var/plugins,src,/keys/plugins,/etc/plugins.env", "/var/plugins"]);
  assertEquals(granted["allow-net"], "127.0.0.1:50051,db:5432,127.0.0.1:7000,b:7001");
  const other = flags({ ...env, SERVICES: "gateway,message" });
  assert(other["allow-run"] === undefined && !/plugins|7000/.test(JSON.stringify({ ...other, "allow-env": "" })), JSON.stringify(other));
});
