/**
 * A small real gRPC server for the client's tests. It serves a log that outlives it, so that a test can stop it in every way there is and
 * start it again on the same port; and a test can put a handler of its own in place of any method.
 */
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  status,
  type UntypedServiceImplementation,
} from "../../src/wire/grpc_js.ts";
import { messageServiceDefinition } from "../../src/wire/definitions.ts";
import type { CreateMessageRequest, Message, StreamMessagesRequest } from "../../src/contracts/mod.ts";

/** A stream as the server sees it. */
export type StreamCall = ServerDuplexStream<StreamMessagesRequest, Message>;

/** One room's messages; shared by the servers of a test. */
export class TestLog {
  readonly messages: Message[] = [];
  #changed = Promise.withResolvers<void>();

  /** Resolves at the next message. */
  get changed(): Promise<void> {
    return this.#changed.promise;
  }

  append(request: CreateMessageRequest): Message {
    const { content, username, clientMessageId = "" } = request;
    const first = this.messages.find((message) => clientMessageId !== "" && message.clientMessageId === clientMessageId);
    if (first !== undefined) return first;
    const seq = this.messages.length + 1;
    const fixed = { messageType: "text", timestamp: 1, metadata: {}, room: "general", eventType: "created", version: 1 } as const;
    const message = { ...fixed, id: seq, seq, content, username, clientMessageId, createdAtMs: 1, updatedAtMs: 1, deleted: false };
    this.messages.push(message);
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
    return message;
  }

  /** Appends so many messages, each saying its position. */
  fill(count: number): void {
    for (let i = 0; i < count; i++) this.append({ content: `message ${this.messages.length + 1}`, username: "alice" });
  }
}

/** A running server. */
export interface TestServer {
  readonly port: number;
  readonly address: string;
  /** Open streams get UNAVAILABLE, then the server closes. */
  stopGently(): Promise<void>;
  /** Connections are torn down under whatever runs; clients see CANCELLED or a lost connection. */
  stopHard(): void;
}

/** What a test may want of its server. */
export interface TestServerOptions {
  readonly port?: number;
  readonly handlers?: Partial<UntypedServiceImplementation>;
  /** Settings of the grpc-js server. */
  readonly server?: Record<string, number>;
  /** Default: plain text. */
  readonly credentials?: ServerCredentials;
}

/** Starts a server over `log`. */
export async function startTestServer(log: TestLog, options: TestServerOptions = {}): Promise<TestServer> {
  const server = new Server({ "grpc.keepalive_time_ms": 20_000, ...options.server });
  const streams = new Set<StreamCall>();
  server.addService(messageServiceDefinition, { ...defaultHandlers(log, streams), ...options.handlers } as UntypedServiceImplementation);
  const port = await new Promise<number>((resolve, reject) => {
    const where = `127.0.0.1:${options.port ?? 0}`;
    server.bindAsync(
      where,
      options.credentials ?? ServerCredentials.createInsecure(),
      (error, bound) => error === null ? resolve(bound) : reject(error),
    );
  });
  return {
    port,
    address: `127.0.0.1:${port}`,
    stopHard: () => server.forceShutdown(),
    stopGently: () => {
      for (const call of streams) failStream(call, status.UNAVAILABLE, "The server is shutting down");
      return new Promise((resolve) => server.tryShutdown(() => resolve()));
    },
  };
}

/** Ends a stream with a status, and in the trailers the position to resume after. */
export function failStream(call: StreamCall, code: number, details: string, resumeSeq?: number): void {
  const metadata = new Metadata();
  if (resumeSeq !== undefined) metadata.set("chat-resume-seq", String(resumeSeq));
  call.emit("error", { code, details, metadata });
}

/** Tells where the stream begins and sends all of the log after it, then what comes. */
export async function follow(log: TestLog, call: StreamCall, request: StreamMessagesRequest): Promise<void> {
  let position = request.afterSeq ?? log.messages.length;
  const metadata = new Metadata();
  metadata.set("chat-resume-seq", String(position));
  call.sendMetadata(metadata);
  let left = false;
  const gone = new Promise<void>((resolve) => {
    const leave = () => resolve(void (left = true));
    call.once("cancelled", leave).once("error", leave).once("close", leave);
  });
  while (!left) {
    const changed = log.changed;
    const next = log.messages[position];
    if (next === undefined) {
      await Promise.race([changed, gone]);
    } else {
      position++;
      if (!call.write(next)) await Promise.race([new Promise((resolve) => call.once("drain", resolve)), gone]);
    }
  }
}

function defaultHandlers(log: TestLog, streams: Set<StreamCall>): Partial<UntypedServiceImplementation> {
  // deno-lint-ignore no-explicit-any -- the edge of grpc-js, whose handler types differ by method
  const handlers: Record<string, any> = {
    CreateMessage: (call: { request: CreateMessageRequest }, callback: (error: null, answer: Message) => void) =>
      callback(null, log.append(call.request)),
    GetMessages: (_call: unknown, callback: (error: null, answer: unknown) => void) =>
      callback(null, { messages: log.messages.slice(0, 50), totalCount: log.messages.length, headSeq: log.messages.length }),
    StreamMessages: (call: StreamCall) => {
      streams.add(call);
      call.on("error", () => streams.delete(call)).on("cancelled", () => streams.delete(call));
      call.once("data", (request: StreamMessagesRequest) => void follow(log, call, request));
    },
  };
  return handlers;
}
