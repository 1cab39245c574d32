import type { Caller } from "../core/caller.ts";
import { ChatError } from "../core/errors.ts";
import type { Call } from "./call.ts";

/** How many streams one process holds; each costs some tens of kilobytes. */
const MAX_STREAMS = 10_000;
/** One timer for all calls instead of one each; a ceiling may be late by this much. */
const SWEEP_MS = 1_000;
const RETRY_AFTER_MS = 1_000;

/** What {@link OpenCalls} holds calls to; the defaults are for production. */
export interface OpenCallsOptions {
  readonly maxStreams?: number;
  /** Of one caller, or of one address where callers prove nothing. */
  readonly maxPerCaller?: number;
  /** A unary call's longest deadline. */
  readonly unaryCeilingMs?: number;
  /** Why new calls cannot be taken at the moment, if they cannot. */
  readonly overload?: () => ChatError | undefined;
  readonly sweepMs?: number;
  /** Why a caller's streams must end; default: they need not. */
  readonly ended?: (caller: Caller) => ChatError | undefined;
}

/** Every call that is not answered yet, so that deadlines and shutdown reach it. */
export class OpenCalls {
  readonly #maxStreams: number;
  readonly #maxPerCaller: number;
  readonly #overload: () => ChatError | undefined;
  readonly #unaryCeilingMs: number;
  /** When each unary call without a deadline of its own, or with a longer one, must be over. Insertion order is order of time. */
  readonly #ceilings = new Map<Call, number>();
  readonly #unary = new Set<Call>();
  readonly #streams = new Set<Call>();
  readonly #ended: OpenCallsOptions["ended"];
  /** Open calls of each caller. */
  readonly #perCaller = new Map<string, number>();
  readonly #sweeper: ReturnType<typeof setInterval>;
  #refusal: ChatError | undefined;

  constructor(options: OpenCallsOptions = {}) {
    this.#maxStreams = options.maxStreams ?? MAX_STREAMS;
    this.#maxPerCaller = options.maxPerCaller ?? Infinity;
    this.#overload = options.overload ?? (() => undefined);
    this.#unaryCeilingMs = options.unaryCeilingMs ?? Infinity;
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

  /** Takes a unary call in. Throws `unavailable` while the server stops, and `resource_exhausted` when it or the caller has too much under way. */
  addUnary(call: Call): void {
    this.#admit(call);
    this.#unary.add(call);
    const latestMs = Date.now() + this.#unaryCeilingMs;
    if (call.deadlineAtMs <= latestMs) return;
    call.limitDeadline(latestMs);
    this.#ceilings.set(call, latestMs);
  }

  /** Takes a stream in; throws as {@link addUnary}, and also when there are too many streams. */
  addStream(call: Call): void {
    if (this.#streams.size >= this.#maxStreams) {
      throw new ChatError("resource_exhausted", `The server holds ${this.#streams.size} streams, which is its limit`, {
        retryAfterMs: RETRY_AFTER_MS,
      });
    }
    this.#admit(call);
    this.#streams.add(call);
  }

  /** Ends the streams of one connection; unary calls go on. */
  endStreamsOf(connection: object, reason: ChatError): void {
    for (const call of this.#streams) if (call.connection === connection) call.end(reason);
  }

  /** The call has been answered. */
  delete(call: Call): void {
    if (this.#unary.delete(call)) this.#ceilings.delete(call);
    else if (!this.#streams.delete(call)) return;
    const left = (this.#perCaller.get(call.countsAs) ?? 1) - 1;
    left === 0 ? this.#perCaller.delete(call.countsAs) : this.#perCaller.set(call.countsAs, left);
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

  #admit(call: Call): void {
    const refusal = this.#refusal ?? this.#overload();
    if (refusal !== undefined) throw refusal;
    const own = this.#perCaller.get(call.countsAs) ?? 0;
    if (own >= this.#maxPerCaller) {
      throw new ChatError(
        "resource_exhausted",
        `The caller has ${own} calls open, which is the limit for one (GRPC_MAX_CALLS_PER_CALLER)`,
        {
          retryAfterMs: RETRY_AFTER_MS,
        },
      );
    }
    this.#perCaller.set(call.countsAs, own + 1);
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
      call.end(
        new ChatError(
          "deadline_exceeded",
          `The call ran for ${this.#unaryCeilingMs} ms, the longest that a call may take (GRPC_MAX_DEADLINE_MS)`,
        ),
      );
    }
  }
}
