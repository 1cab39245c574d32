import type { GrpcConfig } from "../config/config.ts";
import type { PluginHostService, Role, Services } from "../contracts/mod.ts";
import type { Authenticator } from "../core/authenticator.ts";
import { ChatError } from "../core/errors.ts";
import type { Log } from "../observability/log.ts";
import type { Telemetry } from "../observability/telemetry.ts";
import { Server, type ServerCredentials, type ServerInterceptor, type ServerOptions } from "../wire/grpc_js.ts";
import { MessageFrames } from "../wire/message_frames.ts";
import type { TlsFiles } from "../wire/tls_files.ts";
import { serverCredentials } from "./credentials.ts";
import type { AnswerRoom } from "./answer_room.ts";
import { limitConnectionAge } from "./connection_age.ts";
import { cutOff } from "./cut_off.ts";
import { anybody } from "./callers.ts";
import { Guard } from "./authenticate.ts";
import { Gate } from "./gate.ts";
import { HealthBoard } from "./health_board.ts";
import { correctInputFaults } from "./input_faults.ts";
import { addLoadMetrics, CallMeter } from "./metrics.ts";
import { addIntrospection, isReflectionOpen } from "./introspection.ts";
import { answerRoomFor, limitsOf } from "./limits.ts";
import { LoopDelay } from "./loop_delay.ts";
import { OpenCalls, type OpenCallsOptions } from "./open_calls.ts";
import { checkResumedSessions } from "./resumed_sessions.ts";
import { shedOverload } from "./shedding.ts";
import { addPluginHost, addServices, namedChecks } from "./services.ts";

/** What a gRPC server needs. */
export interface GrpcServerOptions {
  readonly config: GrpcConfig;
  /** The files that `config.tls` names; the caller closes them. */
  readonly tls?: TlsFiles;
  /** The services it offers; calls to others are UNIMPLEMENTED. */
  readonly services: Partial<Services>;
  /** Answers plugins that run elsewhere; default: nobody does. */
  readonly pluginHost?: PluginHostService;
  readonly log: Log;
  /** Finds out who calls; default: nobody has to prove anything, and everybody may do everything. */
  readonly authenticator?: Authenticator;
  /** How the services are, here or elsewhere; one that is served and not named here is well. */
  readonly health?: Readonly<Partial<Record<Role, () => boolean>>>;
  /** Where its calls are told of; default: nowhere. */
  readonly telemetry?: Telemetry;
  /** Why new calls cannot be taken at the moment, if they cannot. */
  readonly overload?: () => ChatError | undefined;
  /** Other limits than the production ones, for tests. */
  readonly limits?: OpenCallsOptions;
}

/** A listening gRPC server. */
export interface GrpcServer {
  /** Where it listens, also when the setting was 0. */
  readonly port: number;
  /** What goes on right now, for metrics and tests. */
  readonly load: GrpcLoad;
  /**
   * Refuses new calls, ends streams with UNAVAILABLE and the position to resume after, and waits for accepted calls; after `deadlineMs` the rest
   * is cut off. Idempotent; never rejects.
   */
  stop(options: { readonly deadlineMs: number }): Promise<void>;
}

/** Gauges of one server. */
export interface GrpcLoad {
  /** Unary handlers that run. */
  readonly running: number;
  /** Unary calls that wait for a worker, or for room for their answer. */
  readonly waiting: number;
  readonly streams: number;
  /** Bytes of large answers that are set aside, or that clients have not taken. */
  readonly answerBytes: number;
  /** Messages encoded for streams so far. */
  readonly encodings: number;
}

const CONNECTION_OLD = new ChatError("unavailable", "The connection has reached its age", { retryAfterMs: 0 });
/** How long connections that are cut off may take to be gone. */
const FORCE_MS = 1_000;

/** Starts listening. Throws `failed_precondition` with one sentence that names address and settings when it cannot. */
export async function startGrpcServer(options: GrpcServerOptions): Promise<GrpcServer> {
  const { config, log, services } = options;
  // Nobody gets plain text who asked for TLS.
  if (config.tls !== undefined && options.tls === undefined) throw new Error("The TLS files that the settings name were not handed over");
  const gate = new Gate({
    maxRunning: config.maxWorkers,
    maxWaiting: config.maxQueuedCalls,
    advice: "try again later, or raise GRPC_MAX_WORKERS on the server",
  });
  const answerRoom = answerRoomFor(config);
  const frames = new MessageFrames();
  const credentials = serverCredentials(options.tls);
  const { authenticator } = options;
  const limits = limitsOf(config);
  const delay = new LoopDelay({ maxMs: limits.maxTurnDelayMs });
  const calls = new OpenCalls({
    ...{ maxPerCaller: limits.maxCallsPerCaller, unaryCeilingMs: limits.maxDeadlineMs },
    ...(options.overload === undefined ? {} : { overload: options.overload }),
    ...options.limits,
    ...(authenticator === undefined ? {} : { ended: (caller) => authenticator.ended(caller) }),
  });
  const openReflection = isReflectionOpen(config, authenticator !== undefined);
  const guard = authenticator === undefined ? undefined : new Guard({ authenticator, log, openReflection });
  const callers = guard ?? anybody;
  const meter = options.telemetry === undefined ? undefined : new CallMeter(options.telemetry);
  const server = new Server(serverOptions(config, [meter?.interceptor, guard?.interceptor]));
  meter?.watchRefusals(server);
  const tools = { gate, answerRoom, calls, callers, log, frames };
  const offered = [...addServices(server, services, tools), ...addPluginHost(server, options.pluginHost, tools)];
  const board = new HealthBoard(namedChecks(options.health ?? {}), { own: offered });
  addIntrospection(server, { config, openReflection, offered, board, calls, callers, log });
  try {
    const port = await bind(server, config, credentials);
    if (options.tls !== undefined) checkResumedSessions(server, options.tls);
    shedOverload(server, { gate, delay, ...(meter === undefined ? {} : { onRefused: (method) => meter.refused(method) }) });
    limitConnectionAge(server, {
      ...{ maxAgeMs: limits.maxConnectionAgeMs, graceMs: limits.maxConnectionAgeGraceMs },
      endStreams: (connection) => calls.endStreamsOf(connection, CONNECTION_OLD),
    });
    const running = new RunningServer(port, { server, calls, gate, answerRoom, delay, frames, board });
    if (options.telemetry?.metrics !== undefined) addLoadMetrics(options.telemetry.metrics, () => running.load);
    return running;
  } catch (error) {
    calls.endAll(new ChatError("unavailable", "The server did not start"));
    delay.stop();
    server.forceShutdown();
    throw error;
  }
}

