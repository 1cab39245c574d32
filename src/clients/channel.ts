import { abortError, ChatError } from "../core/errors.ts";
import { type ChannelOptions, Client, connectivityState, Metadata, type ServiceError } from "../wire/grpc_js.ts";
import { hostTarget } from "../wire/host_resolver.ts";
import { metadataKeys } from "../wire/status.ts";
import { Circuit, type Reach, reachOf } from "./circuit.ts";
import type { ResolvedOptions } from "./options.ts";
import { RetryBudget } from "./retry_budget.ts";
import { channelSecurity } from "./tls.ts";
import { authorizationFor } from "./token.ts";

/** One connection of a pool. */
interface Slot {
  readonly client: Client;
  readonly circuit: Circuit;
  inFlight: number;
}

/** A call under way. */
export interface StartedCall<C> {
  readonly call: C;
  /** The server has shown that it is there, though the call is not over. */
  readonly answered: () => void;
  /** The call is over: answered (null), failed, or nobody can say. Idempotent. */
  readonly release: (error?: ServiceError | null) => void;
}

/** A call that the pool can end. */
interface Cancellable {
  cancel(): void;
}

/**
 * HTTP/2 connections to one address or several, made when first needed and made again when lost. Each call takes the connection with the fewest
 * calls in flight, of equal ones the next in turn; connections that are known to be down, and addresses whose circuit is open, come last or not at all.
 */
export class ChannelPool {
  /** What errors call the server. */
  readonly peer: string;
  readonly hidesAddress: boolean;
  /** When a call that lost its connection is worth repeating, in milliseconds. */
  readonly retryAfterMs: number;
  /** Aborts when the pool is closed, with the error that ends whatever still runs. */
  readonly closed: AbortSignal;
  /** What all calls may repeat together. */
  readonly budget: RetryBudget;
  readonly #closing = new AbortController();
  readonly #sender: ResolvedOptions;
  readonly #slots: readonly Slot[];
  /** Not listeners on `closed`, whose removal takes the longer the more calls run. */
  readonly #running = new Set<Cancellable>();
  #turn = 0;

  constructor(options: ResolvedOptions) {
    this.#sender = options;
    this.peer = options.hideAddress ? "the service" : options.addresses.join(" or ");
    this.hidesAddress = options.hideAddress;
    this.retryAfterMs = options.backoffInitialMs;
    this.closed = this.#closing.signal;
    this.budget = new RetryBudget(options, performance.now());
    this.#slots = options.addresses.flatMap((address) => {
      // One for all connections to an address: they lead to the same server.
      const circuit = new Circuit(options);
      return Array.from({ length: options.connections }, () => ({ client: openClient(address, options), circuit, inFlight: 0 }));
    });
  }

  /** What a call is sent with as `authorization`, made for whoever has proved itself with `onBehalfOf`, or for this client itself. */
  authorization(onBehalfOf: string | undefined): string | undefined | Promise<string> {
    return authorizationFor(this.#sender, onBehalfOf);
  }

  /** Calls in flight on each connection, for tests and metrics. */
  get inFlight(): readonly number[] {
    return this.#slots.map((slot) => slot.inFlight);
  }

  /** Whether anybody may be there, as the last calls have seen; true before the first one. From memory, so that health may ask. */
  get reachable(): boolean {
    const nowMs = performance.now();
    return this.#slots.some(({ client, circuit }) =>
      circuit.waitMs(nowMs) === 0 && client.getChannel().getConnectivityState(false) !== connectivityState.TRANSIENT_FAILURE
    );
  }

  /**
   * Starts a call on the least busy connection and counts it until `release` is called; ends it when the pool closes or `signal` aborts.
   * Throws the error that an aborted signal stands for, and `unavailable` while every circuit is open.
   */
  start<C extends Cancellable>(begin: (client: Client) => C, signal?: AbortSignal): StartedCall<C> {
    if (this.closed.aborted) throw new ChatError("failed_precondition", `The client of ${this.peer} is closed`);
    if (signal?.aborted) throw abortError(signal);
    const slot = this.#pick();
    const startedAtMs = performance.now();
    const call = begin(slot.client);
    slot.circuit.begin();
    slot.inFlight++;
    const cancel = () => call.cancel();
    this.#running.add(call);
    signal?.addEventListener("abort", cancel);
    let told = false;
    const tell = (reach: Reach) => {
      if (!told) slot.circuit.end(reach, performance.now());
      told = true;
    };
    const release = (error?: ServiceError | null) => {
      if (!this.#running.delete(call)) return;
      slot.inFlight--;
      signal?.removeEventListener("abort", cancel);
      tell(error === undefined ? "unknown" : reachOf(error, performance.now() - startedAtMs));
    };
    return { call, answered: () => tell("answered"), release };
  }

  /** The connection for the next call. */
  #pick(): Slot {
    const nowMs = performance.now();
    const waits = this.#slots.map((slot) => slot.circuit.waitMs(nowMs));
    const waitMs = Math.min(...waits);
    if (waitMs > 0) {
      const text = `No connection to ${this.peer}: the last calls found nobody there, and the next may try in ${Math.ceil(waitMs)} ms`;
      throw new ChatError("unavailable", text, { retryAfterMs: waitMs });
    }
    const able = this.#slots.filter((_, index) => waits[index] === 0);
    const turn = this.#turn++ % able.length;
    const inTurn = [...able.slice(turn), ...able.slice(0, turn)];
    return inTurn.reduce((best, next) => burden(next) < burden(best) ? next : best);
  }

  /**
   * Makes no connection in the place of one that stood and is lost: no call moves on to whoever is there next. What runs on a connection that its
   * server is giving up goes on. Calls `listener` when it is lost.
   */
  endWithConnection(listener: () => void): void {
    for (const { client } of this.#slots) this.#watch(client, listener);
  }

  #watch(client: Client, listener: () => void): void {
    const channel = client.getChannel();
    const before = channel.getConnectivityState(false);
    channel.watchConnectivityState(before, Infinity, () => {
      if (this.closed.aborted) return;
      if (before !== connectivityState.READY) return this.#watch(client, listener);
      client.close();
      listener();
    });
  }

  /** Ends every call with `cancelled` and closes the connections; idempotent. */
  close(): Promise<void> {
    this.#closing.abort(new ChatError("cancelled", `The client of ${this.peer} was closed`));
    for (const call of this.#running) call.cancel();
    for (const slot of this.#slots) slot.client.close();
    return Promise.resolve();
  }
}

/** What a call tells of itself. */
export interface CallNames {
  readonly requestId?: string;
  readonly authorization?: string | undefined;
}

/** The metadata that a call is sent with. */
export function callMetadata({ requestId, authorization }: CallNames): Metadata {
  const metadata = new Metadata();
  if (authorization !== undefined) metadata.set("authorization", authorization);
  if (requestId !== undefined) metadata.set(metadataKeys.requestId, requestId);
  return metadata;
}

/** How little a connection is worth choosing: the calls on it, and more than any number of calls when it is down. */
function burden({ client, inFlight }: Slot): number {
  return inFlight + (client.getChannel().getConnectivityState(false) === connectivityState.TRANSIENT_FAILURE ? 1e9 : 0);
}

function openClient(address: string, options: ResolvedOptions): Client {
  const security = channelSecurity(address, options.tls);
  const own = { ...channelOptions(options), ...security.options };
  if (!address.startsWith("dns:")) return new Client(hostTarget(address), security.credentials, own);
  // The only case in which one connection of the pool is several: the name stands for many addresses.
  const spread = JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] });
  return new Client(address, security.credentials, { ...own, "grpc.service_config": spread });
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
