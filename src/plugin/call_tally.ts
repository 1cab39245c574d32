import { ChatError, type ErrorCode } from "../core/errors.ts";

/** Ends for which neither the caller nor the plugin's own refusal accounts. */
const FAULTS: ReadonlySet<ErrorCode> = new Set(["unavailable", "resource_exhausted", "deadline_exceeded", "internal"]);

/** Counts the calls of all plugins. */
export class CallTally {
  /** That have ended. */
  calls = 0;
  /** Of them, those that a crash, a limit or the time has ended. */
  failures = 0;
  underWay = 0;

  begin(): void {
    this.underWay++;
  }

  /** Counts a failure besides the call's end. */
  failed(error: unknown): void {
    if (!(error instanceof ChatError) || FAULTS.has(error.code)) this.failures++;
  }

  end(): void {
    this.underWay--;
    this.calls++;
  }
}
