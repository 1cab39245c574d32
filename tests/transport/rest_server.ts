/** The gateway over the real message service on a real Postgres, and a client for its event streams. */
import { createMemoryBus } from "../../src/bus/memory.ts";
import { RemoteMessageService } from "../../src/clients/remote_message_service.ts";
import type { HttpConfig } from "../../src/config/config.ts";
import type { MessageService } from "../../src/contracts/mod.ts";
import { openDatabase } from "../../src/database/open.ts";
import { type Gateway, type GatewayOptions, startGateway } from "../../src/gateway/gateway.ts";
import { createMessageService, type MessageServiceOptions } from "../../src/message/service.ts";
import { createLog } from "../../src/observability/log.ts";
import { createRagService } from "../../src/rag/service.ts";
import { databasePlace } from "../support/database.ts";
import type { SplitPlace } from "../support/split_system.ts";

/** A running gateway and what a test may want of it. */
export interface TestGateway {
  readonly gateway: Gateway;
  readonly service: MessageService;
  /** Where it answers, without a slash at the end. */
  readonly origin: string;
  readonly logLines: readonly string[];
  /** A `POST` of a JSON body; the answer must be taken. */
  post(body: unknown): Promise<Response>;
  /** Stores a message and gives its seq. */
  say(room: string, content: string, username?: string): Promise<number>;
}

/** What a test may change. */
export interface TestGatewayOptions
  extends Partial<Pick<GatewayOptions, "heartbeatMs" | "readiness" | "live" | "signals" | "limits" | "authenticator">> {
  readonly http?: Partial<HttpConfig>;
  readonly message?: Partial<MessageServiceOptions>;
  /** Serves documents too. */
  readonly documents?: boolean;
  /** Puts a test's own methods in place of the service's. */
  readonly override?: (service: MessageService) => Partial<MessageService>;
}

/** Runs `work` against a gateway on a port of its own, and takes everything down after it. */
export async function withGateway(work: (server: TestGateway) => Promise<void>, options: TestGatewayOptions = {}): Promise<void> {
  const split = Deno.env.get("TEST_SPLIT");
  if (split !== undefined && Object.keys(options).length === 0) return await withSplitGateway(JSON.parse(split), work);
  const logLines: string[] = [];
  const log = createLog("debug", (line) => logLines.push(line));
  await using place = await databasePlace("postgres");
  const database = await openDatabase(place.config, { log });
  const bus = createMemoryBus();
  const service = createMessageService({ database, bus, log, ...options.message });
  const rag = options.documents === true ? createRagService({ database, log, messages: service }) : undefined;
  const gateway = await startGateway({
    services: { message: overridden(service, options.override?.(service) ?? {}), ...(rag === undefined ? {} : { rag }) },
    readiness: () => ({ ok: true, checks: { database: database.health() } }),
    log,
    ...options,
    http: { host: "127.0.0.1", port: 0, ...options.http },
  });
  try {
    await work({ gateway, service, logLines, ...requests(`http://127.0.0.1:${gateway.port}`) });
  } finally {
    await gateway.stop({ deadlineMs: 2000 });
    await rag?.close();
    await service.close();
    await bus.close();
    await database.close();
  }
}

/** The same with a system that runs already, each part in a process of its own, for tests that look at the gateway from outside only. */
async function withSplitGateway({ url, addresses, tls }: SplitPlace, work: (server: TestGateway) => Promise<void>): Promise<void> {
  await using service = new RemoteMessageService({ address: addresses["message"] ?? "", tls });
  const stop = () => Promise.reject(new Error("The gateway is no test's to stop"));
  await work({ gateway: { port: Number(new URL(url).port), stop }, service, logLines: [], ...requests(url) });
}

function overridden(service: MessageService, own: Partial<MessageService>): MessageService {
  return new Proxy(service, {
    get: (target, name) => {
      const method = Reflect.get(own, name) ?? Reflect.get(target, name);
      return typeof method === "function" ? method.bind(name in own ? own : target) : method;
    },
  });
}

function requests(origin: string): Pick<TestGateway, "origin" | "post" | "say"> {
  const post = (body: unknown) =>
    fetch(`${origin}/v1/messages`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  const say = async (room: string, content: string, username = "ann") => (await (await post({ room, content, username })).json()).seq;
  return { origin, post, say };
}

/** One server-sent event as a browser would dispatch it; comments and frames without data are not. */
export interface ServerSentEvent {
  readonly event: string;
  readonly id: string;
  // deno-lint-ignore no-explicit-any -- a test looks into whatever came
  readonly data: any;
}

/** A reader of one event stream. */
export class EventReader {
  readonly response: Response;
  /** Everything read so far, as it came. */
  raw = "";
  readonly #reader: ReadableStreamDefaultReader<string>;
  readonly #aborter: AbortController;
  #rest = "";

  private constructor(response: Response, aborter: AbortController) {
    this.response = response;
    this.#aborter = aborter;
    this.#reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Opens a stream, which must be answered with 200. */
  static async open(url: string, headers: Record<string, string> = {}): Promise<EventReader> {
    const aborter = new AbortController();
    const response = await fetch(url, { headers, signal: aborter.signal });
    if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
    return new EventReader(response, aborter);
  }

  /** The next event; undefined at the end. Fails after 10 s. */
  next(): Promise<ServerSentEvent | undefined> {
    return within(10_000, this.#next());
  }

  /** So many events. */
  async take(count: number): Promise<ServerSentEvent[]> {
    const events: ServerSentEvent[] = [];
    while (events.length < count) {
      const event = await this.next();
      if (event === undefined) throw new Error(`The stream ended after ${events.length} of ${count} events`);
      events.push(event);
    }
    return events;
  }

  /** Every event to the end of the stream. */
  async rest(): Promise<ServerSentEvent[]> {
    const events: ServerSentEvent[] = [];
    for (let event = await this.next(); event !== undefined; event = await this.next()) events.push(event);
    return events;
  }

  /** Goes away without a word. */
  close(): void {
    this.#aborter.abort();
    this.#reader.cancel().catch(() => {});
  }

  async #next(): Promise<ServerSentEvent | undefined> {
    for (;;) {
      const end = this.#rest.indexOf("\n\n");
      if (end >= 0) {
        const frame = this.#rest.slice(0, end);
        this.#rest = this.#rest.slice(end + 2);
        const event = parsed(frame);
        if (event !== undefined) return event;
        continue;
      }
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      this.#rest += value;
      this.raw += value;
    }
  }
}

function parsed(frame: string): ServerSentEvent | undefined {
  const fields = new Map(
    frame.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trimStart()]),
  );
  const data = fields.get("data");
  return data === undefined ? undefined : { event: fields.get("event") ?? "message", id: fields.get("id") ?? "", data: JSON.parse(data) };
}

/** `promise`, or a failure after `ms`. */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`Nothing came within ${ms} ms`)), ms);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Sends `text` as it is over a connection of its own, and gives what comes back first; then hangs up. */
export async function rawRequest(port: number, text: string): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode(text));
  const buffer = new Uint8Array(65_536);
  const size = await within(5000, connection.read(buffer));
  return new TextDecoder().decode(buffer.subarray(0, size ?? 0));
}
