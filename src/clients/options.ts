import type { TraceContext } from "../core/context.ts";
import { ChatError } from "../core/errors.ts";
import { type MethodPlan, methodPlans, type ServiceConfig } from "./service_config.ts";
import { checkToken, type TokenSource } from "./token.ts";

/** What a client trusts and, under mutual TLS, who it is. Each text is PEM. */
export interface ClientTls {
  /** Certificates to trust; default: the roots that the runtime trusts. Private services mostly have a CA of their own. */
  readonly ca?: string;
  /** This client's certificate; together with `key`, for a server that asks for one. */
  readonly cert?: string;
  /** The private key of `cert`. */
  readonly key?: string;
  /** The name that the server's certificate must carry; default: the host of `address`. For servers that are reached by number. */
  readonly serverName?: string;
}

/** Settings of a client of any of the four services; all may be left out. */
export interface ServiceClientOptions {
  /**
   * `HOST:PORT`, IPv6 in brackets; or several, over which calls are spread. Default `127.0.0.1:50051`, where `deno task start` listens.
   * `dns:///HOST:PORT` spreads over all the addresses that the name has, and asks for them again when one is lost; it takes permission to reach
   * each of them, where the name alone takes permission for the name.
   */
  readonly address?: string | readonly string[];
  /**
   * Default: none, plain text, which is right on loopback only. `{}` is TLS with the runtime's roots. A function is asked at each new connection,
   * so that certificates can be renewed while the client runs (`serverName` is taken once).
   */
  readonly tls?: ClientTls | (() => ClientTls);
  /**
   * An API key or a JSON Web Token that calls are sent with (`authorization: Bearer …`), or what gives one: it is asked for each call, so it should
   * keep the token until shortly before it expires. Default: none.
   */
  readonly token?: TokenSource;
  /** Sends tokens in the clear to other machines too, for networks that encrypt by themselves. Default false: whoever listens could use them. */
  readonly allowPlaintextToken?: boolean;
  /**
   * HTTP/2 connections to each address, 1 to 64. Default 1: one connection carries hundreds of calls at once, and one order of arrival.
   * More help when streams are slow readers (they share one flow-control window) or when a balancer spreads by connection.
   */
  readonly connections?: number;
  /** How long a call may take, with all its attempts, unless the call says otherwise. Default 10,000: longer than a restart of the server, shorter than a person's patience. */
  readonly deadlineMs?: number;
  /** How often one call is tried at most. Default 5: about a second and a half of pauses, what a restart takes; a dead address is told soon. */
  readonly maxAttempts?: number;
  /** The first pause between attempts; each further one is twice as long, half of it random so that clients do not come back in step. Default 100. */
  readonly backoffInitialMs?: number;
  /** The longest pause. Default 5,000: a server that comes back is noticed within seconds and is not stormed. */
  readonly backoffMaxMs?: number;
  /**
   * Repeats for each call, of all calls together, from 0 to 1. Default 0.2: a service in trouble gets at most a fifth more than its clients ask,
   * not `maxAttempts` times as much.
   */
  readonly retryRatio?: number;
  /** Repeats each second on top of `retryRatio`, 0 to 1,000; ten seconds' worth can be saved up. Default 10: one caller alone may try again. */
  readonly retriesPerSecond?: number;
  /** After so many calls in a row that found nobody at an address, 1 to 1,000, calls are kept from it. Default 5: no accident any more. */
  readonly circuitFailures?: number;
  /** For how long; then one call at a time tries. Default 1,000: short beside a restart, long beside a thousand calls each second. */
  readonly circuitOpenMs?: number;
  /**
   * A reading call that is not answered after so long is sent once more, on another connection where there is one, and the first answer counts.
   * Default: off, because it costs a service in trouble more. A good value is the 95th percentile of the call's duration.
   */
  readonly hedgeAfterMs?: number;
  /** An idle connection is pinged this often while calls are open, at least 30,000. Default 30,000: many servers close the connection on quicker pings. */
  readonly keepaliveTimeMs?: number;
  /** A connection whose ping stays unanswered for so long is given up. Default 10,000: several lost packets and their repeats. */
  readonly keepaliveTimeoutMs?: number;
  /** The largest answer taken. Default 4,194,304, which is also the server's default; a server with a larger limit still sends pages under a quarter of its own. */
  readonly maxMessageBytes?: number;
  /**
   * A gRPC service config, in its JSON form: timeouts and retry policies for each method that is no stream, which go before `deadlineMs`, `maxAttempts` and `backoff…`. The
   * retry budget and `idempotency_level` hold all the same. Default: none, because these options suffice where all methods are alike.
   */
  readonly serviceConfig?: ServiceConfig;
  /**
   * Gives a message without `clientMessageId` one, so that creating it can be repeated. Default true. With false requests are sent as they are, for
   * a program that passes its callers' messages on, and creating is tried once where the caller gave no key.
   */
  readonly makeKeys?: boolean;
  /** Leaves the address out of what errors say, for a program that shows them to strangers; it stays in their `cause`. Default false. */
  readonly hideAddress?: boolean;
}

