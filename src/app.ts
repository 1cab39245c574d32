import type { Bus } from "./bus/bus.ts";
import { createMemoryBus } from "./bus/memory.ts";
import { createNatsBus } from "./bus/nats.ts";
import { createPostgresBus } from "./bus/postgres.ts";
import { RemoteMessageService } from "./clients/remote_message_service.ts";
import type { ClientTls } from "./clients/options.ts";
import type { Config, TlsPaths } from "./config/config.ts";
import type { MessageService, RagService } from "./contracts/mod.ts";
import { abortError, ChatError } from "./core/errors.ts";
import type { Database } from "./database/database.ts";
import { openDatabase } from "./database/open.ts";
import { type Readiness, startGateway } from "./gateway/gateway.ts";
import { type GrpcServerOptions, startGrpcServer } from "./grpc/server.ts";
import { createMessageService, type RunningMessageService } from "./message/service.ts";
import type { Log } from "./observability/log.ts";
import { addRoomMetrics } from "./observability/room_metrics.ts";
import { type RunningTelemetry, startTelemetry } from "./observability/telemetry.ts";
import { createEmbedder } from "./rag/embeddings/embedder.ts";
import { createReranker } from "./rag/embeddings/reranker.ts";
import { createRagService } from "./rag/service.ts";

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

/** A part that runs. */
interface Part {
  readonly name: string;
  /** Ends it; faces, which take calls from outside, let accepted calls run for at most `deadlineMs`. */
  stop(deadlineMs: number): Promise<void>;
}

/** What the gateway and the gRPC server are given to work with. */
interface Rooms {
  /** Always there for a gateway. */
  readonly message?: MessageService;
  readonly rag?: RagService;
  readonly readiness: () => Readiness;
  /** How each service is, by its full name. */
  readonly health: NonNullable<GrpcServerOptions["health"]>;
}

