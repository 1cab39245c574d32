import { type ServiceError, status } from "../wire/grpc_js.ts";

/** When a circuit opens, and for how long. */
export interface CircuitOptions {
  /** Calls in a row that found nobody there. */
  readonly circuitFailures: number;
  /** How long nobody is asked then, before one call may try. */
  readonly circuitOpenMs: number;
}

/** What a call has shown of its server: it is there, it is not, or the call ended before either could be known. */
export type Reach = "answered" | "unreachable" | "unknown";

/** Keeps calls from a server that is not there: after some failures in a row it lets none through for a while, and then one at a time. */
export class Circuit {
  readonly #options: CircuitOptions;
  #failures = 0;
  #openUntilMs = 0;
  #trying = false;

  constructor(options: CircuitOptions) {
    this.#options = options;
  }

  /** Milliseconds until a call may pass; 0: now. */
  waitMs(nowMs: number): number {
    if (this.#openUntilMs === 0) return 0;
    // Whoever tries will know soon.
    return this.#trying ? this.#options.circuitOpenMs : Math.max(0, this.#openUntilMs - nowMs);
  }

  /** A call passes. */
  begin(): void {
    if (this.#openUntilMs !== 0) this.#trying = true;
  }

  /** What a call that has passed has shown, once for each. */
  end(reach: Reach, nowMs: number): void {
    this.#trying = false;
    if (reach === "answered") {
      this.#failures = 0;
      this.#openUntilMs = 0;
    } else if (reach === "unreachable" && ++this.#failures >= this.#options.circuitFailures) {
      this.#openUntilMs = nowMs + this.#options.circuitOpenMs;
    }
  }
}

/** A connection takes no longer than this unless nobody is there. */
const CONNECT_MS = 1_000;

/** What the end of a call that took `tookMs` has shown; null is an answer. A connection that is lost under way says nothing yet: the next call finds out. */
export function reachOf(error: ServiceError | null, tookMs: number): Reach {
  if (error === null) return "answered";
  const { code, details } = error;
  if (code === status.UNAVAILABLE) {
    if (/^(?:round_robin: )?(No connection established|Name resolution failed)/.test(details)) return "unreachable";
    return /^(Channel closed|Connection dropped|read ECONN|write E)/.test(details) ? "unknown" : "answered";
  }
  // Who had no time to connect has found out nothing. grpc-js tells the address once a call has been given to a connection.
  if (code === status.DEADLINE_EXCEEDED && details.startsWith("Deadline exceeded") && tookMs >= CONNECT_MS) {
    return details.includes("remote_addr") ? "unknown" : "unreachable";
  }
  return code === status.CANCELLED || code === status.DEADLINE_EXCEEDED ? "unknown" : "answered";
}
