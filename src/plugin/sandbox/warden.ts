/** What a process has used. */
export interface ProcessUse {
  /** Of all its threads, since it began; in steps of 10 ms. */
  readonly cpuMs: number;
  /** In memory at this moment. */
  readonly residentBytes: number;
}

/**
 * Reads what it is asked for from `/proc`, which the server itself may not, and ends the processes it watches over when the server has gone, however that
 * ended: they may be standing still or looping, and notice nothing. `read`, `kill` and `echo` are the shell's own, so nothing is started for a question.
 */
const SCRIPT = `trap "" INT QUIT HUP TERM
watched=" "
while read -r what pid; do
  case $what in
    watch) watched="$watched$pid " ;;
    forget) watched="\${watched%% $pid *} \${watched#* $pid }" ;;
    data) if read -r line < /proc/$pid/statm; then echo "$line"; else echo gone; fi ;;
    *) if read -r line < /proc/$pid/stat; then echo "$line"; else echo gone; fi ;;
  esac
done 2>/dev/null
set -- $watched
[ $# -eq 0 ] || kill -9 "$@" 2>/dev/null`;

const TICK_MS = 10;
const PAGE_BYTES = 4_096;

/** One shell for all processes of plugins: it measures them, and outlives the server just long enough to end them. */
export class Warden {
  #shell: Deno.ChildProcess | undefined;
  #input: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #answers: ((line: string) => void)[] = [];
  #closed = false;
  #reading: Promise<void> = Promise.resolve();
  readonly #watched = new Set<number>();

  /** What a process has used so far; undefined when it has gone, or where there is no `/proc`. */
  async use(pid: number): Promise<ProcessUse | undefined> {
    return parseStat(await this.#ask(`use ${pid}\n`));
  }

  /** What of a process's memory `ulimit -d` counts, whether it is filled or not; undefined as above. */
  async dataBytes(pid: number): Promise<number | undefined> {
    const pages = Number((await this.#ask(`data ${pid}\n`)).split(" ")[5]);
    return pages > 0 ? pages * PAGE_BYTES : undefined;
  }

  /** Ends this process when the server has gone. */
  watch(pid: number): void {
    this.#watched.add(pid);
    this.#say(`watch ${pid}\n`);
  }

  /** It has ended: its number may soon be another's. */
  forget(pid: number): void {
    if (this.#watched.delete(pid)) this.#say(`forget ${pid}\n`);
  }

  /** Ends the shell. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#input?.close().catch(() => {});
    await this.#reading;
    await this.#shell?.status;
  }

  #ask(question: string): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#answers.push(resolve);
    if (!this.#say(question)) this.#answers.pop()?.("gone");
    return promise;
  }

  #say(line: string): boolean {
    if (this.#closed) return false;
    this.#start();
    this.#input?.write(encoder.encode(line)).catch(() => {});
    return true;
  }

  #start(): void {
    if (this.#shell !== undefined) return;
    const command = new Deno.Command("/bin/sh", {
      args: ["-c", SCRIPT],
      cwd: "/",
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    });
    const shell = command.spawn();
    this.#shell = shell;
    this.#input = shell.stdin.getWriter();
    const again = [...this.#watched].map((pid) => `watch ${pid}\n`).join("");
    if (again !== "") this.#input.write(encoder.encode(again)).catch(() => {});
    this.#reading = this.#read(shell);
  }

  async #read(shell: Deno.ChildProcess): Promise<void> {
    let rest = "";
    try {
      for await (const text of shell.stdout.pipeThrough(new TextDecoderStream())) {
        const lines = (rest + text).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) this.#answers.shift()?.(line);
      }
    } finally {
      // It ended, or somebody ended it: what was asked stays unknown, and the next question starts another.
      for (const answer of this.#answers.splice(0)) answer("gone");
      if (!this.#closed) this.#shell = undefined;
    }
  }
}

const encoder = new TextEncoder();

/** A line of `/proc/PID/stat`; its second field is the program's name in brackets, with whatever is in that. */
function parseStat(line: string): ProcessUse | undefined {
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  const [userTicks, systemTicks, pages] = [fields[11], fields[12], fields[21]].map(Number);
  if (userTicks === undefined || systemTicks === undefined || pages === undefined || !(userTicks >= 0)) return undefined;
  return { cpuMs: (userTicks + systemTicks) * TICK_MS, residentBytes: pages * PAGE_BYTES };
}
