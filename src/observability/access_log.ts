import type { TraceContext } from "../core/context.ts";
import { traceIdOf } from "./trace_context.ts";

/** Which calls get a line: all, those that failed, a share of all (and those that failed), or none. */
export type AccessLogMode = "all" | "errors" | "off" | number;

/** One call that has ended. No contents, no secrets. */
export interface AccessEntry {
  readonly kind: "grpc" | "http";
  /** Such as `chat.MessageService/CreateMessage` or `GET /v1/messages/:id`. */
  readonly method: string;
  /** Such as `OK`, or the HTTP status. */
  readonly status: string;
  /** Whether the call was refused or has failed. */
  readonly failed: boolean;
  readonly durationMs: number;
  readonly requestId: string;
  /** Who called, once proved; else where from. */
  readonly caller?: string | undefined;
  readonly peer?: string | undefined;
  readonly bytesIn?: number | undefined;
  readonly bytesOut?: number | undefined;
  readonly trace?: TraceContext | undefined;
}

/** Lines wait at most this long, and no more than so much of them: one system call for hundreds. */
const FLUSH_MS = 200;
const FLUSH_LENGTH = 32_768;

/** One JSON object a line for each call, written in batches, because a system call for each would cost more than the call. */
export class AccessLog {
  readonly #write: (lines: string) => void;
  readonly #mode: AccessLogMode;
  #lines = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timeMs = 0;
  #time = "";

  /** `write` takes whole lines without the last line end. */
  constructor(mode: AccessLogMode, write: (lines: string) => void) {
    this.#mode = mode;
    this.#write = write;
  }

  /** Whether a call gets a line; ask before making an entry. Draws lots where the mode is a share. */
  wants(failed: boolean): boolean {
    if (this.#mode === "all") return true;
    if (this.#mode === "off") return false;
    return failed || (this.#mode !== "errors" && Math.random() < this.#mode);
  }

  /** Writes one line, soon. */
  add(entry: AccessEntry): void {
    // By hand: JSON.stringify of an object with a dozen fields takes three times as long, and most values need no escaping.
    let line = `{"time":"${this.#now()}","level":"info","message":"Call","kind":"${entry.kind}","method":${quoted(entry.method)}` +
      `,"status":"${entry.status}","ms":${Math.round(entry.durationMs * 100) / 100},"requestId":${quoted(entry.requestId)}`;
    if (entry.caller !== undefined) line += `,"caller":${quoted(entry.caller)}`;
    if (entry.peer !== undefined) line += `,"peer":${quoted(entry.peer)}`;
    if (entry.bytesIn !== undefined) line += `,"bytesIn":${entry.bytesIn}`;
    if (entry.bytesOut !== undefined) line += `,"bytesOut":${entry.bytesOut}`;
    if (entry.trace !== undefined) line += `,"traceId":"${traceIdOf(entry.trace)}"`;
    this.#lines += `${line}}\n`;
    if (this.#lines.length >= FLUSH_LENGTH) return this.flush();
    this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS);
  }

  /** Writes what waits. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#lines === "") return;
    const lines = this.#lines.slice(0, -1);
    this.#lines = "";
    this.#write(lines);
  }

  #now(): string {
    const nowMs = Date.now();
    if (nowMs !== this.#timeMs) {
      this.#timeMs = nowMs;
      this.#time = new Date(nowMs).toISOString();
    }
    return this.#time;
  }
}

const PLAIN = /^[\w ./:+=@[\]-]*$/;

function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}
