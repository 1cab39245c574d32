import { createAuthenticator } from "./auth/authenticator.ts";
import { keysAreInDatabase, needsAuthenticator } from "./config/auth.ts";
import type { Config } from "./config/config.ts";
import { playsService } from "./config/roles.ts";
import type { Authenticator } from "./core/authenticator.ts";
import { CallLimits } from "./core/call_limits.ts";
import { abortError, ChatError } from "./core/errors.ts";
import { startGateway } from "./gateway/gateway.ts";
import { startGrpcServer } from "./grpc/server.ts";
import { addCertificateMetrics, tellOfCertificates } from "./observability/certificates.ts";
import type { Log } from "./observability/log.ts";
import { MemoryWatch } from "./observability/memory_watch.ts";
import { type RunningTelemetry, startTelemetry } from "./observability/telemetry.ts";
import { Parts } from "./roles/parts.ts";
import { ServiceSet } from "./roles/service_set.ts";
import { TlsFiles } from "./wire/tls_files.ts";

export { isKnownPostgresJsRestartError as isSurvivable } from "./database/postgres/known_errors.ts";

/** The ports that were really taken, which matters where the settings say 0. */
export interface Ports {
  readonly httpPort?: number;
  readonly grpcPort?: number;
  readonly metricsPort?: number;
}

/** The system in one process. */
export interface App {
  /** Starts every part. Rejects with a `ChatError` that says what is in the way; nothing is left running then. Repeats give the same promise. */
  start(): Promise<Ports>;
  /**
   * Stops accepting, tells streams where to resume, lets accepted calls end for at most `deadlineMs` (the settings' when unset), then closes
   * bus and database. Idempotent; during a start it ends that start. Never rejects: what goes wrong on the way out is logged.
   */
  stop(options?: { readonly deadlineMs?: number }): Promise<void>;
}

/** Puts the system together as the settings say. Nothing runs before `start`. */
export function createApp(config: Config, options: AppOptions): App {
  return new ComposedApp(config, options);
}

/** What the process lends to the system in it. */
export interface AppOptions {
  readonly log: Log;
  /** Takes lines of the access log, several at once; default: there is none. */
  readonly writeLines?: (lines: string) => void;
}

/** What the faces share. */
interface Edge {
  readonly telemetry: RunningTelemetry;
  readonly tls: TlsFiles | undefined;
  readonly authenticator: Authenticator | undefined;
  readonly memory: MemoryWatch;
}

