import { ChatError } from "../../core/errors.ts";
import type { RunnerState } from "../runner.ts";

/** How patient a supervisor is. */
export interface SupervisionOptions {
  /** The pause after the second fault in a row; the first has none, each further one twice as long. 1 s when unset. */
  readonly pauseMs?: number;
  /** The longest pause; 1 minute when unset. */
  readonly maxPauseMs?: number;
  /** So many faults in a row, and it is disabled for good; 5 when unset, Infinity: never. */
  readonly disableAfter?: number;
  /** So many good calls after a fault, and it counts as new; 20 when unset. */
  readonly forgiveAfterCalls?: number;
  /** The same after so long without a fault; 10 minutes when unset. */
  readonly forgiveAfterMs?: number;
}

/** What a supervisor does about faults. */
export interface SupervisorPowers {
  onState(state: RunnerState): void;
  /** Begins again. A fault on the way is reported as any other; rejects when it did not come to stand. */
  restart(): Promise<void>;
  /** Ends for good. */
  disable(): void;
}

/** Counts the faults of one plugin, and decides when it may run again. */
export class Supervisor {
  readonly #name: string;
  readonly #powers: SupervisorPowers;
  readonly #options: Required<SupervisionOptions>;
  #faults = 0;
  #goodCalls = 0;
  #lastFaultMs = -Infinity;
  #pausedUntilMs = 0;
  #state: RunnerState = { state: "starting" };
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(name: string, powers: SupervisorPowers, options: SupervisionOptions = {}) {
    this.#name = name;
    this.#powers = powers;
    this.#options = { pauseMs: 1_000, maxPauseMs: 60_000, disableAfter: 5, forgiveAfterCalls: 20, forgiveAfterMs: 600_000, ...options };
  }

  /** Lets a call through. Throws `unavailable` in a pause, `failed_precondition` when it is disabled. */
  admit(): void {
    if (this.#state.state === "disabled") {
      throw new ChatError("failed_precondition", `Plugin ${this.#name} has failed too often and was disabled`);
    }
    const waitMs = Math.ceil(this.#pausedUntilMs - performance.now());
    if (this.#closed) throw new ChatError("unavailable", `Plugin ${this.#name} was stopped`, { retryAfterMs: 1_000 });
    if (waitMs > 0) throw new ChatError("unavailable", `Plugin ${this.#name} has failed and is being restarted`, { retryAfterMs: waitMs });
  }

  /** Begins. */
  async start(): Promise<void> {
    const faults = this.#faults;
    try {
      await this.#powers.restart();
    } catch {
      // Whoever calls next sees why; a fault has been counted.
      return;
    }
    if (!this.#closed && faults === this.#faults && this.#state.state !== "disabled") this.#tell({ state: "enabled" });
  }

  /** A call went well. */
  succeeded(): void {
    if (this.#faults > 0 && ++this.#goodCalls >= this.#options.forgiveAfterCalls) this.#faults = 0;
  }

  /** The plugin has failed. */
  failed(problem: string): void {
    if (this.#closed || this.#state.state === "disabled") return;
    const now = performance.now();
    if (now - this.#lastFaultMs > this.#options.forgiveAfterMs) this.#faults = 0;
    this.#lastFaultMs = now;
    this.#goodCalls = 0;
    this.#faults++;
    if (this.#faults >= this.#options.disableAfter) return this.#disable(problem);
    const pauseMs = this.#faults === 1 ? 0 : Math.min(this.#options.pauseMs * 2 ** (this.#faults - 2), this.#options.maxPauseMs);
    this.#pausedUntilMs = now + pauseMs;
    this.#tell({ state: "failing", problem });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.start(), pauseMs);
  }

  /** Decides nothing any more. Idempotent. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #disable(problem: string): void {
    clearTimeout(this.#timer);
    this.#tell({
      state: "disabled",
      problem: `${problem}; after ${this.#faults} failures in a row it is not restarted any more`,
    });
    this.#powers.disable();
  }

  #tell(state: RunnerState): void {
    this.#state = state;
    this.#powers.onState(state);
  }
}
