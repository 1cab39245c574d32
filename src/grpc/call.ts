import type { Caller } from "../core/caller.ts";
import type { CallContext, TraceContext } from "../core/context.ts";
import { ChatError } from "../core/errors.ts";
import type { Metadata } from "../wire/grpc_js.ts";
import { metadataKeys } from "../wire/status.ts";
import type { Callers, Identity } from "./callers.ts";
import { http2StreamOf } from "./batch_writer.ts";
import { type CallTrack, traceOf, trackOf } from "./metrics.ts";

/** What a call is, whichever shape its requests and answers have. */
export interface CallEdge {
  readonly metadata: Metadata;
  /** Milliseconds since 1970, or Infinity. */
  getDeadline(): Date | number;
  /** Such as `127.0.0.1:51234`. */
  getPeer(): string;
}

/** The address of each connection, because asking for it takes longer than all else in here. */
const addresses = new WeakMap<object, string>();

const MAX_REQUEST_ID = 128;
/** The client's clock of a call runs ahead of the server's by the time its headers travelled. */
const DEADLINE_SLACK_MS = 50;

/** One call's context. Its signal and its id are made when somebody asks for them: most calls end before anybody does. */
export class Call implements CallContext {
  readonly #edge: CallEdge;
  readonly #track: CallTrack | undefined;
  readonly #identity: Identity;
  #controller: AbortController | undefined;
  #ended: ChatError | undefined;
  #requestId: string | undefined;
  #countsAs: string | undefined;
  #latestMs = Infinity;

  constructor(edge: CallEdge, callers: Callers) {
    this.#edge = edge;
    this.#identity = callers.of(edge.metadata);
    this.#track = trackOf(edge);
    this.#track?.attach(this);
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#ended !== undefined) this.#controller.abort(this.#ended);
    }
    return this.#controller.signal;
  }

  get requestId(): string {
    return this.#requestId ??= requestIdOf(this.#edge.metadata);
  }

  get caller(): Caller {
    return this.#identity.caller;
  }

  get authorization(): string | undefined {
    return this.#identity.authorization;
  }

  get deadlineAtMs(): number {
    return Math.min(Number(this.#edge.getDeadline()), this.#latestMs);
  }

  /** The HTTP/2 connection that it came by. */
  get connection(): object | undefined {
    return http2StreamOf(this.#edge)?.session;
  }

  /** Whose calls it is counted with: the caller's, or those of one address where callers prove nothing. */
  get countsAs(): string {
    return this.#countsAs ??= this.caller.kind === "anonymous" ? addressOf(this.#edge, this.connection) : this.caller.id;
  }

  /** The call must be over by then, whatever its client says. */
  limitDeadline(latestMs: number): void {
    this.#latestMs = latestMs;
  }

  /** Where nobody watches the server, the caller's own is handed on. */
  get trace(): TraceContext | undefined {
    return this.#track === undefined ? traceOf(this.#edge.metadata) : this.#track.trace;
  }

  /** Why the call was ended, once it was. */
  get ended(): ChatError | undefined {
    return this.#ended;
  }

  /** Ends the call for this reason; only the first counts. */
  end(reason: ChatError): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#controller?.abort(reason);
  }

  /** The client has left, or its deadline has passed: grpc-js tells the two by the same event. */
  endCancelled(): void {
    const late = Number(this.#edge.getDeadline()) <= Date.now() + DEADLINE_SLACK_MS;
    this.end(
      late ? new ChatError("deadline_exceeded", "The call's deadline has passed") : new ChatError("cancelled", "The call was cancelled"),
    );
  }
}

/** The peer's address without its port. */
function addressOf(edge: CallEdge, connection: object | undefined): string {
  const known = connection && addresses.get(connection);
  if (known !== undefined) return known;
  const address = edge.getPeer().replace(/:\d+$/, "");
  if (connection !== undefined) addresses.set(connection, address);
  return address;
}

/** The client's own id where it is one that a log can show, else a fresh one. */
export function requestIdOf(metadata: Metadata): string {
  const given = metadata.get(metadataKeys.requestId)[0];
  const usable = typeof given === "string" && given.length > 0 && given.length <= MAX_REQUEST_ID && /^[\x21-\x7e]+$/.test(given);
  return usable ? given : crypto.randomUUID();
}
