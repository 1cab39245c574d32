import type { Caller } from "../core/caller.ts";
import { ChatError } from "../core/errors.ts";
import type { Call } from "./call.ts";

/** How many streams one process holds; each costs some tens of kilobytes. */
const MAX_STREAMS = 10_000;
/** A unary call whose client set no deadline gets this one: nobody waits longer, and a lost client must not hold a worker for ever. */
const UNARY_CEILING_MS = 60_000;
/** One timer for all calls instead of one each; a ceiling may be late by this much. */
const SWEEP_MS = 1_000;
const RETRY_AFTER_MS = 1_000;

/** What {@link OpenCalls} holds calls to; the defaults are for production. */
export interface OpenCallsOptions {
  readonly maxStreams?: number;
  readonly unaryCeilingMs?: number;
  readonly sweepMs?: number;
  /** Why a caller's streams must end; default: they need not. */
  readonly ended?: (caller: Caller) => ChatError | undefined;
}

/** Every call that is not answered yet, so that deadlines and shutdown reach it. */
export class OpenCalls {
  readonly #maxStreams: number;
  readonly #unaryCeilingMs: number;
  /** When each unary call without a deadline of its own must be over. Insertion order is order of time. */
  readonly #ceilings = new Map<Call, number>();
  readonly #unary = new Set<Call>();
  readonly #streams = new Set<Call>();
  readonly #ended: OpenCallsOptions["ended"];
  readonly #sweeper: ReturnType<typeof setInterval>;
  #refusal: ChatError | undefined;

  constructor(options: OpenCallsOptions = {}) {
    this.#maxStreams = options.maxStreams ?? MAX_STREAMS;
    this.#unaryCeilingMs = options.unaryCeilingMs ?? UNARY_CEILING_MS;
    this.#ended = options.ended;
    this.#sweeper = setInterval(() => this.#sweep(), options.sweepMs ?? SWEEP_MS);
  }

  /** Unary calls that are not answered yet. */
  get unary(): number {
    return this.#unary.size;
  }

  /** Streams that have not ended yet. */
  get streams(): number {
    return this.#streams.size;
  }

  /** Takes a unary call in; `deadlineMs` is its client's, since 1970, or Infinity. Throws `unavailable` while the server stops. */
  addUnary(call: Call, deadlineMs: number): void {
    if (this.#refusal !== undefined) throw this.#refusal;
    this.#unary.add(call);
    if (deadlineMs === Infinity) this.#ceilings.set(call, Date.now() + this.#unaryCeilingMs);
  }

  /** Takes a stream in. Throws `unavailable` while the server stops, and `resource_exhausted` when there are too many. */
  addStream(call: Call): void {
    if (this.#refusal !== undefined) throw this.#refusal;
    if (this.#streams.size >= this.#maxStreams) {
      throw new ChatError("resource_exhausted", `The server holds ${this.#streams.size} streams, which is its limit`, {
        retryAfterMs: RETRY_AFTER_MS,
      });
    }
    this.#streams.add(call);
  }

  /** The call has been answered. */
  delete(call: Call): void {
    this.#unary.delete(call) ? this.#ceilings.delete(call) : this.#streams.delete(call);
  }

  /** From now on calls are refused, and open streams end; unary calls go on. */
  refuse(reason: ChatError): void {
    this.#refusal ??= reason;
    for (const call of this.#streams) call.end(reason);
  }

  /** Ends whatever is still open. */
  endAll(reason: ChatError): void {
    for (const call of [...this.#unary, ...this.#streams]) call.end(reason);
    clearInterval(this.#sweeper);
  }

  #sweep(): void {
    if (this.#ended !== undefined) {
      for (const call of this.#streams) {
        const reason = this.#ended(call.caller);
        if (reason !== undefined) call.end(reason);
      }
    }
    const now = Date.now();
    for (const [call, overAtMs] of this.#ceilings) {
      if (overAtMs > now) return;
      this.#ceilings.delete(call);
      call.end(new ChatError("deadline_exceeded", `The call ran for ${this.#unaryCeilingMs} ms, the limit for calls without a deadline`));
    }
  }
}
