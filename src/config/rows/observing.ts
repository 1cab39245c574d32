import { accessLogMode, host, metricsPort, token } from "../kinds.ts";
import { given, optional } from "../setting.ts";

/** Metrics and the access log. */
export const observingRows = {
  METRICS_HOST: given(
    host,
    "127.0.0.1",
    "Address that `/metrics` (Prometheus) and, for probes, `/healthz` and `/readyz` are offered on",
    "Metrics tell a stranger how busy the system is and what with",
  ),
  METRICS_PORT: given(
    metricsPort,
    "auto",
    "Port of `/metrics`, `/healthz` and `/readyz`; 0 takes a free one, off offers none, auto is 9464, or none (with a warning) where another process has that",
    "9464 is OpenTelemetry's usual port for Prometheus; auto, so that a second process on a machine starts without another setting",
  ),
  METRICS_TOKEN: optional(
    token,
    "What a scraper must send as `Authorization: Bearer …`, and a probe need not; needed where METRICS_HOST can be reached from other machines",
    "Unset: no token, which is enough on loopback",
    "text",
  ),
  LOG_ACCESS: given(
    accessLogMode,
    "all",
    "Which calls get a line in the log: all, errors (those that failed), off, or a share such as 0.01 (and those that failed)",
    "Costs under 3 % of the throughput; no line holds contents",
  ),
} as const;
