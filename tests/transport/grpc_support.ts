/**
 * A real gRPC server on a free port with a real grpc-js client, for the tests of the server.
 */
import type { GrpcLimits, TlsPaths } from "../../src/config/config.ts";
import type { MessageService, Services } from "../../src/contracts/mod.ts";
import type { Authenticator } from "../../src/core/authenticator.ts";
import { type GrpcServer, type GrpcServerOptions, startGrpcServer } from "../../src/grpc/server.ts";
import { createLog } from "../../src/observability/log.ts";
import { TlsFiles } from "../../src/wire/tls_files.ts";
import { messageServiceDefinition } from "../../src/wire/definitions.ts";
import type { CreateMessageRequest } from "../../src/wire/generated/chat/CreateMessageRequest.ts";
import type { MessageResponse__Output } from "../../src/wire/generated/chat/MessageResponse.ts";
import type { MessageServiceClient } from "../../src/wire/generated/chat/MessageService.ts";
import type { MessageStreamRequest } from "../../src/wire/generated/chat/MessageStreamRequest.ts";
import {
  type ChannelCredentials,
  type ClientDuplexStream,
  credentials,
  makeClientConstructor,
  Metadata,
  type ServiceError,
  type StatusObject,
} from "../../src/wire/grpc_js.ts";
import { within } from "../support/deadline.ts";
import { MemoryMessageService } from "../support/memory_message_service.ts";

/** No test waits longer for anything. */
export const PATIENCE_MS = 10_000;

const FAR_AWAY: GrpcLimits = {
  maxStreamsPerConnection: 1_000,
  maxCallsPerCaller: 5_000,
  maxDeadlineMs: 60_000,
  maxTurnDelayMs: Infinity,
  maxConnectionIdleMs: Infinity,
  maxConnectionAgeMs: Infinity,
  maxConnectionAgeGraceMs: PATIENCE_MS,
};

/** What a test may want of its server. */
export interface TestServerOptions {
  readonly service?: MessageService;
  /** Instead of a message service: these. */
  readonly services?: Partial<Services>;
  readonly pluginHost?: GrpcServerOptions["pluginHost"];
  readonly port?: number;
  readonly host?: string;
  readonly tls?: TlsPaths;
  readonly maxWorkers?: number;
  readonly maxQueuedCalls?: number;
  readonly maxMessageBytes?: number;
  readonly keepaliveTimeMs?: number;
  readonly keepaliveTimeoutMs?: number;
  readonly limits?: GrpcServerOptions["limits"];
  /** What clients are held to; what is left out is far away. */
  readonly held?: Partial<GrpcLimits>;
  readonly overload?: GrpcServerOptions["overload"];
  readonly health?: GrpcServerOptions["health"];
  readonly telemetry?: GrpcServerOptions["telemetry"];
  readonly reflection?: "on" | "off" | "auto";
  readonly authenticator?: Authenticator;
}

/** A server, what it serves, and what it logs. */
export interface TestServer extends AsyncDisposable {
  readonly server: GrpcServer;
  readonly service: MemoryMessageService;
  readonly log: string[];
  /** The TLS files that the server was given. */
  readonly files?: TlsFiles;
  readonly address: string;
}

/** Starts a server over a service in memory, or over the given one; disposal stops it at once. */
export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  const memory = new MemoryMessageService();
  const lines: string[] = [];
  const files = options.tls && await TlsFiles.open(options.tls);
  const server = await startGrpcServer({
    ...(files === undefined ? {} : { tls: files }),
    config: {
      ...{ enabled: true, host: options.host ?? "127.0.0.1", port: options.port ?? 0 },
      ...{ maxWorkers: options.maxWorkers ?? 256, maxQueuedCalls: options.maxQueuedCalls ?? 1_000 },
      ...{ maxMessageBytes: options.maxMessageBytes ?? 4 * 1024 * 1024 },
      ...{ keepaliveTimeMs: options.keepaliveTimeMs ?? 30_000, keepaliveTimeoutMs: options.keepaliveTimeoutMs ?? 10_000 },
      ...(options.tls === undefined ? {} : { tls: options.tls }),
      limits: { ...FAR_AWAY, ...options.held },
      ...(options.reflection === undefined ? {} : { reflection: options.reflection }),
    },
    services: options.services ?? { message: options.service ?? memory },
    ...(options.pluginHost === undefined ? {} : { pluginHost: options.pluginHost }),
    ...(options.authenticator === undefined ? {} : { authenticator: options.authenticator }),
    log: createLog("debug", (line) => lines.push(line)),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    ...(options.telemetry === undefined ? {} : { telemetry: options.telemetry }),
    ...(options.overload === undefined ? {} : { overload: options.overload }),
    ...(options.health === undefined ? {} : { health: options.health }),
  });
  const stop = async () => {
    await server.stop({ deadlineMs: 0 });
    await files?.close();
  };
  return {
    server,
    service: memory,
    log: lines,
    ...(files === undefined ? {} : { files }),
    address: `127.0.0.1:${server.port}`,
    [Symbol.asyncDispose]: stop,
  };
}

