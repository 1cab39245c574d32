/**
 * Child processes that say on their standard output, as one JSON line each, when they are ready and what they found.
 *
 * @module
 */
import { cpuMs, rssBytes } from "./machine.ts";

const READY_TIMEOUT_MS = 60_000;

/** What a child says. */
export type Line = Readonly<Record<string, unknown>>;

/** A child process; `await using` ends it. */
export class Child implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncIterator<Line>;

  constructor(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#process = new Deno.Command(program, { args: [...args], env, stdin: "piped", stdout: "piped", stderr: "inherit" }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#lines = jsonLines(this.#process.stdout);
  }

  get pid(): number {
    return this.#process.pid;
  }

  get rssBytes(): number {
    return rssBytes(this.pid);
  }

  get cpuMs(): number {
    return cpuMs(this.pid);
  }

  /** Sends an order and gives the answer. */
  async ask(order: Line): Promise<Line> {
    await this.#input.write(new TextEncoder().encode(`${JSON.stringify(order)}\n`));
    return await this.next();
  }

  /** The next thing the child says. */
  async next(): Promise<Line> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`Process ${this.pid} said nothing in time`)), READY_TIMEOUT_MS);
    });
    try {
      const { value, done } = await Promise.race([this.#lines.next(), late]);
      if (done) throw new Error(`Process ${this.pid} ended too early`);
      return value;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the child: its input ends, and a moment later it is killed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    const kill = setTimeout(() => this.#process.kill("SIGKILL"), 5_000);
    await this.#process.status;
    clearTimeout(kill);
    await this.#lines.return?.();
  }
}

async function* jsonLines(output: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<Line> {
  let rest = "";
  for await (const chunk of output.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.startsWith("{")) yield JSON.parse(line);
  }
}