class ComposedApp implements App {
  readonly #config: Config;
  readonly #log: Log;
  readonly #writeLines: AppOptions["writeLines"];
  readonly #stopping = new AbortController();
  /** In the order in which they were started. */
  readonly #rooms: Part[] = [];
  readonly #faces: Part[] = [];
  #started: Promise<Ports> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(config: Config, { log, writeLines }: AppOptions) {
    this.#config = config;
    this.#log = log;
    this.#writeLines = writeLines;
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
      const telemetry = await this.#begin("telemetry", this.#rooms, () => this.#startTelemetry());
      const rooms = await this.#startRooms(telemetry);
      return await this.#startFaces(rooms, telemetry);
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
      ...(metrics === undefined ? {} : { metrics }),
      onSkipped: (error) => this.#log.warn("This process goes without metrics", { error }),
    });
  }

  async #startRooms(telemetry: RunningTelemetry): Promise<Rooms> {
    const { services, database: settings } = this.#config;
    const log = this.#log;
    if (!services.has("message") && !services.has("rag")) {
      const message = await this.#reachMessages(telemetry);
      // Told, but not counted: it answers for itself, and a gateway that called itself unready with it would make one outage two.
      const readiness = () => ({ ok: true, checks: { message: message.health() } });
      return { message, readiness, health: { "chat.MessageService": () => message.health().ok } };
    }
    const database = await this.#begin("database", this.#rooms, () => openDatabase(settings, { log, signal: this.#stopping.signal }));
    const well = () => database.health().ok;
    const readiness = () => readinessOf({ database: database.health() });
    const own = services.has("message") ? await this.#startMessages(database, telemetry) : undefined;
    const remote = own === undefined && services.has("gateway") ? await this.#reachMessages(telemetry) : undefined;
    const message = own ?? remote;
    const rag = services.has("rag") ? await this.#startRag(database) : undefined;
    return {
      ...(message === undefined ? {} : { message }),
      ...(rag === undefined ? {} : { rag }),
      readiness,
      health: {
        ...(own === undefined ? {} : { "chat.MessageService": well }),
        ...(remote === undefined ? {} : { "chat.MessageService": () => remote.health().ok }),
        ...(rag === undefined ? {} : { "chat.RAGService": well }),
      },
    };
  }

  async #startMessages(database: Database, { metrics }: RunningTelemetry): Promise<RunningMessageService> {
    const log = this.#log;
    const bus = await this.#begin("bus", this.#rooms, () => this.#openBus());
    // A page must fit into a gRPC message with room to spare, whatever the limit is set to.
    const pageBytes = Math.floor(this.#config.grpc.maxMessageBytes / 4);
    const message = await this.#begin("message service", this.#rooms, () => createMessageService({ database, bus, log, pageBytes }));
    if (metrics !== undefined) addRoomMetrics(metrics, { database, message });
    return message;
  }

  async #startRag(database: Database): Promise<RagService> {
    const { embedding, rerank } = this.#config;
    return await this.#begin("RAG service", this.#rooms, () =>
      createRagService({
        ...{ database, log: this.#log },
        ...(embedding === undefined ? {} : { embedder: createEmbedder(embedding) }),
        ...(rerank === undefined ? {} : { reranker: createReranker(rerank) }),
      }));
  }

  /** The message service of another process. */
  async #reachMessages({ metrics }: RunningTelemetry): Promise<RemoteMessageService> {
    const { messageServiceAddress: address = "", grpc } = this.#config;
    const tls = grpc.tls === undefined ? {} : { tls: await readClientTls(grpc.tls) };
    const options = { address, maxMessageBytes: grpc.maxMessageBytes, ...tls };
    const message = await this.#begin("remote message service", this.#rooms, () => new RemoteMessageService(options));
    metrics?.gauge("message_service_reachable", "1 unless the last calls found nobody at its address", () => Number(message.health().ok));
    return message;
  }

  async #openBus(): Promise<Bus> {
    const { database, eventBus, nats } = this.#config;
    if (nats !== undefined) return await createNatsBus({ ...nats, log: this.#log });
    if (eventBus === "memory" || database.kind !== "postgres") return createMemoryBus();
    return await createPostgresBus({ url: database.url, log: this.#log });
  }

  async #startFaces({ message, rag, readiness, health }: Rooms, telemetry: RunningTelemetry): Promise<Ports> {
    const { services, grpc, http } = this.#config;
    const log = this.#log;
    const { metricsPort } = telemetry;
    const ports: { grpcPort?: number; httpPort?: number; metricsPort?: number } = metricsPort === undefined ? {} : { metricsPort };
    if (grpc.enabled && (services.has("message") || services.has("rag"))) {
      const served = { ...(message !== undefined && services.has("message") ? { message } : {}), ...(rag === undefined ? {} : { rag }) };
      ports.grpcPort = (await this.#begin("gRPC server", this.#faces, () =>
        startGrpcServer({ config: grpc, services: served, health, telemetry, log }))).port;
    }
    if (services.has("gateway") && message !== undefined) {
      ports.httpPort = (await this.#begin("gateway", this.#faces, () =>
        startGateway({ http, services: { message }, readiness, telemetry, log }))).port;
    }
    this.#checkStopping();
    return ports;
  }

  /** Starts one part, unless the app is stopping, and remembers how to end it. */
  async #begin<T extends Closable | Stoppable>(name: string, parts: Part[], begin: () => T | Promise<T>): Promise<T> {
    this.#checkStopping();
    const part = await begin();
    parts.push({ name, stop: (deadlineMs) => "stop" in part ? part.stop({ deadlineMs }) : part.close() });
    return part;
  }

  #checkStopping(): void {
    if (this.#stopping.signal.aborted) throw abortError(this.#stopping.signal);
  }

  /** Faces together, because a deadline is for all of them; then the rooms behind them, last begun first. */
  async #stopParts(deadlineMs: number): Promise<void> {
    await Promise.all(this.#faces.splice(0).map((part) => this.#stopPart(part, deadlineMs)));
    for (const part of this.#rooms.splice(0).reverse()) await this.#stopPart(part, deadlineMs);
  }

  async #stopPart(part: Part, deadlineMs: number): Promise<void> {
    try {
      await part.stop(deadlineMs);
    } catch (error) {
      this.#log.error(`The ${part.name} did not stop cleanly`, { error });
    }
  }
}

function readinessOf(checks: Readiness["checks"]): Readiness {
  return { ok: Object.values(checks).every((check) => check.ok), checks };
}

interface Closable {
  close(): Promise<void>;
}

interface Stoppable {
  stop(options: { readonly deadlineMs: number }): Promise<void>;
}

/** The server's own TLS files serve it as a client too: its certificate says who it is, the CA whom it trusts. */
async function readClientTls(paths: TlsPaths): Promise<ClientTls> {
  const [cert, key, ca] = await Promise.all(
    [paths.certPath, paths.keyPath, paths.caPath].map((path) => path === undefined ? undefined : readTls(path)),
  );
  return { ...(cert === undefined || key === undefined ? {} : { cert, key }), ...(ca === undefined ? {} : { ca }) };
}

async function readTls(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    throw new ChatError("failed_precondition", `TLS file ${path} cannot be read`, { cause });
  }
}
