import { Authority } from "../../scripts/certs/certificate.ts";
import { AIServiceClient, MessageServiceClient, PluginServiceClient, RAGServiceClient } from "../../src/clients/mod.ts";
import type { ClientTls } from "../../src/clients/options.ts";
import { addressSetting, callsElsewhere, type RoleName, roleNames } from "../../src/config/roles.ts";
import { freePort } from "./ports.ts";
import { createTestDatabase } from "./postgres.ts";
import { ServerProcess } from "./server_process.ts";
import { tempDir } from "./temp_dir.ts";

/** A part of the system that is a process of its own. */
export type Part = "gateway" | RoleName;

/** Every part there is. */
export const parts: readonly Part[] = ["gateway", ...roleNames];
/** Those of them that others call over gRPC. */
export const services: readonly RoleName[] = roleNames;

/** How to reach a running system from another process. */
export interface SplitPlace {
  readonly url: string;
  readonly addresses: Readonly<Record<string, string>>;
  /** A client that the services let in. */
  readonly tls: ClientTls;
}

/** What a test may change about a split system. */
export interface SplitOptions {
  readonly only?: readonly Part[];
  readonly more?: Readonly<Record<string, string>>;
}

/** A client of one service that asks for something harmless, once. */
export interface Probe extends AsyncDisposable {
  ask(): Promise<unknown>;
}

const probes: { readonly [R in RoleName]: (options: { address: string; tls: ClientTls; maxAttempts: number }) => Probe } = {
  message: (options) => probe(new MessageServiceClient(options), (client) => client.getMessages()),
  rag: (options) => probe(new RAGServiceClient(options), (client) => client.listDocuments()),
  ai: (options) => probe(new AIServiceClient(options), (client) => client.listModels()),
  plugin: (options) => probe(new PluginServiceClient(options), (client) => client.listPlugins()),
};

function probe<C extends AsyncDisposable>(client: C, ask: (client: C) => Promise<unknown>): Probe {
  return { ask: () => ask(client), [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() };
}

/**
 * Every part of the system as a real process of its own, on ports that a restart keeps, over one Postgres. Each has a certificate of its own, and each
 * knows the others by mutual TLS.
 */
export class SplitSystem implements AsyncDisposable {
  readonly place: SplitPlace;
  readonly #env: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly #running = new Map<Part, ServerProcess>();
  readonly #belongings: AsyncDisposableStack;

  private constructor(
    place: SplitPlace,
    env: Readonly<Record<string, Readonly<Record<string, string>>>>,
    belongings: AsyncDisposableStack,
  ) {
    this.place = place;
    this.#env = env;
    this.#belongings = belongings;
  }

  /** Starts all parts at once, or those of `only`: none waits for another. `more` adds settings to each. */
  static async start({ only = parts, more = {} }: SplitOptions = {}): Promise<SplitSystem> {
    await using belongings = new AsyncDisposableStack();
    const { path } = belongings.use(await tempDir());
    const { url: databaseUrl, drop } = await createTestDatabase();
    belongings.defer(drop);
    const authority = await Authority.create("Split CA", { validDays: 2 });
    const addresses = Object.fromEntries(services.map((role) => [role, `127.0.0.1:${freePort()}`]));
    const httpPort = freePort();
    const env = Object.fromEntries(
      await Promise.all(parts.map(async (part) => {
        const listens = part === "gateway"
          ? { HTTP_PORT: `${httpPort}`, GRPC_ENABLED: "false" }
          : { GRPC_SERVER_PORT: addresses[part]?.split(":")[1] ?? "", DATABASE_URL: databaseUrl, DATABASE_POOL_SIZE: "4" };
        const calls = services.filter((role) => callsElsewhere(new Set([part]), role)).map((
          role,
        ) => [addressSetting(role), addresses[role]]);
        return [part, {
          SERVICES: part,
          ...listens,
          ...(part === "plugin" ? { PLUGIN_DATA_DIR: `${path}/plugins` } : {}),
          ...Object.fromEntries(calls),
          ...await identity(authority, path, part),
          ...more,
        }] as const;
      })),
    );
    const { cert, key } = await authority.issue({ names: ["test.chat"], validDays: 2 });
    const place = { url: `http://127.0.0.1:${httpPort}`, addresses, tls: { ca: authority.cert, cert, key } };
    const system = new SplitSystem(place, env, belongings.move());
    await Promise.all(only.map((part) => system.startPart(part)));
    return system;
  }

  /** Starts a part, for the first time or again; resolves when it is ready. */
  async startPart(part: Part): Promise<void> {
    const process = new ServerProcess({ env: this.#env[part] ?? {} });
    this.#running.set(part, process);
    await process.ready();
  }

  /** Kills a part as a power cut would. */
  async killPart(part: Part): Promise<void> {
    await this.#running.get(part)?.[Symbol.asyncDispose]();
    this.#running.delete(part);
  }

  /** Asks one service directly, with a certificate unless it is a stranger who asks. */
  probe(role: RoleName, { stranger = false } = {}): Probe {
    const { tls, addresses } = this.place;
    return probes[role]({ address: addresses[role] ?? "", tls: stranger ? { ca: tls.ca ?? "" } : tls, maxAttempts: 1 });
  }

  /** Kills what runs and takes its files and its database away. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running.keys()].map((part) => this.killPart(part)));
    await this.#belongings[Symbol.asyncDispose]();
  }
}

/** A certificate for one part, and the settings that name it. */
async function identity(authority: Authority, folder: string, part: Part): Promise<Record<string, string>> {
  const { cert, key } = await authority.issue({ names: [`${part}.chat`, "127.0.0.1"], validDays: 2 });
  const files = { CERT: cert, KEY: key, CA: authority.cert };
  await Promise.all(Object.entries(files).map(([name, pem]) => Deno.writeTextFile(`${folder}/${part}-${name}.pem`, pem)));
  const paths = Object.keys(files).map((name) => [`GRPC_TLS_${name}_PATH`, `${folder}/${part}-${name}.pem`]);
  return { GRPC_TLS_ENABLED: "true", ...Object.fromEntries(paths) };
}