/** A client that closes itself. */
export type TestClient = MessageServiceClient & Disposable;

/** A client with a connection of its own. */
export function connect(address: string, options: { readonly trust?: ChannelCredentials; readonly channel?: object } = {}): TestClient {
  const Client = makeClientConstructor(messageServiceDefinition, "MessageService");
  const channel = { "grpc.use_local_subchannel_pool": 1, "grpc.enable_channelz": 0, ...options.channel };
  const client = new Client(address, options.trust ?? credentials.createInsecure(), channel) as unknown as MessageServiceClient;
  return Object.assign(client, { [Symbol.dispose]: () => client.close() });
}

/** The answer of a unary call, or the error it ended with. */
export function answer<T>(start: (done: (error: ServiceError | null, value?: T) => void) => unknown): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  start((error, value) => error === null ? resolve(value as T) : reject(error));
  return within(PATIENCE_MS, "the answer of a call", promise);
}

/** The answer of `CreateMessage`. */
export function create(client: MessageServiceClient, request: CreateMessageRequest): Promise<MessageResponse__Output> {
  return answer((done) => client.CreateMessage(request, done));
}

/** The error a unary call ended with; fails when it was answered. */
export async function failure<T>(start: (done: (error: ServiceError | null, value?: T) => void) => unknown): Promise<ServiceError> {
  const value = await answer(start).catch((error: ServiceError) => error);
  if (value instanceof Error) return value;
  throw new Error(`Expected the call to fail, got ${JSON.stringify(value)}`);
}

/** One open `StreamMessages` call, with everything that came of it. */
export class TestStream {
  readonly call: ClientDuplexStream<MessageStreamRequest, MessageResponse__Output>;
  readonly messages: MessageResponse__Output[] = [];
  readonly initial = Promise.withResolvers<Metadata>();
  readonly ended = Promise.withResolvers<StatusObject>();
  #arrived = Promise.withResolvers<void>();

  constructor(client: MessageServiceClient, options: { readonly deadlineMs?: number; readonly metadata?: Metadata } = {}) {
    const deadline = options.deadlineMs === undefined ? {} : { deadline: Date.now() + options.deadlineMs };
    this.call = client.StreamMessages(options.metadata ?? new Metadata(), deadline);
    this.call.on("metadata", (metadata) => this.initial.resolve(metadata));
    this.call.on("status", (status) => this.ended.resolve(status));
    this.call.on("error", () => {}); // told by the status as well
    this.call.on("data", (message) => {
      this.messages.push(message);
      this.#arrived.resolve();
      this.#arrived = Promise.withResolvers();
    });
  }

  /** Asks for a subscription. */
  ask(request: MessageStreamRequest = {}): this {
    this.call.write(request);
    return this;
  }

  /** Resolves with the position that the first subscription begins after. */
  async begun(): Promise<number> {
    const metadata = await within(PATIENCE_MS, "the initial metadata", this.initial.promise);
    return Number(metadata.get("chat-resume-seq")[0]);
  }

  /** Resolves once so many messages have come, with their contents. */
  async received(count: number): Promise<readonly string[]> {
    await within(PATIENCE_MS, () => `${count} messages, got ${this.messages.length}`, this.#received(count));
    return this.messages.map((message) => message.content);
  }

  /** Resolves with the status the stream ended with. */
  status(): Promise<StatusObject> {
    return within(PATIENCE_MS, "the end of the stream", this.ended.promise);
  }

  async #received(count: number): Promise<void> {
    while (this.messages.length < count) await this.#arrived.promise;
  }
}

/** Waits until `holds`, looking again each turn of the event loop, for at most {@link PATIENCE_MS}. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const giveUpAtMs = Date.now() + PATIENCE_MS;
  while (!holds()) {
    if (Date.now() > giveUpAtMs) throw new Error(`Not within ${PATIENCE_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
