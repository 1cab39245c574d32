/**
 * The settings about the HTTP gateway, taken together.
 *
 * @module
 */
import { isPublic } from "../core/hosts.ts";
import type { Rate } from "../core/rate_limiter.ts";
import type { HttpConfig, RateLimitConfig } from "./config.ts";
import type { SettingValues } from "./settings.ts";

const DEFAULT_RATE: Rate = { count: 6_000, windowMs: 60_000 };

/** The settings as the program takes them; only for values without problems. */
export function toHttpConfig(values: SettingValues): HttpConfig {
  const { HTTP_TLS_CERT_PATH: certPath, HTTP_TLS_KEY_PATH: keyPath } = values;
  const hosts = values.HTTP_ALLOWED_HOSTS === "auto" ? (isPrivate(values) ? [] : "any") : values.HTTP_ALLOWED_HOSTS;
  return {
    ...{ host: values.HTTP_HOST, port: values.HTTP_PORT, requestTimeoutMs: values.HTTP_REQUEST_TIMEOUT_MS },
    maxCallsPerCaller: values.HTTP_MAX_CALLS_PER_CALLER,
    ...{ allowedOrigins: values.HTTP_ALLOWED_ORIGINS, trustedProxies: values.HTTP_TRUSTED_PROXIES },
    ...(certPath === undefined || keyPath === undefined ? {} : { tls: { certPath, keyPath } }),
    ...(hosts === "any" ? {} : { allowedHosts: hosts }),
  };
}

/** How many requests are taken. */
export function toRateLimits(values: SettingValues): RateLimitConfig {
  const rateOf = (set: Rate | "off" | "auto") =>
    set === "auto" ? (isPrivate(values) ? undefined : DEFAULT_RATE) : set === "off" ? undefined : set;
  const perCaller = rateOf(values.RATE_LIMIT_PER_CALLER), perAddress = rateOf(values.RATE_LIMIT_PER_ADDRESS);
  return { ...(perCaller === undefined ? {} : { perCaller }), ...(perAddress === undefined ? {} : { perAddress }) };
}

/** What is wrong with these settings taken together, as sentences. */
export function checkHttpTls(values: SettingValues): readonly string[] {
  const pair = ["HTTP_TLS_CERT_PATH", "HTTP_TLS_KEY_PATH"] as const;
  const missing = pair.filter((name) => values[name] === undefined);
  return missing.length === 1 ? [`${missing[0]} must be set when ${pair.find((name) => name !== missing[0])} is, got nothing`] : [];
}

/** What is allowed but hardly meant, as sentences. */
export function httpDoubts(values: SettingValues): readonly string[] {
  if (!values.SERVICES.has("gateway") || !isPublic(values.HTTP_HOST) || values.HTTP_TLS_CERT_PATH !== undefined) return [];
  return [`HTTP_HOST ${values.HTTP_HOST} is reachable from other machines and HTTP is served in the clear: put a proxy with TLS in front`];
}

/** Whether only this machine reaches the gateway, and may do everything. */
function isPrivate({ HTTP_HOST: host, AUTH_MODE: mode }: SettingValues): boolean {
  return !isPublic(host) && mode === "none";
}