class ComposedApp implements App {
  readonly #config: Config;
  readonly #log: Log;
  readonly #writeLines: AppOptions["writeLines"];
  readonly #stopping = new AbortController();
  /** What the faces stand on: telemetry, stores, services. */
  readonly #rooms: Parts;
  /** What takes calls from outside. */
  readonly #faces: Parts;
  /** Set once everything runs. */
  #services: ServiceSet | undefined;
  #started: Promise<Ports> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(config: Config, { log, writeLines }: AppOptions) {
    this.#config = config;
    this.#log = log;
    this.#writeLines = writeLines;
    this.#rooms = new Parts(log, this.#stopping.signal);
    this.#faces = new Parts(log, this.#stopping.signal);
  }

  start(): Promise<Ports> {
    this.#started ??= this.#start();
    return this.#started;
  }

  stop({ deadlineMs = this.#config.shutdownTimeoutMs }: { readonly deadlineMs?: number } = {}): Promise<void> {
    this.#stopped ??= this.#stop(deadlineMs);
    return this.#stopped;
  }

  async #start(): Promise<Ports> {
    try {
      // First, because whatever starts after it may tell of itself; so it ends last.
      const telemetry = await this.#rooms.begin("telemetry", () => this.#startTelemetry());
      const tls = await this.#openTls(telemetry);
      const services = new ServiceSet({
        ...{ config: this.#config, log: this.#log, parts: this.#rooms, stopping: this.#stopping.signal },
        ...{ metrics: telemetry.metrics, tls },
      });
      await services.start();
      const memory = await this.#rooms.begin("memory watch", () => new MemoryWatch(this.#config.memory));
      const authenticator = await this.#startAuthenticator(services);
      const ports = await this.#startFaces(services, { telemetry, tls, memory, authenticator });
      this.#services = services;
      return ports;
    } catch (error) {
      await this.#stopParts(0);
      throw error;
    }
  }

  async #stop(deadlineMs: number): Promise<void> {
    this.#stopping.abort(new ChatError("cancelled", "The start was given up, because the process is asked to stop"));
    await this.#started?.catch(() => {}); // told to whoever called start
    await this.#stopParts(deadlineMs);
  }

  #startTelemetry(): RunningTelemetry {
    const { metrics, accessLog } = this.#config;
    const writeLines = this.#writeLines;
    return startTelemetry({
      accessLog: writeLines === undefined ? "off" : accessLog,
      writeLines: writeLines ?? (() => {}),
      ...(metrics === undefined ? {} : { metrics: { ...metrics, readiness: () => this.#readiness() } }),
      onSkipped: (error) => this.#log.warn("This process goes without metrics", { error }),
    });
  }

  /** Not ready before everything runs, and no longer once the process is asked to stop. */
  #readiness(): ReturnType<ServiceSet["readiness"]> {
    if (this.#services === undefined || this.#stopping.signal.aborted) return { ok: false, checks: {} };
    return this.#services.readiness();
  }

  /** The files that the settings name; undefined: plain text. */
  async #openTls({ metrics }: RunningTelemetry): Promise<TlsFiles | undefined> {
    const { tls } = this.#config.grpc;
    const files = tls && await this.#rooms.begin("watch over the TLS files", () => TlsFiles.open(tls));
    if (metrics !== undefined) addCertificateMetrics(metrics, () => files?.current);
    if (files === undefined) return undefined;
    const stop = tellOfCertificates(files, this.#log);
    await this.#rooms.begin("word of the TLS files", () => ({ close: () => Promise.resolve(stop()) }));
    return files;
  }

  /** What finds out who calls; undefined where nobody has to prove anything. */
  async #startAuthenticator(services: ServiceSet): Promise<Authenticator | undefined> {
    const { auth } = this.#config;
    if (!needsAuthenticator(auth)) return undefined;
    const stored = keysAreInDatabase(auth) ? { database: await services.database() } : {};
    return await this.#rooms.begin("authenticator", () => createAuthenticator(auth, { log: this.#log, ...stored }));
  }

  async #startFaces(services: ServiceSet, { telemetry, tls, memory, authenticator }: Edge): Promise<Ports> {
    const { grpc, http, services: played } = this.#config;
    const log = this.#log;
    const known = authenticator === undefined ? {} : { authenticator };
    const { metricsPort } = telemetry;
    const ports: { grpcPort?: number; httpPort?: number; metricsPort?: number } = metricsPort === undefined ? {} : { metricsPort };
    if (grpc.enabled && playsService(played)) {
      const secured = tls === undefined ? {} : { tls };
      const overload = () => memory.shortage;
      const { pluginHost } = services;
      const shared = { telemetry, log, ...known, ...(pluginHost === undefined ? {} : { pluginHost }) };
      const options = { config: grpc, ...secured, overload, services: services.played, health: services.health, ...shared };
      ports.grpcPort = (await this.#faces.begin("gRPC server", () => startGrpcServer(options))).port;
    }
    const { message, ...others } = services.all;
    if (played.has("gateway") && message !== undefined) {
      const readiness = () => withMemory(services.readiness(), memory);
      const limits = new CallLimits(this.#config.rateLimits);
      const signals = await services.signals();
      const options = {
        http,
        services: { message, ...others },
        readiness,
        telemetry,
        log,
        limits,
        ...known,
        ...(signals === undefined ? {} : { signals }),
      };
      ports.httpPort = (await this.#faces.begin("gateway", () => startGateway(options))).port;
    }
    if (this.#stopping.signal.aborted) throw abortError(this.#stopping.signal);
    return ports;
  }

  /** The faces, then the rooms behind them. */
  async #stopParts(deadlineMs: number): Promise<void> {
    await this.#faces.stopTogether(deadlineMs);
    await this.#rooms.stopInTurn();
  }
}

/** A process that is short of memory is not sent more, where somebody asks before sending. */
function withMemory(readiness: ReturnType<ServiceSet["readiness"]>, { shortage }: MemoryWatch): ReturnType<ServiceSet["readiness"]> {
  if (shortage === undefined) return readiness;
  return { ok: false, checks: { ...readiness.checks, memory: { ok: false, problem: shortage.message } } };
}
