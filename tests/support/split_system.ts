import { MessageServiceClient } from "../../src/clients/mod.ts";
import { databasePlace } from "./database.ts";
import { freePort } from "./ports.ts";
import { ServerProcess } from "./server_process.ts";
import { tempDir } from "./temp_dir.ts";
import { ca, clientCert, clientKey, serverCert, serverKey } from "./tls.ts";

/** A part of the system that is a process of its own. */
export type Part = "gateway" | "message";

/** Gateway and message service as two real processes that know each other by mutual TLS, on ports that a restart keeps. */
export class SplitSystem implements AsyncDisposable {
  readonly url: string;
  readonly grpcAddress: string;
  readonly #env: Readonly<Record<Part, Readonly<Record<string, string>>>>;
  readonly #running = new Map<Part, ServerProcess>();
  readonly #places: AsyncDisposableStack;

  private constructor(env: Readonly<Record<Part, Readonly<Record<string, string>>>>, places: AsyncDisposableStack) {
    this.#env = env;
    this.#places = places;
    this.url = `http://127.0.0.1:${env.gateway["HTTP_PORT"]}`;
    this.grpcAddress = env.gateway["MESSAGE_SERVICE_ADDR"] ?? "";
  }

  /** Starts both, the gateway first: neither waits for the other. */
  static async start(): Promise<SplitSystem> {
    await using places = new AsyncDisposableStack();
    const { path } = places.use(await tempDir());
    const { config } = places.use(await databasePlace("pglite"));
    await Promise.all(Object.entries({ ca, serverCert, serverKey }).map(([name, pem]) => Deno.writeTextFile(`${path}/${name}.pem`, pem)));
    const tls = {
      GRPC_TLS_ENABLED: "true",
      GRPC_TLS_CERT_PATH: `${path}/serverCert.pem`,
      GRPC_TLS_KEY_PATH: `${path}/serverKey.pem`,
      GRPC_TLS_CA_PATH: `${path}/ca.pem`,
    };
    const [grpcPort, httpPort] = [`${freePort()}`, `${freePort()}`];
    const data: Record<string, string> = config.kind === "pglite" ? { DATA_DIR: config.dataDir } : {};
    const env = {
      gateway: { SERVICES: "gateway", HTTP_PORT: httpPort, MESSAGE_SERVICE_ADDR: `127.0.0.1:${grpcPort}`, ...tls },
      message: { SERVICES: "message", GRPC_SERVER_PORT: grpcPort, ...data, ...tls },
    };
    const system = new SplitSystem(env, places.move());
    await Promise.all([system.startPart("gateway"), system.startPart("message")]);
    return system;
  }

  /** Starts a part, for the first time or again; resolves when it is ready. */
  async startPart(part: Part): Promise<void> {
    const process = new ServerProcess({ env: this.#env[part] });
    this.#running.set(part, process);
    await process.ready();
  }

  /** Kills a part as a power cut would. */
  async killPart(part: Part): Promise<void> {
    await this.#running.get(part)?.[Symbol.asyncDispose]();
    this.#running.delete(part);
  }

  /** A client of the message service, with a certificate unless it is a stranger. */
  client(options: { readonly stranger?: boolean } = {}): MessageServiceClient {
    const identity = options.stranger ? {} : { cert: clientCert, key: clientKey };
    return new MessageServiceClient({ address: this.grpcAddress, tls: { ca, ...identity }, maxAttempts: 1 });
  }

  /** Kills what runs and takes its files away. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running.keys()].map((part) => this.killPart(part)));
    await this.#places[Symbol.asyncDispose]();
  }
}
