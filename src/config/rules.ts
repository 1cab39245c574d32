/**
 * What settings demand of each other.
 *
 * @module
 */
import { checkAi } from "./ai.ts";
import { checkPlugins } from "./plugin.ts";
import { checkAuth } from "./auth.ts";
import { isPublic } from "../core/hosts.ts";
import { checkHttpTls } from "./http.ts";
import { checkNats } from "./nats.ts";
import { addressSetting, neededBy, playsService, roleNames } from "./roles.ts";
import type { SettingValues } from "./settings.ts";

type Explicit = Readonly<Record<string, string | undefined>>;

/** Every rule over several settings that these values break, as sentences. `env` tells which ones somebody set in so many words. */
export function crossCheck(values: SettingValues, env: Explicit): readonly string[] {
  return [
    ...checkRoles(values),
    ...checkTls(values),
    ...checkHttpTls(values),
    ...checkBus(values),
    ...checkNats(values),
    ...checkPublicAddresses(values, env),
    ...checkMetrics(values),
    ...checkModels(values),
    ...checkAi(values),
    ...checkPlugins(values),
    ...checkAuth(values, env),
  ];
}

function checkRoles(values: SettingValues): string[] {
  const problems = roleNames.flatMap((role) => {
    const setting = addressSetting(role);
    const caller = values[setting] === undefined ? neededBy(values.SERVICES, role) : undefined;
    return caller === undefined ? [] : [`${setting} must be set when SERVICES has ${caller} without ${role}, got nothing`];
  });
  if (!values.SERVICES.has("gateway") && !values.GRPC_ENABLED) {
    problems.push("GRPC_ENABLED must be true when SERVICES has no gateway, because services are reached over gRPC only, got false");
  }
  return problems;
}

function checkTls(values: SettingValues): string[] {
  if (!values.GRPC_TLS_ENABLED) return [];
  const needed = ["GRPC_TLS_CERT_PATH", "GRPC_TLS_KEY_PATH"] as const;
  return needed.filter((name) => values[name] === undefined).map((name) =>
    `${name} must be set when GRPC_TLS_ENABLED is true, got nothing`
  );
}

/** An address without a model, or the other way round, would be passed over in silence. */
function checkModels(values: SettingValues): string[] {
  const pairs = [["EMBEDDING_BASE_URL", "EMBEDDING_MODEL"], ["RERANK_BASE_URL", "RERANK_MODEL"]] as const;
  return pairs.filter(([url, model]) => (values[url] === undefined) !== (values[model] === undefined)).map(([url, model]) =>
    values[url] === undefined ? `${url} must be set when ${model} is, got nothing` : `${model} must be set when ${url} is, got nothing`
  );
}

function checkBus(values: SettingValues): string[] {
  const lost = values.EVENT_BUS !== undefined && values.EVENT_BUS !== "memory" && values.DATABASE_URL === undefined;
  const orphan = values.DATABASE_READ_URL !== undefined && values.DATABASE_URL === undefined;
  if (orphan) return ["DATABASE_READ_URL must be unset when DATABASE_URL is not set, got a value"];
  return lost ? [`EVENT_BUS must be memory when DATABASE_URL is not set, got ${values.EVENT_BUS}`] : [];
}

function checkMetrics(values: SettingValues): string[] {
  if (values.METRICS_PORT === "off" || !isPublic(values.METRICS_HOST) || values.METRICS_TOKEN !== undefined) return [];
  return [`METRICS_HOST ${values.METRICS_HOST} is reachable from other machines: set METRICS_TOKEN, or METRICS_PORT=off`];
}

/** Nobody opens the log to a network by accident: it takes TLS and authentication, or two settings that say "off" in so many words. */
function checkPublicAddresses(values: SettingValues, env: Explicit): string[] {
  const isSet = (name: string) => (env[name] ?? "").trim() !== "";
  const faces = [
    { name: "HTTP_HOST", host: values.HTTP_HOST, listens: values.SERVICES.has("gateway"), tls: ["HTTP_TLS_CERT_PATH", "GRPC_TLS_ENABLED"] },
    {
      ...{ name: "GRPC_SERVER_HOST", host: values.GRPC_SERVER_HOST, tls: ["GRPC_TLS_ENABLED"] },
      listens: values.GRPC_ENABLED && playsService(values.SERVICES),
    },
  ];
  return faces.filter((face) => face.listens && isPublic(face.host)).flatMap((face) => {
    const missing = [face.tls.some(isSet) ? "" : "TLS", isSet("AUTH_MODE") ? "" : "authentication"].filter((text) => text !== "");
    if (missing.length === 0) return [];
    return [
      `${face.name} ${face.host} is reachable from other machines without ${missing.join(" and without ")}: ` +
      `set ${face.tls[0]} and AUTH_MODE, or say GRPC_TLS_ENABLED=false and AUTH_MODE=none to want it so`,
    ];
  });
}
