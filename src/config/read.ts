import { toAiConfig } from "./ai.ts";
import { toPluginConfig } from "./plugin.ts";
import { authDoubts, toAuthConfig } from "./auth.ts";
import { ChatError } from "../core/errors.ts";
import type { Config, DatabaseConfig, GrpcConfig, MemoryConfig, ModelConfig, ServiceName } from "./config.ts";
import { httpDoubts, toHttpConfig, toRateLimits } from "./http.ts";
import { nearMisses } from "./near_misses.ts";
import { toNatsConfig } from "./nats.ts";
import { addressSetting, callsElsewhere, roleNames } from "./roles.ts";
import { crossCheck } from "./rules.ts";
import { type Setting, type SettingName, settingNames, settings, type SettingValues } from "./settings.ts";

/** An environment, as far as it could be read. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What an environment comes to. */
export interface Inspection {
  /** Absent exactly when there are problems. */
  readonly config?: Config;
  /** Sentences, each naming the setting, what is wrong and the value found (never a secret's). */
  readonly problems: readonly string[];
  /** Sentences about what is allowed but hardly meant. */
  readonly warnings: readonly string[];
}

/** Reads the settings. Throws one `invalid_argument` `ChatError` whose text lists every problem, one a line. */
export function readConfig(env: Environment): Config {
  const { config, problems } = inspectConfig(env);
  if (config !== undefined) return config;
  const count = problems.length === 1 ? "1 setting is wrong" : `${problems.length} settings are wrong`;
  throw new ChatError("invalid_argument", [`${count}:`, ...problems.map((problem) => `- ${problem}`)].join("\n"));
}

/** Reads the settings and tells everything about them; never throws. An empty value counts as unset. */
export function inspectConfig(env: Environment): Inspection {
  const problems: string[] = [];
  const values = Object.fromEntries(settingNames.map((name) => [name, readOne(name, env[name], problems)])) as SettingValues;
  problems.push(...crossCheck(values, env));
  const warnings = [...nearMisses(env), ...doubts(values), ...httpDoubts(values), ...authDoubts(values)];
  return problems.length > 0 ? { problems, warnings } : { config: toConfig(values), problems, warnings };
}

/** One setting's value; undefined when it is unset without a default, or wrong. */
function readOne(name: SettingName, text: string | undefined, problems: string[]): unknown {
  const setting: Setting<unknown> = settings[name];
  const effective = text === undefined || text.trim() === "" ? setting.default : text.trim();
  if (effective === undefined) return undefined;
  const parsed = setting.kind.parse(effective);
  if ("value" in parsed) return parsed.value;
  const found = setting.secret === undefined ? JSON.stringify(effective) : "a value that is not shown, because it may hold a password";
  problems.push(`${name} must be ${parsed.wanted}, got ${found}`);
  return setting.default === undefined ? undefined : defaultValue(setting, setting.default);
}

/** A wrong value's stand-in, so that the rules over several settings can still be checked. */
function defaultValue(setting: Setting<unknown>, text: string): unknown {
  const parsed = setting.kind.parse(text);
  return "value" in parsed ? parsed.value : undefined;
}

function doubts(values: SettingValues): string[] {
  const doubts: string[] = [];
  const played: ReadonlySet<ServiceName> = values.SERVICES;
  for (const role of roleNames) {
    if (values[addressSetting(role)] === undefined || callsElsewhere(played, role)) continue;
    const why = played.has(role) ? `SERVICES has ${role} run in this process` : "nothing in SERVICES calls it";
    doubts.push(`${addressSetting(role)} is not used, because ${why}`);
  }
  if (values.NATS_URL !== undefined && values.EVENT_BUS !== "nats") doubts.push("NATS_URL is not used, because EVENT_BUS is not nats");
  return doubts;
}

function toConfig(values: SettingValues): Config {
  const nats = toNatsConfig(values);
  return {
    services: values.SERVICES,
    http: toHttpConfig(values),
    rateLimits: toRateLimits(values),
    grpc: toGrpcConfig(values),
    database: toDatabaseConfig(values),
    serviceAddresses: toServiceAddresses(values),
    ...toModels(values),
    ai: toAiConfig(values),
    plugin: toPluginConfig(values),
    auth: toAuthConfig(values),
    eventBus: values.EVENT_BUS ?? (values.DATABASE_URL === undefined ? "memory" : "postgres"),
    ...(nats === undefined ? {} : { nats }),
    ...toMetricsConfig(values),
    accessLog: values.LOG_ACCESS,
    logLevel: values.LOG_LEVEL,
    memory: toMemoryConfig(values),
    shutdownTimeoutMs: values.SHUTDOWN_TIMEOUT_MS,
  };
}

