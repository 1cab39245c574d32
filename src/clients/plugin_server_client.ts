import type { HookCall, HookDecision, PluginCall, PluginManifest, PluginOutput } from "../contracts/mod.ts";
import { ChatError } from "../core/errors.ts";
import { remotePluginServiceDefinition as definition } from "../wire/definitions.ts";
import { creationToWire, messageToWire } from "../wire/message_codec.ts";
import { checkWire } from "../wire/strict.ts";
import { callUnary } from "./caller.ts";
import { ChannelPool } from "./channel.ts";
import { asIs, type Method, method } from "./methods.ts";
import { type CallOptions, type ResolvedOptions, resolveOptions, type ServiceClientOptions } from "./options.ts";
import { manifestFromWire, present } from "./plugin_methods.ts";
import { readStream } from "./server_stream.ts";

/** The RPCs that a plugin serves. Whoever wrote it is not trusted: its bytes are looked at before they are decoded. */
const rpc = {
  describePlugin: strict("PluginManifest", method(definition.DescribePlugin, manifestFromWire)),
  runAction: strict("PluginOutput", method(definition.RunAction, asIs)),
  streamAction: strict("PluginOutput", method(definition.StreamAction, asIs)),
  runHook: strict("HookDecision", method(definition.RunHook, (wire): HookDecision => present(wire))),
};

/**
 * A client of a plugin that runs as a server of its own, over one connection: once that is lost the client is of no more use, since whoever is there next
 * may be another server. Nothing is sent twice. Every method throws `ChatError`.
 */
export class PluginServerClient implements AsyncDisposable {
  readonly #options: ResolvedOptions;
  readonly #pool: ChannelPool;
  #onLost = () => {};

  /** Opens no connection yet. Its errors reach strangers, so they do not tell where the plugin runs. */
  constructor(options: ServiceClientOptions) {
    this.#options = resolveOptions({ ...options, maxAttempts: 1, hideAddress: true });
    this.#pool = new ChannelPool(this.#options);
    this.#pool.endWithConnection(() => this.#onLost());
  }

  /** What the plugin says of itself. */
  describePlugin(options: CallOptions = {}): Promise<PluginManifest> {
    return this.#call(rpc.describePlugin, {}, options);
  }

  /** Runs an action. */
  runAction(call: PluginCall, options: CallOptions = {}): Promise<PluginOutput> {
    return this.#call(rpc.runAction, call, options);
  }

  /** Runs an action that streams. Leaving the loop ends it. */
  streamAction(call: PluginCall, options: CallOptions = {}): AsyncGenerator<PluginOutput> {
    return readStream(this.#pool, rpc.streamAction, call, options);
  }

  /** Asks about an event. */
  runHook({ draft, message, ...rest }: HookCall, options: CallOptions = {}): Promise<HookDecision> {
    const event = {
      ...rest,
      ...(draft === undefined ? {} : { draft: creationToWire(draft) }),
      ...(message === undefined ? {} : { message: messageToWire(message) }),
    };
    return this.#call(rpc.runHook, event, options);
  }

  /** Calls `listener` when the connection that stood is lost. */
  onLost(listener: () => void): void {
    this.#onLost = listener;
  }

  /** Ends what still runs and closes the connections; idempotent. */
  close(): Promise<void> {
    return this.#pool.close();
  }

  /** Closes at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #call<Request, Response>(method: Method<Request, Response>, request: Request, options: CallOptions): Promise<Response> {
    return callUnary({ pool: this.#pool, options: this.#options }, method, request, options);
  }
}

/** The same method, but for answers that protobufjs would take without a word. */
function strict<Request, Response>(type: string, plain: Method<Request, Response>): Method<Request, Response> {
  return {
    ...plain,
    responseDeserialize: (bytes) => {
      try {
        checkWire(type, bytes);
        return plain.responseDeserialize(bytes);
      } catch (cause) {
        throw new ChatError("internal", `it is no ${type}`, { cause });
      }
    },
  };
}