/** Options of one call. */
export interface CallOptions {
  /** Ends the call when it aborts; a write may still have happened. */
  readonly signal?: AbortSignal;
  /** How long the call may take, with all its attempts; default: the client's `deadlineMs`. */
  readonly deadlineMs?: number;
  /** When the call must be over at the latest, in milliseconds since 1970: the deadline of whoever it is made for. Default: none. */
  readonly deadlineAtMs?: number | undefined;
  /** Names the call in the server's log, sent as `x-request-id`; default: the server makes one. */
  readonly requestId?: string;
  /** Sent as `authorization` instead of the client's token: what whoever the call is made for has proved itself with. */
  readonly authorization?: string | undefined;
  /** The trace that the call is part of, in W3C's form; goes to the server with the call. */
  readonly trace?: TraceContext | undefined;
}

/** Options of a stream. */
export interface StreamOptions extends CallOptions {
  /** How long the stream may live, with all its reconnections. Default: for ever, because watching has no natural end. */
  readonly deadlineMs?: number;
  /** Called each time the subscription stands, with the position it goes on after: what is written from now on will arrive. */
  readonly onOpen?: (afterSeq: number) => void;
  /** Called when the connection is lost, with the reason and the pause before the next attempt. */
  readonly onRetry?: (error: ChatError, delayMs: number) => void;
}

/** The options with every default filled in. */
export type ResolvedOptions =
  & Required<Omit<ServiceClientOptions, "address" | "hedgeAfterMs" | "serviceConfig" | "tls" | "token">>
  & Pick<ServiceClientOptions, "hedgeAfterMs" | "tls" | "token">
  & { readonly addresses: readonly string[] }
  /** What the service config says of the method at a path; unset: there is none. */
  & { readonly plans?: (path: string) => MethodPlan };

const DEFAULT_ADDRESS = "127.0.0.1:50051";
const DEFAULTS = {
  connections: 1,
  deadlineMs: 10_000,
  maxAttempts: 5,
  backoffInitialMs: 100,
  backoffMaxMs: 5_000,
  retryRatio: 0.2,
  retriesPerSecond: 10,
  circuitFailures: 5,
  circuitOpenMs: 1_000,
  keepaliveTimeMs: 30_000,
  keepaliveTimeoutMs: 10_000,
  maxMessageBytes: 4_194_304,
  makeKeys: true,
  hideAddress: false,
  allowPlaintextToken: false,
} as const;

const MAX_TIMER_MS = 2_147_483_647;
const RANGES = {
  connections: [1, 64],
  deadlineMs: [1, MAX_TIMER_MS],
  maxAttempts: [1, 1_000],
  backoffInitialMs: [1, MAX_TIMER_MS],
  backoffMaxMs: [1, MAX_TIMER_MS],
  retriesPerSecond: [0, 1_000],
  circuitFailures: [1, 1_000],
  circuitOpenMs: [1, MAX_TIMER_MS],
  keepaliveTimeMs: [30_000, MAX_TIMER_MS],
  keepaliveTimeoutMs: [1, MAX_TIMER_MS],
  maxMessageBytes: [1_024, MAX_TIMER_MS],
} as const;

/** Fills in the defaults; `invalid_argument` names the option and the value found. */
export function resolveOptions(options: ServiceClientOptions): ResolvedOptions {
  const { address = DEFAULT_ADDRESS, serviceConfig, ...rest } = options;
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  const resolved: ResolvedOptions = {
    ...{ ...DEFAULTS, ...given, addresses: typeof address === "string" ? [address] : address },
    ...(serviceConfig === undefined ? {} : { plans: methodPlans(serviceConfig) }),
  };
  if (resolved.addresses.length === 0) throw new ChatError("invalid_argument", "Option `address` must name an address, got an empty list");
  for (const one of resolved.addresses) checkAddress(one);
  for (const [name, [least, most]] of Object.entries(RANGES)) {
    checkWhole(name, resolved[name as keyof typeof RANGES], least, most);
  }
  if (!(resolved.retryRatio >= 0 && resolved.retryRatio <= 1)) {
    throw new ChatError("invalid_argument", `Option \`retryRatio\` must be 0 to 1, got ${resolved.retryRatio}`);
  }
  if (resolved.hedgeAfterMs !== undefined) checkWhole("hedgeAfterMs", resolved.hedgeAfterMs, 1, MAX_TIMER_MS);
  const { cert, key } = (typeof resolved.tls === "function" ? resolved.tls() : resolved.tls) ?? {};
  if ((cert === undefined) !== (key === undefined)) {
    throw new ChatError("invalid_argument", "Options `tls.cert` and `tls.key` belong together, only one is given");
  }
  checkToken(resolved);
  return resolved;
}

/** When a call that may take `deadlineMs` must be over, in milliseconds since 1970, and never after `latestMs`. */
export function deadlineAt(deadlineMs: number, latestMs = Infinity): number {
  checkWhole("deadlineMs", deadlineMs, 1, MAX_TIMER_MS);
  return Math.min(Date.now() + deadlineMs, latestMs);
}

function checkAddress(address: string): void {
  const port = Number(/^(?:dns:\/\/\/)?(?:\[[0-9a-fA-F:.]+\]|[^\s:/[\]]+):(\d{1,5})$/.exec(address)?.[1]);
  if (port >= 1 && port <= 65_535) return;
  throw new ChatError("invalid_argument", `Option \`address\` must be HOST:PORT with a port of 1 to 65535, got ${JSON.stringify(address)}`);
}

function checkWhole(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new ChatError("invalid_argument", `Option \`${name}\` must be a whole number of ${least} to ${most}, got ${value}`);
}
