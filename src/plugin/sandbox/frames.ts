/**
 * What comes out of a plugin's process, taken for what it is: lines written by an enemy. `program.ts` has the other side.
 *
 * @module
 */

/** A line of the protocol: `<token> <kind> <call> <rest>`. */
export interface Frame {
  readonly kind: "ready" | "broken" | "log" | "output" | "use" | "end" | "fail";
  /** The call it belongs to; 0: none. */
  readonly call: number;
  /** JSON, not yet looked at. */
  readonly rest: string;
}

const KINDS: readonly string[] = ["ready", "broken", "log", "output", "use", "end", "fail"] satisfies readonly Frame["kind"][];

/** One line; undefined when it is none of the protocol. The token is the process's own, so that what a plugin writes to its output itself is none. */
export function parseFrame(line: string, token: string): Frame | undefined {
  if (!line.startsWith(`${token} `)) return undefined;
  const match = /^([a-z]{3,6}) (\d{1,15}) /.exec(line.slice(token.length + 1, token.length + 40));
  const [head, kind, call] = match ?? [];
  if (head === undefined || kind === undefined || !KINDS.includes(kind)) return undefined;
  return { kind: kind as Frame["kind"], call: Number(call), rest: line.slice(token.length + 1 + head.length) };
}

/** Cuts bytes into lines of UTF-8 and keeps no more than one line of at most `maxBytes`. */
export class LineReader {
  readonly #maxBytes: number;
  #pieces: Uint8Array[] = [];
  #size = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The lines that these bytes end. Throws `RangeError` for a line that is too long, `TypeError` for what is not UTF-8. */
  *push(chunk: Uint8Array): Generator<string> {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      this.#keep(chunk.subarray(start, end));
      start = end + 1;
      yield this.#take();
    }
    if (start < chunk.length) this.#keep(chunk.slice(start));
  }

  #keep(piece: Uint8Array): void {
    this.#size += piece.length;
    if (this.#size > this.#maxBytes) throw new RangeError(`A line is longer than ${this.#maxBytes} bytes`);
    this.#pieces.push(piece);
  }

  #take(): string {
    const decoder = new TextDecoder("utf-8", { fatal: true });
    const text = this.#pieces.map((piece) => decoder.decode(piece, { stream: true })).join("") + decoder.decode();
    this.#pieces = [];
    this.#size = 0;
    return text;
  }
}
