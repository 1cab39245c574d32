/**
 * Prints the exact permissions that the server needs with the settings in force, as flags for `deno run`: its own addresses, its data folder,
 * its TLS files, and nothing else. The tasks `start` and `dev` put them on the command line, so that a setting such as `DATA_DIR` moves the permission with it
 * and no process stays in between.
 *
 * @module
 */
import { keysAreInDatabase } from "../src/config/auth.ts";
import type { Config } from "../src/config/config.ts";
import { nearMisses } from "../src/config/near_misses.ts";
import { applyPresets } from "../src/config/presets.ts";
import { inspectConfig } from "../src/config/read.ts";
import { playsService } from "../src/config/roles.ts";
import { settingNames } from "../src/config/settings.ts";
import { parsePostgresUrl, type PostgresAddress } from "../src/database/postgres/address.ts";

/**
 * The flags for these settings. Without a config (it has problems) only what it takes to say so.
 *
 * Of the environment the server sees the settings; whatever else libraries ask for is unset to them, because settings come in by one door:
 * PGHOST and its like would lead postgres.js elsewhere than `DATABASE_URL` says, a proxy would see the calls between services.
 */
export function permissionFlags(config: Config | undefined): readonly string[] {
  const env = [`--allow-env=${settingNames.join(",")}`, "--ignore-env"];
  if (config === undefined) return env;
  const { dataDirs, files } = paths(config);
  const { record, replay } = config.services.has("ai") ? config.ai : {};
  const socketPaths = postgres(config).flatMap(sockets);
  const flags = [
    ...env,
    flag("allow-net", addresses(config)),
    flag("allow-read", [...new Set([...dataDirs, ...files, ...socketPaths, ...given(record, replay)])]),
    flag("allow-write", [...dataDirs, ...socketPaths, ...given(record)]),
    // What starts plugins within their limits.
    config.services.has("plugin") ? "--allow-run=/bin/sh" : "",
    // The container's memory limit.
    config.memory.limitBytes === undefined ? "--allow-sys=systemMemoryInfo" : "",
  ];
  return flags.filter((text) => text !== "");
}

function given(...paths: readonly (string | undefined)[]): readonly string[] {
  return paths.filter((path) => path !== undefined);
}

/** A flag without values would allow everything. */
function flag(name: string, values: readonly string[]): string {
  for (const value of values) {
    if (/[\s,]/.test(value)) {
      throw new Error(`The task cannot grant ${JSON.stringify(value)}: it has white space or a comma in it`);
    }
  }
  return values.length === 0 ? "" : `--${name}=${values.join(",")}`;
}

function paths(config: Config): { readonly dataDirs: readonly string[]; readonly files: readonly string[] } {
  const { tls } = config.grpc;
  const nats = config.services.has("message") ? config.nats : undefined;
  const natsFiles = [nats?.credsPath, nats?.nkeyPath, nats?.tls?.caPath, nats?.tls?.certPath, nats?.tls?.keyPath];
  const files = [tls?.certPath, tls?.keyPath, tls?.caPath, ...postgres(config).map((server) => server.sslRootCertPath), ...natsFiles]
    .filter((path) => path !== undefined);
  files.push(...authFiles(config));
  if (config.services.has("gateway") && config.http.tls !== undefined) files.push(config.http.tls.certPath, config.http.tls.keyPath);
  if (config.services.has("ai")) {
    files.push(...config.ai.providers.flatMap(({ apiKeyPath }) => apiKeyPath === undefined ? [] : [apiKeyPath]));
  }
  if (config.services.has("plugin")) files.push("src", ...given(config.plugin.trustedKeysPath, config.plugin.envPath));
  // The worker that reads documents is loaded as a file at run time.
  if (config.services.has("rag") && config.database.kind === "postgres") files.push("src");
  const pluginDirs = config.services.has("plugin") ? [config.plugin.dataDir] : [];
  if (config.database.kind !== "pglite" || !playsService(config.services)) return { dataDirs: pluginDirs, files };
  // PGlite's worker is loaded as a file at run time; relative, because tasks run in the project's folder.
  const { dataDir } = config.database;
  const outside = pluginDirs.filter((path) => !path.startsWith(`${dataDir.replace(/\/+$/, "")}/`));
  return { dataDirs: [dataDir, ...outside], files: [...files, "src", ...pgliteFolders()] };
}