interface Parts {
  readonly server: Server;
  readonly calls: OpenCalls;
  readonly gate: Gate;
  readonly answerRoom: AnswerRoom;
  readonly delay: LoopDelay;
  readonly frames: MessageFrames;
  readonly board: HealthBoard;
}

class RunningServer implements GrpcServer {
  readonly port: number;
  readonly #parts: Parts;
  #stopped: Promise<void> | undefined;

  constructor(port: number, parts: Parts) {
    this.port = port;
    this.#parts = parts;
  }

  get load(): GrpcLoad {
    const { gate, answerRoom, calls, frames } = this.#parts;
    const waiting = gate.waiting + answerRoom.waiting;
    return { running: gate.running, waiting, answerBytes: answerRoom.bytes, streams: calls.streams, encodings: frames.encodings };
  }

  stop({ deadlineMs }: { readonly deadlineMs: number }): Promise<void> {
    return this.#stopped ??= this.#stop(deadlineMs);
  }

  async #stop(deadlineMs: number): Promise<void> {
    const { server, calls, board, delay } = this.#parts;
    const reason = new ChatError("unavailable", "The server is shutting down", { retryAfterMs: 0 });
    board.stop();
    calls.refuse(reason);
    const force = setTimeout(() => {
      calls.endAll(reason);
      cutOff(server);
    }, deadlineMs);
    const giveUp = Promise.withResolvers<void>();
    const last = setTimeout(giveUp.resolve, deadlineMs + FORCE_MS);
    // Calls back once every connection is gone, which a forced end only hastens.
    await Promise.race([new Promise<void>((resolve) => server.tryShutdown(() => resolve())), giveUp.promise]);
    clearTimeout(force);
    clearTimeout(last);
    delay.stop();
    calls.endAll(reason);
  }
}

function serverOptions(config: GrpcConfig, interceptors: readonly (ServerInterceptor | undefined)[]): ServerOptions {
  const { maxStreamsPerConnection, maxConnectionIdleMs } = limitsOf(config);
  return {
    "grpc.max_receive_message_length": config.maxMessageBytes,
    "grpc.max_send_message_length": config.maxMessageBytes,
    "grpc.max_concurrent_streams": maxStreamsPerConnection,
    ...(maxConnectionIdleMs === Infinity ? {} : { "grpc.max_connection_idle_ms": maxConnectionIdleMs }),
    // Without pings the stream of a client that vanished stays for ever.
    "grpc.keepalive_time_ms": config.keepaliveTimeMs,
    "grpc.keepalive_timeout_ms": config.keepaliveTimeoutMs,
    // Nobody reads its counters, and it takes part in every call.
    "grpc.enable_channelz": 0,
    interceptors: [correctInputFaults, ...interceptors.filter((one) => one !== undefined)],
  };
}

function bind(server: Server, config: GrpcConfig, credentials: ServerCredentials): Promise<number> {
  const host = config.host.includes(":") ? `[${config.host}]` : config.host;
  const address = `${host}:${config.port}`;
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown) => {
      const text = `Cannot listen for gRPC on ${address} (GRPC_SERVER_HOST, GRPC_SERVER_PORT): ${whyNot(cause)}`;
      reject(new ChatError("failed_precondition", text, { cause }));
    };
    try {
      server.bindAsync(address, credentials, (error, port) => error === null ? resolve(port) : fail(error));
    } catch (error) {
      fail(error);
    }
  });
}

function whyNot(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  if (/EADDRINUSE|in use/i.test(text)) return "the port is in use";
  if (/EADDRNOTAVAIL|EINVAL|not available/i.test(text)) return "this machine has no such address";
  if (/EACCES|permission denied/i.test(text)) return "this user may not use the port";
  if (/ENOTFOUND|EAI_|resolution/i.test(text)) return "the host is unknown";
  return text;
}
