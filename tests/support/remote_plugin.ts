/**
 * A plugin that is a server of its own, as somebody might write one over grpc-js: what it answers, a test can change at any time.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { CapabilityResponse, PluginManifest, TokenCapabilityRequest } from "../../src/contracts/mod.ts";
import { pluginHostServiceDefinition, remotePluginServiceDefinition } from "../../src/wire/definitions.ts";
import type { HookCall__Output } from "../../src/wire/generated/chat/HookCall.ts";
import type { PluginCall__Output } from "../../src/wire/generated/chat/PluginCall.ts";
import type { PluginHostServiceClient } from "../../src/wire/generated/chat/PluginHostService.ts";
import {
  type ChannelCredentials,
  credentials,
  makeClientConstructor,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  status,
  type UntypedServiceImplementation,
} from "../../src/wire/grpc_js.ts";

/** What it says of itself. */
export const remoteManifest: PluginManifest = {
  ...{ name: "weather", version: "1.0.0", description: "Tells the weather" },
  actions: ["echo", "ask", "count"].map((name) => ({
    ...{ name, description: "", inputSchemaJson: '{"type": "object"}', outputSchemaJson: "", readOnly: false, streams: name === "count" },
  })),
  hooks: [{
    ...{ event: "message.before_create", order: 1, onFailure: "", action: "", command: "", cron: "", rooms: [], timeoutMs: 0 },
  }],
  permissions: { net: [], env: [], data: false, capabilities: ["messages.post", "storage"], rooms: [] },
  limits: { memoryBytes: 0, callMs: 2_000, cpuMs: 0, outputBytes: 10_000, concurrency: 4 },
};

/** Bytes to send as they are, whatever they mean. */
export const raw = (bytes: Uint8Array): unknown => Buffer.from(bytes);

/** How it answers; a thrown object with `code` is a status. */
export interface RemoteBehaviour {
  describe?: () => unknown;
  runAction?: (call: PluginCall__Output, edge: { readonly cancelled: Promise<void> }) => unknown;
  streamAction?: (call: PluginCall__Output) => AsyncIterable<unknown>;
  runHook?: (call: HookCall__Output) => unknown;
}

/** Its server. */
export class RemotePlugin implements Disposable {
  /** Change it at any time. */
  behaviour: RemoteBehaviour;
  /** How often it was asked what it is. */
  described = 0;
  readonly #server = new Server();
  #port = 0;

  private constructor(behaviour: RemoteBehaviour) {
    this.behaviour = behaviour;
    this.#server.addService(anyBytes(remotePluginServiceDefinition), handlers(this));
  }

  /** Where it listens. */
  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  static async start(
    behaviour: RemoteBehaviour = {},
    { port = 0, trust = ServerCredentials.createInsecure() } = {},
  ): Promise<RemotePlugin> {
    const plugin = new RemotePlugin(behaviour);
    plugin.#port = await new Promise<number>((resolve, reject) =>
      plugin.#server.bindAsync(`127.0.0.1:${port}`, trust, (error, at) => error === null ? resolve(at) : reject(error))
    );
    return plugin;
  }

  /** Kills it as a crash would. */
  [Symbol.dispose](): void {
    this.#server.forceShutdown();
  }
}

function handlers(plugin: RemotePlugin): UntypedServiceImplementation {
  const unary =
    (answer: (request: never, edge: { readonly cancelled: Promise<void> }) => unknown) =>
    async (call: ServerUnaryCall<never, unknown>, send: (error: object | null, value?: unknown) => void) => {
      try {
        const cancelled = new Promise<void>((resolve) => call.on("cancelled", () => resolve()));
        send(null, await answer(call.request, { cancelled }));
      } catch (error) {
        send(error as object);
      }
    };
  return {
    DescribePlugin: unary(() => {
      plugin.described++;
      return (plugin.behaviour.describe ?? (() => remoteManifest))();
    }),
    RunAction: unary((call: PluginCall__Output, edge) =>
      (plugin.behaviour.runAction ?? (({ inputJson }) => ({ outputJson: inputJson, seq: 1 })))(call, edge)
    ),
    StreamAction: async (call: ServerWritableStream<PluginCall__Output, unknown>) => {
      let over = false;
      call.on("cancelled", () => over = true);
      try {
        for await (const output of plugin.behaviour.streamAction!(call.request)) {
          if (over) return;
          if (!call.write(output)) await new Promise<void>((resolve) => (call.once("drain", resolve), call.once("cancelled", resolve)));
        }
        call.end();
      } catch (error) {
        call.emit("error", error);
      }
    },
    RunHook: unary((call: HookCall__Output) => (plugin.behaviour.runHook ?? (() => ({ decision: "allow" })))(call)),
  } as unknown as UntypedServiceImplementation;
}

/** The same service, but for answers that are bytes already. */
function anyBytes(definition: typeof remotePluginServiceDefinition): typeof remotePluginServiceDefinition {
  return Object.fromEntries(
    Object.entries(definition).map(([name, method]) => {
      const encode = method.responseSerialize as (value: unknown) => Buffer;
      return [name, { ...method, responseSerialize: (value: unknown) => Buffer.isBuffer(value) ? value : encode(value) }];
    }),
  ) as unknown as typeof remotePluginServiceDefinition;
}

/** A failure with a status of the plugin's choice. */
export function statusOf(code: keyof typeof status, details: string): object {
  return { code: status[code], details };
}

/** What a plugin asks the system with. */
export class HostClient implements Disposable {
  readonly #client: PluginHostServiceClient & { close(): void };

  constructor(address: string, trust: ChannelCredentials = credentials.createInsecure(), channel: object = {}) {
    const Client = makeClientConstructor(pluginHostServiceDefinition, "PluginHostService");
    this.#client = new Client(address, trust, { "grpc.use_local_subchannel_pool": 1, ...channel }) as unknown as PluginHostServiceClient & {
      close(): void;
    };
  }

  /** Uses a capability; rejects with the `ServiceError`. */
  use(request: TokenCapabilityRequest): Promise<CapabilityResponse> {
    return new Promise((resolve, reject) =>
      this.#client.UseCapability(
        request as never,
        (error: ServiceError | null, answer: unknown) => error === null ? resolve(answer as CapabilityResponse) : reject(error),
      )
    );
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}
