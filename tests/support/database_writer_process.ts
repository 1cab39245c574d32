/** The writer program in a process of its own; `await using` kills it. */
export class WriterProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  #buffer = "";

  constructor(dataDir: string) {
    const program = new URL("./database_writer.ts", import.meta.url).pathname;
    const args = ["run", "--no-prompt", "--allow-read", `--allow-write=${dataDir}`, program, dataDir];
    this.#child = new Deno.Command(Deno.execPath(), { args, stdin: "null", stdout: "piped", stderr: "piped" }).spawn();
    this.#lines = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** The next line of its output; undefined at the end. */
  async nextLine(): Promise<string | undefined> {
    for (;;) {
      const end = this.#buffer.indexOf("\n");
      if (end >= 0) {
        const line = this.#buffer.slice(0, end);
        this.#buffer = this.#buffer.slice(end + 1);
        return line;
      }
      const { value } = await this.#lines.read();
      if (value === undefined) return undefined;
      this.#buffer += value;
    }
  }

  /** Ends it with kill -9. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
  }

  /** Waits for it to end by itself. */
  async outcome(): Promise<{ readonly code: number; readonly stderr: string }> {
    const [{ code }, stderr] = await Promise.all([this.#child.status, new Response(this.#child.stderr).text()]);
    return { code, stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch { /* it has ended */ }
    await this.#child.status;
    await this.#lines.cancel();
    if (!this.#child.stderr.locked) await this.#child.stderr.cancel();
  }
}
