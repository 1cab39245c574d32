import type { ChatError } from "../core/errors.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";

/** When certificates end, in milliseconds since 1970. */
interface Ends {
  readonly certEndsAtMs: number;
  readonly caEndsAtMs?: number;
}

/** Certificates that may be renewed, as far as is told of them. */
interface WatchedCertificates {
  readonly current: Ends;
  watch(listener: { readonly onRenewed?: (ends: Ends) => void; readonly onRefused?: (error: ChatError) => void }): () => void;
}

const LOOK_MS = 60_000;
const DAY_MS = 86_400_000;
/** Whoever renews by hand needs days; short-lived certificates are renewed by machines, long before this. */
const SOON_MS = 7 * DAY_MS;

/** Tells log of renewals, of files that cannot be used, and (once a day) of an end that is near; returns the end of it. */
export function tellOfCertificates(certificates: WatchedCertificates, log: Log): () => void {
  let toldAtMs = -Infinity;
  const look = () => {
    const leftMs = soonest(certificates.current) - Date.now();
    if (leftMs > SOON_MS || performance.now() - toldAtMs < DAY_MS) return;
    toldAtMs = performance.now();
    const fields = { endsAt: new Date(soonest(certificates.current)).toISOString() };
    leftMs > 0 ? log.warn("A TLS certificate ends soon", fields) : log.error("A TLS certificate has ended", fields);
  };
  const unwatch = certificates.watch({
    onRenewed: (ends) => {
      log.info("TLS certificates were renewed; new connections use them", { endsAt: new Date(ends.certEndsAtMs).toISOString() });
      toldAtMs = -Infinity;
      look();
    },
    onRefused: (error) => log.error("The TLS files have changed and cannot be used; those before stay in force", { error }),
  });
  const timer = setInterval(look, LOOK_MS);
  look();
  return () => {
    clearInterval(timer);
    unwatch();
  };
}

/** Adds how long the certificates of this process are still valid; without TLS the metric has no values. */
export function addCertificateMetrics(metrics: Metrics, current: () => Ends | undefined): void {
  metrics.gauges(
    "tls_certificate_seconds_left",
    "Seconds until this process's certificate, or one of its authorities, ends",
    ["file"],
    () => {
      const { certEndsAtMs, caEndsAtMs } = current() ?? {};
      const rows = [["certificate", certEndsAtMs], ["authority", caEndsAtMs]] as const;
      return rows.flatMap(([file, endMs]) => endMs === undefined ? [] : [{ labels: { file }, value: (endMs - Date.now()) / 1000 }]);
    },
  );
}

function soonest({ certEndsAtMs, caEndsAtMs = Infinity }: Ends): number {
  return Math.min(certEndsAtMs, caEndsAtMs);
}
