import type { Metrics } from "./metrics.ts";

/** A database, as far as metrics look at it. */
interface MeasuredDatabase {
  readonly connections: number;
  health(): { readonly ok: boolean };
  load(): {
    readonly busy: number;
    readonly waiting: number;
    readonly statements: number;
    readonly failures: number;
    readonly seconds: number;
  };
}

/** A message service, as far as metrics look at it. */
interface MeasuredMessages {
  readonly load: {
    readonly rooms: number;
    readonly readers: number;
    readonly events: number;
    readonly bytes: number;
    readonly creations: number;
    readonly asking: number;
    readonly unasked: number;
  };
}

/** A plugin service, as far as metrics look at it. */
interface MeasuredPlugins {
  readonly load: {
    readonly running: number;
    readonly failing: number;
    readonly calls: number;
    readonly failures: number;
    readonly underWay: number;
  };
}

/** Adds the metrics of the plugin service. */
export function addPluginMetrics(metrics: Metrics, plugins: MeasuredPlugins): void {
  metrics.gauge("plugins_running", "Plugins in force here", () => plugins.load.running);
  metrics.gauge("plugins_failing", "Of them, those that are being restarted", () => plugins.load.failing);
  metrics.gauge("plugin_calls_in_flight", "Calls and hooks that plugins work on", () => plugins.load.underWay);
  metrics.counter("plugin_calls_total", "Calls and hooks of plugins that have ended", () => plugins.load.calls);
  metrics.counter("plugin_call_failures_total", "Of them, those that a crash, a limit or the time has ended", () => plugins.load.failures);
}

/** Adds the metrics of the database. */
export function addDatabaseMetrics(metrics: Metrics, database: MeasuredDatabase): void {
  metrics.gauge("database_up", "1 while the database answers", () => Number(database.health().ok));
  metrics.gauge("database_connections_max", "Statements that may run at once", () => database.connections);
  metrics.gauge("database_connections_busy", "Connections that somebody holds", () => database.load().busy);
  metrics.gauge("database_connection_waiters", "Callers that wait for a connection", () => database.load().waiting);
  metrics.counter(
    "database_statements_total",
    "Statements that have ended, transactions' ends among them",
    () => database.load().statements,
  );
  metrics.counter("database_statement_failures_total", "Statements that failed", () => database.load().failures);
  metrics.counter("database_statement_seconds_total", "Time that statements took together", () => database.load().seconds);
}

/** Adds the metrics of the message service. */
export function addMessageMetrics(metrics: Metrics, message: MeasuredMessages): void {
  metrics.gauge("message_creations_waiting", "Messages that wait to be stored", () => message.load.creations);
  metrics.gauge("message_hooks_asking", "Messages that plugins have before them", () => message.load.asking);
  metrics.counter(
    "message_hooks_unasked_total",
    "Messages whose hooks could not be asked, so that they decided by failing",
    () => message.load.unasked,
  );
  metrics.gauge("message_feed_rooms", "Rooms that are followed here", () => message.load.rooms);
  metrics.gauge("message_feed_subscriptions", "Subscriptions to rooms, over gRPC and HTTP", () => message.load.readers);
  metrics.gauge("message_feed_events", "Events kept in memory for subscribers that are behind", () => message.load.events);
  metrics.gauge("message_feed_bytes", "Bytes of those events", () => message.load.bytes);
}
