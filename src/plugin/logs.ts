import type { PluginLogLine } from "../contracts/mod.ts";
import { abortError } from "../core/errors.ts";
import { Bell } from "./bell.ts";
import type { RunnerLogLine } from "./runner.ts";

/** The newest lines of each plugin that are kept, in this process's memory: so many, and so many UTF-16 units of text. */
const MAX_LINES = 10_000;
const MAX_UNITS = 1_048_576;
const MAX_LINE_BYTES = 4_096;
const LEFT_OUT = "Lines are missing here, because they came faster than they were read";

/** The newest lines that one plugin has written. */
class Ring {
  readonly bell = new Bell();
  #lines: PluginLogLine[] = [];
  #units = 0;
  /** How many lines were dropped before the first one that is kept. */
  #dropped = 0;

  append(line: PluginLogLine): void {
    this.#lines.push(line);
    this.#units += line.text.length;
    // In large steps, because taking from the front moves all the rest.
    if (this.#lines.length > MAX_LINES * 1.1 || this.#units > MAX_UNITS * 1.1) this.#drop();
    this.bell.ring();
  }

  #drop(): void {
    let count = 0;
    for (; this.#lines.length - count > MAX_LINES || this.#units > MAX_UNITS; count++) this.#units -= this.#lines[count]?.text.length ?? 0;
    this.#lines = this.#lines.slice(count);
    this.#dropped += count;
  }

  /** Where the last `count` lines begin. */
  tail(count: number): number {
    return this.#dropped + Math.max(0, this.#lines.length - count);
  }

  /** The lines from a place on, and whether some before them were dropped. */
  from(place: number): { readonly lines: readonly PluginLogLine[]; readonly next: number; readonly gap: boolean } {
    const lines = this.#lines.slice(Math.max(0, place - this.#dropped));
    return { lines, next: this.#dropped + this.#lines.length, gap: place < this.#dropped };
  }
}

/** What plugins have written to their logs on this server, as far as memory keeps it; gone with the process. */
export class PluginLogs {
  readonly #rings = new Map<string, Ring>();

  /** Keeps a line. */
  append(name: string, { level, text, requestId }: RunnerLogLine): void {
    this.#ringOf(name).append({ atMs: Date.now(), level, text: cut(text), callId: requestId });
  }

  /** The last `tail` lines, and with `follow` what comes after them, until the signal. */
  async *read(
    name: string,
    { tail, follow }: { readonly tail: number; readonly follow: boolean },
    signal: AbortSignal,
  ): AsyncGenerator<PluginLogLine> {
    const ring = this.#ringOf(name);
    for (let place = ring.tail(tail);;) {
      const heard = follow ? ring.bell.heard(signal) : undefined;
      heard?.catch(() => {}); // told below, or nobody waits for it any more
      const { lines, next, gap } = ring.from(place);
      if (gap) yield { atMs: Date.now(), level: "warn", text: LEFT_OUT, callId: "" };
      for (const line of lines) {
        if (signal.aborted) throw abortError(signal);
        yield line;
      }
      place = next;
      if (heard === undefined) return;
      await heard;
    }
  }

  /** Of whom there are lines. */
  names(): readonly string[] {
    return [...this.#rings.keys()];
  }

  /** Forgets what a plugin wrote that is gone. */
  forget(name: string): void {
    this.#rings.delete(name);
  }

  #ringOf(name: string): Ring {
    const known = this.#rings.get(name);
    if (known !== undefined) return known;
    const ring = new Ring();
    this.#rings.set(name, ring);
    return ring;
  }
}

function cut(text: string): string {
  const whole = text.toWellFormed();
  if (whole.length * 3 <= MAX_LINE_BYTES) return whole;
  const bytes = new TextEncoder().encode(whole);
  // A character that the cut goes through is left out.
  return bytes.length <= MAX_LINE_BYTES ? whole : new TextDecoder().decode(bytes.subarray(0, MAX_LINE_BYTES), { stream: true });
}
