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
  /** Is told why there are no metrics, where they may be missing. */
  readonly onSkipped?: (error: unknown) => void;
}

/** Starts telemetry. Throws `failed_precondition` when metrics cannot be offered at their address. */
export function startTelemetry(options: TelemetryOptions): RunningTelemetry {
  const accessLog = options.accessLog === "off" ? undefined : new AccessLog(options.accessLog, options.writeLines);
  const served = options.metrics && serveMetrics(options.metrics, options.onSkipped);
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

interface ServedMetrics {
  readonly metrics: Metrics;
  readonly server: MetricsServer;
  readonly stopProcessMetrics: () => void;
}

function serveMetrics(options: MetricsServerOptions, onSkipped: TelemetryOptions["onSkipped"]): ServedMetrics | undefined {
  const metrics = new Metrics();
  try {
    const server = startMetricsServer(metrics, options);
    return { metrics, server, stopProcessMetrics: addProcessMetrics(metrics) };
  } catch (error) {
    if (options.skipIfTaken !== true) throw error;
    onSkipped?.(error);
    return undefined;
  }
}
