import type { RunnerLogLine } from "../runner.ts";
import { PROCESS_LIMITS } from "./limits.ts";

const LEVELS: readonly string[] = ["debug", "info", "warn", "error"];
const MAX_LINE = 4_096;
/** Of stderr; it is read on after the log's limit, so that the process gets on, but not for ever. */
const MAX_ERROR_BYTES = 1024 * 1024;

/** The log of one process: lines of a bounded size, and so many of them in a call. */
export class LogLimit {
  readonly #onLog: (line: RunnerLogLine) => void;
  #requestId = "";
  #left: number = PROCESS_LIMITS.logBytes;
  #errorBytes = 0;
  #complaint = "";

  constructor(onLog: (line: RunnerLogLine) => void) {
    this.#onLog = onLog;
  }

  /** The last of what was written to stderr, to tell what a process died of. */
  get complaint(): string {
    return this.#complaint;
  }

  /** Another call begins, or none. */
  reset(requestId: string): void {
    this.#requestId = requestId;
    this.#left = PROCESS_LIMITS.logBytes;
    this.#errorBytes = 0;
  }

  write(level: string, text: string): void {
    if (this.#left <= 0) return;
    this.#left -= text.length + 16;
    const shown = this.#left > 0 ? text.slice(0, MAX_LINE) : "The call has written too much: the rest of its log is left out";
    this.#onLog({ level: LEVELS.includes(level) ? level as RunnerLogLine["level"] : "info", text: shown, requestId: this.#requestId });
  }

  /** Reads stderr to its end: lines for the log. `onFlood` is told once when there is no end to it. */
  async readErrors(stderr: ReadableStream<Uint8Array>, onFlood: () => void): Promise<void> {
    let rest = "";
    for await (const text of stderr.pipeThrough(new TextDecoderStream())) {
      this.#errorBytes += text.length;
      if (this.#errorBytes > MAX_ERROR_BYTES) {
        onFlood();
        continue;
      }
      this.#complaint = (this.#complaint + text).slice(-2 * MAX_LINE);
      const lines = (rest + text).split("\n");
      rest = (lines.pop() ?? "").slice(0, MAX_LINE);
      for (const line of lines) if (line.trim() !== "") this.write("error", line);
    }
    if (rest.trim() !== "") this.write("error", rest);
  }
}
