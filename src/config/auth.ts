/**
 * The settings about who calls, taken together.
 *
 * @module
 */
import type { AuthConfig, JwtConfig } from "./config.ts";
import { hostOf, isPublic } from "../core/hosts.ts";
import { addressSetting, callsElsewhere, playsService, roleNames } from "./roles.ts";
import type { SettingValues } from "./settings.ts";

type Explicit = Readonly<Record<string, string | undefined>>;

const KEY_SOURCES = ["JWT_SECRET", "JWT_SECRET_PATH", "JWT_JWKS_PATH", "JWT_JWKS_URL"] as const;

/** The settings as the program takes them; only for values without problems. */
export function toAuthConfig(values: SettingValues): AuthConfig {
  const { AUTH_MODE: mode, CERTIFICATE_CALLERS: certificates, API_KEYS_PATH: ownPath } = values;
  const keysPath = ownPath ?? (values.DATABASE_URL === undefined ? `${values.DATA_DIR}/api_keys.json` : undefined);
  const jwt = mode === "jwt" ? toJwtConfig(values) : undefined;
  return { mode, certificates, ...(keysPath === undefined ? {} : { keysPath }), ...(jwt === undefined ? {} : { jwt }) };
}

function toJwtConfig(values: SettingValues): JwtConfig | undefined {
  const { JWT_ISSUER: issuer, JWT_AUDIENCE: audience, JWT_NAME_CLAIM: nameClaim, JWT_CLOCK_SKEW_SECONDS: clockSkewSeconds } = values;
  const keys = toKeys(values);
  return keys === undefined || issuer === undefined || audience === undefined
    ? undefined
    : { keys, issuer, audience, nameClaim, clockSkewSeconds };
}

function toKeys(values: SettingValues): JwtConfig["keys"] | undefined {
  if (values.JWT_SECRET !== undefined) return { kind: "secret", secret: values.JWT_SECRET };
  if (values.JWT_SECRET_PATH !== undefined) return { kind: "secret_file", path: values.JWT_SECRET_PATH };
  if (values.JWT_JWKS_PATH !== undefined) return { kind: "jwks_file", path: values.JWT_JWKS_PATH };
  return values.JWT_JWKS_URL === undefined ? undefined : { kind: "jwks_url", url: values.JWT_JWKS_URL };
}

/** Whether callers are told apart. */
export function needsAuthenticator({ mode, certificates }: AuthConfig): boolean {
  return mode !== "none" || certificates.length > 0;
}

/** Whether it takes the database to tell them apart. */
export function keysAreInDatabase({ mode, keysPath }: AuthConfig): boolean {
  return mode === "api_key" && keysPath === undefined;
}

/** What is wrong with these settings taken together, as sentences. */
export function checkAuth(values: SettingValues, env: Explicit): readonly string[] {
  return [...checkKeys(values), ...checkJwt(values), ...checkCertificates(values), ...checkHandingOn(values, env)];
}

/** What is allowed but hardly meant, as sentences. */
export function authDoubts(values: SettingValues): readonly string[] {
  const { AUTH_MODE: mode, GRPC_SERVER_HOST: host } = values;
  const idle = mode === "jwt" ? [] : ([...KEY_SOURCES, "JWT_ISSUER", "JWT_AUDIENCE"] as const).filter((name) => values[name] !== undefined);
  const serves = values.GRPC_ENABLED && playsService(values.SERVICES) && isPublic(host);
  return [
    ...idle.map((name) => `${name} is not used, because AUTH_MODE is not jwt`),
    ...(mode !== "api_key" && values.API_KEYS_PATH !== undefined ? ["API_KEYS_PATH is not used, because AUTH_MODE is not api_key"] : []),
    ...(mode !== "none" && serves && !values.GRPC_TLS_ENABLED
      ? [`GRPC_SERVER_HOST ${host} is reachable from other machines and takes tokens in the clear: whoever listens on the way can use them`]
      : []),
  ];
}

/** A gateway alone has no folder of data, so where it should look for keys must be said. */
function checkKeys(values: SettingValues): string[] {
  const { AUTH_MODE: mode, SERVICES: services, DATABASE_URL: url, API_KEYS_PATH: path } = values;
  if (mode !== "api_key" || playsService(services) || url !== undefined || path !== undefined) return [];
  return ["DATABASE_URL or API_KEYS_PATH must be set when AUTH_MODE is api_key in a process without a database of its own, got neither"];
}

function checkJwt(values: SettingValues): string[] {
  const sources = KEY_SOURCES.filter((name) => values[name] !== undefined);
  if (values.AUTH_MODE !== "jwt") return [];
  const missing = (["JWT_ISSUER", "JWT_AUDIENCE"] as const).filter((name) => values[name] === undefined);
  return [
    ...missing.map((name) => `${name} must be set when AUTH_MODE is jwt, got nothing`),
    ...(sources.length === 1 ? [] : [
      `Exactly one of ${KEY_SOURCES.join(", ")} must be set when AUTH_MODE is jwt, got ${
        sources.length === 0 ? "none" : sources.join(", ")
      }`,
    ]),
  ];
}

function checkCertificates(values: SettingValues): string[] {
  if (values.CERTIFICATE_CALLERS.length === 0 || (values.GRPC_TLS_ENABLED && values.GRPC_TLS_CA_PATH !== undefined)) return [];
  return ["GRPC_TLS_ENABLED and GRPC_TLS_CA_PATH must be set when CERTIFICATE_CALLERS is, because nobody is asked for a certificate else"];
}

/** Callers' tokens are handed on to the services that run elsewhere; whoever listens on the way could use them. */
function checkHandingOn(values: SettingValues, env: Explicit): string[] {
  if (values.AUTH_MODE === "none" || values.GRPC_TLS_ENABLED || isSaid(env, "GRPC_TLS_ENABLED")) return [];
  return roleNames.flatMap((role) => {
    const setting = addressSetting(role);
    const address = callsElsewhere(values.SERVICES, role) ? values[setting]?.find((one) => isPublic(hostOf(one))) : undefined;
    return address === undefined ? [] : [
      `${setting} ${address} would be sent callers' tokens in the clear: set GRPC_TLS_ENABLED, or say GRPC_TLS_ENABLED=false to want it so`,
    ];
  });
}

/** Whether somebody set it in so many words. */
function isSaid(env: Explicit, name: string): boolean {
  return (env[name] ?? "").trim() !== "";
}