function toServiceAddresses(values: SettingValues): Config["serviceAddresses"] {
  return Object.fromEntries(roleNames.flatMap((role) => {
    const found = values[addressSetting(role)];
    return found !== undefined && callsElsewhere(values.SERVICES, role) ? [[role, found]] : [];
  }));
}

function toModels(values: SettingValues): Pick<Config, "embedding" | "rerank"> {
  const embedding = toModel(values.EMBEDDING_BASE_URL, values.EMBEDDING_MODEL, values.EMBEDDING_API_KEY);
  const rerank = toModel(values.RERANK_BASE_URL, values.RERANK_MODEL, values.RERANK_API_KEY);
  return { ...(embedding === undefined ? {} : { embedding }), ...(rerank === undefined ? {} : { rerank }) };
}

function toModel(baseUrl: string | undefined, model: string | undefined, apiKey: string | undefined): ModelConfig | undefined {
  if (baseUrl === undefined || model === undefined) return undefined;
  return { baseUrl, model, ...(apiKey === undefined ? {} : { apiKey }) };
}

function toGrpcConfig(values: SettingValues): GrpcConfig {
  const { GRPC_TLS_CERT_PATH: certPath, GRPC_TLS_KEY_PATH: keyPath, GRPC_TLS_CA_PATH: caPath } = values;
  const withTls = values.GRPC_TLS_ENABLED && certPath !== undefined && keyPath !== undefined;
  return {
    enabled: values.GRPC_ENABLED,
    host: values.GRPC_SERVER_HOST,
    port: values.GRPC_SERVER_PORT,
    ...(withTls ? { tls: { certPath, keyPath, ...(caPath === undefined ? {} : { caPath }) } } : {}),
    maxWorkers: values.GRPC_MAX_WORKERS,
    maxQueuedCalls: values.GRPC_MAX_QUEUED_CALLS,
    maxMessageBytes: values.GRPC_MAX_MESSAGE_SIZE,
    keepaliveTimeMs: values.GRPC_KEEPALIVE_TIME_MS,
    keepaliveTimeoutMs: values.GRPC_KEEPALIVE_TIMEOUT_MS,
    limits: {
      maxStreamsPerConnection: values.GRPC_MAX_STREAMS_PER_CONNECTION,
      maxCallsPerCaller: values.GRPC_MAX_CALLS_PER_CALLER,
      maxDeadlineMs: values.GRPC_MAX_DEADLINE_MS,
      maxTurnDelayMs: values.GRPC_MAX_TURN_DELAY_MS || Infinity,
      maxConnectionIdleMs: values.GRPC_MAX_CONNECTION_IDLE_MS || Infinity,
      maxConnectionAgeMs: values.GRPC_MAX_CONNECTION_AGE_MS || Infinity,
      maxConnectionAgeGraceMs: values.GRPC_MAX_CONNECTION_AGE_GRACE_MS,
    },
    reflection: values.GRPC_REFLECTION,
  };
}

function toMemoryConfig({ MEMORY_LIMIT_MB: megabytes, MEMORY_HIGH_PERCENT: percent }: SettingValues): MemoryConfig {
  return { highShare: percent / 100, ...(megabytes === undefined ? {} : { limitBytes: megabytes * 1024 * 1024 }) };
}

/** What METRICS_PORT=auto tries. */
const AUTO_METRICS_PORT = 9464;

function toMetricsConfig(values: SettingValues): Pick<Config, "metrics"> {
  const { METRICS_HOST: host, METRICS_PORT: port, METRICS_TOKEN: token } = values;
  if (port === "off") return {};
  const place = port === "auto" ? { port: AUTO_METRICS_PORT, skipIfTaken: true } : { port, skipIfTaken: false };
  return { metrics: { host, ...place, ...(token === undefined ? {} : { token }) } };
}

function toDatabaseConfig(values: SettingValues): DatabaseConfig {
  if (values.DATABASE_URL === undefined) return { kind: "pglite", dataDir: values.DATA_DIR };
  return {
    kind: "postgres",
    url: values.DATABASE_URL,
    poolSize: values.DATABASE_POOL_SIZE,
    statementTimeoutMs: values.DATABASE_STATEMENT_TIMEOUT_MS,
    ...(values.DATABASE_READ_URL === undefined ? {} : { readUrl: values.DATABASE_READ_URL }),
  };
}
