import { harmless } from "../chat/output.ts";

/** What has become of the files so far. */
export interface Tally {
  total: number;
  indexed: number;
  unchanged: number;
  skipped: number;
  refused: number;
  bytes: number;
}

const BAR_CELLS = 24;
const CLEAR_LINE = "\r\x1b[K";
const REDRAW_MS = 100;

/** Tells how far it is: a bar that redraws itself on a terminal, a line for each file otherwise. What was skipped is told in both. */
export class Progress {
  readonly tally: Tally = { total: 0, indexed: 0, unchanged: 0, skipped: 0, refused: 0, bytes: 0 };
  readonly #terminal: boolean;
  readonly #begun = performance.now();
  #drawn = -Infinity;

  constructor(terminal: boolean) {
    this.#terminal = terminal;
  }

  /** A file was stored or left alone. */
  done(outcome: "indexed" | "unchanged", documentId: string, bytes: number, detail = ""): void {
    this.tally[outcome]++;
    this.tally.bytes += bytes;
    if (!this.#terminal) console.log(harmless(`${outcome} ${documentId}${detail}`));
    this.#draw();
  }

  /** A file was not sent, or refused. */
  without(outcome: "skipped" | "refused", path: string, reason: string): void {
    this.tally[outcome]++;
    this.note(`${outcome} ${path}: ${reason}`);
  }

  /** A sentence of its own. */
  note(text: string): void {
    if (this.#terminal) this.#write(CLEAR_LINE);
    console.error(harmless(text));
    this.#draw();
  }

  /** Takes the bar away and sums up. */
  finish(): void {
    if (this.#terminal) this.#write(CLEAR_LINE);
    const { indexed, unchanged, skipped, refused } = this.tally;
    console.log(`${indexed} indexed, ${unchanged} unchanged, ${skipped} skipped, ${refused} refused in ${seconds(this.#begun)} s`);
  }

  #draw(): void {
    const now = performance.now();
    if (!this.#terminal || now - this.#drawn < REDRAW_MS) return;
    this.#drawn = now;
    this.#write(CLEAR_LINE + bar(this.tally, (now - this.#begun) / 1_000));
  }

  #write(text: string): void {
    Deno.stderr.writeSync(new TextEncoder().encode(text));
  }
}

/** One line, such as `[######------] 120 of 400, 3 skipped, 12.5 MB, 35 files/s`. */
export function bar({ total, indexed, unchanged, skipped, refused, bytes }: Tally, elapsedSeconds: number): string {
  const done = indexed + unchanged + refused;
  const cells = total === 0 ? 0 : Math.floor(BAR_CELLS * done / total);
  const drawn = "#".repeat(cells).padEnd(BAR_CELLS, "-");
  const rate = elapsedSeconds > 0 ? (done / elapsedSeconds).toFixed(0) : "0";
  return `[${drawn}] ${done} of ${total}, ${skipped + refused} skipped, ${(bytes / 1e6).toFixed(1)} MB, ${rate} files/s`;
}

function seconds(begun: number): string {
  return ((performance.now() - begun) / 1_000).toFixed(1);
}
