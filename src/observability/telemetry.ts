import { AccessLog, type AccessLogMode } from "./access_log.ts";
import { Metrics } from "./metrics.ts";
import { type MetricsServer, type MetricsServerOptions, startMetricsServer } from "./metrics_server.ts";
import { addProcessMetrics } from "./process_metrics.ts";

/** Where the faces tell of their calls; what is absent is not told. */
export interface Telemetry {
  readonly metrics?: Metrics;
  readonly accessLog?: AccessLog;
}

/** Telemetry that runs, with what it takes to end it. */
export interface RunningTelemetry extends Telemetry {
  /** Where `/metrics` is, unless it is off. */
  readonly metricsPort?: number;
  /** Stops serving metrics and writes what waits in the access log; idempotent. */
  close(): Promise<void>;
}

/** What telemetry a process has. */
export interface TelemetryOptions {
  /** Absent: no metrics, and nothing spent on them. */
  readonly metrics?: MetricsServerOptions;
  readonly accessLog: AccessLogMode;
  /** Takes lines of the access log, several at once. */
  readonly writeLines: (lines: string) => void;
}

/** Starts telemetry. Throws `failed_precondition` when metrics cannot be offered at their address. */
export function startTelemetry(options: TelemetryOptions): RunningTelemetry {
  const accessLog = options.accessLog === "off" ? undefined : new AccessLog(options.accessLog, options.writeLines);
  const served = options.metrics && serveMetrics(options.metrics);
  return {
    ...(accessLog === undefined ? {} : { accessLog }),
    ...(served === undefined ? {} : { metrics: served.metrics, metricsPort: served.server.port }),
    close: async () => {
      accessLog?.flush();
      served?.stopProcessMetrics();
      await served?.server.close();
    },
  };
}

function serveMetrics(options: MetricsServerOptions): {
  readonly metrics: Metrics;
  readonly server: MetricsServer;
  readonly stopProcessMetrics: () => void;
} {
  const metrics = new Metrics();
  const server = startMetricsServer(metrics, options);
  return { metrics, server, stopProcessMetrics: addProcessMetrics(metrics) };
}