/** What callers are held against, where that lies in files. */
function authFiles({ auth: { mode, keysPath, jwt } }: Config): readonly string[] {
  if (mode === "api_key") return keysPath === undefined ? [] : [keysPath];
  return jwt?.keys.kind === "secret_file" || jwt?.keys.kind === "jwks_file" ? [jwt.keys.path] : [];
}

/** With the port, also where it is the protocol's own. */
function hostOf(baseUrl: string): string {
  const { hostname, port, protocol } = new URL(baseUrl);
  return `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
}

/** Where the database servers are; none when a URL is wrong, of which the server itself will tell. */
function postgres(config: Config): readonly PostgresAddress[] {
  const { database } = config;
  if (database.kind !== "postgres" || !(playsService(config.services) || keysAreInDatabase(config.auth))) return [];
  try {
    return [database.url, database.readUrl].flatMap((url) => url === undefined ? [] : [parsePostgresUrl(url)]);
  } catch {
    return [];
  }
}

/** The Unix socket of a server on this machine; Deno asks for it as a network address and as a file to read and to write. */
function sockets({ endpoints }: PostgresAddress): readonly string[] {
  return endpoints.filter(({ host }) => host.startsWith("/")).map(({ host, port }) => `${host}/.s.PGSQL.${port}`);
}

/** PGlite reads its WebAssembly and its extension from their packages, wherever the runtime keeps those. */
function pgliteFolders(): readonly string[] {
  return ["@electric-sql/pglite", "@electric-sql/pglite-pgvector"].map((name) =>
    decodeURIComponent(new URL(".", import.meta.resolve(name)).pathname).replace(/\/$/, "")
  );
}

function addresses(config: Config): readonly string[] {
  const { services, http, grpc, serviceAddresses, metrics } = config;
  const at = (host: string, port: number) => `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const found: string[] = [];
  if (services.has("gateway")) found.push(at(http.host, http.port));
  if (playsService(config.services) && grpc.enabled) found.push(at(grpc.host, grpc.port));
  for (const server of postgres(config)) {
    found.push(...sockets(server).map((path) => `unix:${path}`));
    found.push(...server.endpoints.filter(({ host }) => !host.startsWith("/")).map(({ host, port }) => at(host, port)));
  }
  const { jwt } = config.auth;
  if (jwt?.keys.kind === "jwks_url") found.push(hostOf(jwt.keys.url));
  if (services.has("message")) found.push(...config.nats?.servers ?? []);
  if (metrics !== undefined) found.push(at(metrics.host, metrics.port));
  found.push(...Object.values(serviceAddresses).flat());
  if (services.has("rag")) {
    found.push(...[config.embedding, config.rerank].flatMap((model) => model === undefined ? [] : [hostOf(model.baseUrl)]));
  }
  if (services.has("plugin")) found.push(...config.plugin.remoteAddresses);
  if (services.has("ai")) found.push(...new Set(config.ai.providers.map(({ baseUrl }) => hostOf(baseUrl))));
  return found;
}

/** The flags; when one cannot be given the reason goes to stderr, and the server, which then lacks it, says what it needed it for. */
function grantable(config: Config | undefined): readonly string[] {
  try {
    return permissionFlags(config);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return permissionFlags(undefined);
  }
}

if (import.meta.main) {
  const { env } = applyPresets(Deno.env.toObject(), Deno.args);
  // The server itself sees no variables but its own, so misspelt ones are told here.
  for (const warning of nearMisses(env)) console.error(`Warning: ${warning}`);
  const { config } = inspectConfig(env);
  console.log(grantable(config).join(" "));
}
