import { abortError, ChatError } from "../core/errors.ts";
import { type ChannelOptions, Client, Metadata } from "../wire/grpc_js.ts";
import { hostTarget } from "../wire/host_resolver.ts";
import { metadataKeys } from "../wire/status.ts";
import type { ResolvedOptions } from "./options.ts";
import { channelSecurity } from "./tls.ts";

/** One connection of a pool. */
interface Slot {
  readonly client: Client;
  inFlight: number;
}

/** A call that the pool can end. */
interface Cancellable {
  cancel(): void;
}

/**
 * One or more HTTP/2 connections to one address, made when first needed and made again when lost. Each call takes the connection with the
 * fewest calls in flight.
 */
export class ChannelPool {
  /** What errors call the server. */
  readonly peer: string;
  readonly hidesAddress: boolean;
  /** When a call that lost its connection is worth repeating, in milliseconds. */
  readonly retryAfterMs: number;
  /** Aborts when the pool is closed, with the error that ends whatever still runs. */
  readonly closed: AbortSignal;
  readonly #closing = new AbortController();
  readonly #slots: readonly Slot[];
  /** Not listeners on `closed`, whose removal takes the longer the more calls run. */
  readonly #running = new Set<Cancellable>();

  constructor(options: ResolvedOptions) {
    this.peer = options.hideAddress ? "the service" : options.address;
    this.hidesAddress = options.hideAddress;
    this.retryAfterMs = options.backoffInitialMs;
    this.closed = this.#closing.signal;
    this.#slots = Array.from({ length: options.connections }, () => ({ client: openClient(options), inFlight: 0 }));
  }

  /** Calls in flight on each connection, for tests and metrics. */
  get inFlight(): readonly number[] {
    return this.#slots.map((slot) => slot.inFlight);
  }

  /**
   * Starts a call on the least busy connection and counts it until `release` is called; ends it when the pool closes or `signal` aborts.
   * Throws the error that an aborted signal stands for.
   */
  start<C extends Cancellable>(begin: (client: Client) => C, signal?: AbortSignal): { readonly call: C; readonly release: () => void } {
    if (this.closed.aborted) throw new ChatError("failed_precondition", `The client of ${this.peer} is closed`);
    if (signal?.aborted) throw abortError(signal);
    const slot = this.#slots.reduce((least, next) => next.inFlight < least.inFlight ? next : least);
    const call = begin(slot.client);
    slot.inFlight++;
    const cancel = () => call.cancel();
    this.#running.add(call);
    signal?.addEventListener("abort", cancel);
    const release = () => {
      if (!this.#running.delete(call)) return;
      slot.inFlight--;
      signal?.removeEventListener("abort", cancel);
    };
    return { call, release };
  }

  /** Ends every call with `cancelled` and closes the connections; idempotent. */
  close(): Promise<void> {
    this.#closing.abort(new ChatError("cancelled", `The client of ${this.peer} was closed`));
    for (const call of this.#running) call.cancel();
    for (const slot of this.#slots) slot.client.close();
    return Promise.resolve();
  }
}

/** The metadata that a call is sent with. */
export function callMetadata(requestId: string | undefined): Metadata {
  const metadata = new Metadata();
  if (requestId !== undefined) metadata.set(metadataKeys.requestId, requestId);
  return metadata;
}

function openClient(options: ResolvedOptions): Client {
  const security = channelSecurity(options);
  return new Client(hostTarget(options.address), security.credentials, { ...channelOptions(options), ...security.options });
}

function channelOptions(options: ResolvedOptions): ChannelOptions {
  return {
    // Otherwise grpc-js gives every client of one address the same connection.
    "grpc.use_local_subchannel_pool": 1,
    "grpc.keepalive_time_ms": options.keepaliveTimeMs,
    "grpc.keepalive_timeout_ms": options.keepaliveTimeoutMs,
    "grpc.keepalive_permit_without_calls": 0,
    "grpc.max_receive_message_length": options.maxMessageBytes,
    "grpc.initial_reconnect_backoff_ms": options.backoffInitialMs,
    "grpc.max_reconnect_backoff_ms": options.backoffMaxMs,
    // Services are reached directly; a proxy meant for browsing must not get in between.
    "grpc.enable_http_proxy": 0,
  };
}
