/**
 * What the settings of NATS demand of each other, and what they come to.
 *
 * @module
 */
import type { NatsConfig } from "./config.ts";
import type { SettingValues } from "./settings.ts";

/** The rules that the settings of NATS break, as sentences. */
export function checkNats(values: SettingValues): readonly string[] {
  const problems: string[] = [];
  if (values.EVENT_BUS === "nats" && values.NATS_URL === undefined) {
    problems.push("NATS_URL must be set when EVENT_BUS is nats, got nothing");
  }
  const ways = [
    ...(values.NATS_URL?.user === undefined && values.NATS_URL?.token === undefined ? [] : ["a user in NATS_URL"]),
    ...(["NATS_CREDS_PATH", "NATS_NKEY_PATH"] as const).filter((name) => values[name] !== undefined),
  ];
  if (ways.length > 1) problems.push(`NATS takes one way to log in, got ${ways.join(" and ")}`);
  if ((values.NATS_TLS_CERT_PATH === undefined) !== (values.NATS_TLS_KEY_PATH === undefined)) {
    problems.push("NATS_TLS_CERT_PATH and NATS_TLS_KEY_PATH must be set together, got one of them");
  }
  return problems;
}

/** The settings of NATS, where it carries the wake-ups. */
export function toNatsConfig(values: SettingValues): NatsConfig | undefined {
  if (values.EVENT_BUS !== "nats" || values.NATS_URL === undefined) return undefined;
  const { tls, ...where } = values.NATS_URL;
  const paths = { caPath: values.NATS_TLS_CA_PATH, certPath: values.NATS_TLS_CERT_PATH, keyPath: values.NATS_TLS_KEY_PATH };
  const given = Object.fromEntries(Object.entries(paths).filter(([, path]) => path !== undefined));
  return {
    ...where,
    subjectPrefix: values.NATS_SUBJECT_PREFIX,
    ...(values.NATS_CREDS_PATH === undefined ? {} : { credsPath: values.NATS_CREDS_PATH }),
    ...(values.NATS_NKEY_PATH === undefined ? {} : { nkeyPath: values.NATS_NKEY_PATH }),
    ...(tls || Object.keys(given).length > 0 ? { tls: given } : {}),
  };
}
