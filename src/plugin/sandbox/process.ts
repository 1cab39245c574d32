import type { PluginLimits } from "../../contracts/mod.ts";
import { abortError, ChatError } from "../../core/errors.ts";
import type { RunnerLogLine } from "../runner.ts";
import { ProcessAge } from "./age.ts";
import { type Job, Outputs, parseJson } from "./call.ts";
import { CallWatch } from "./call_watch.ts";
import { type Exports, readExports } from "./exports.ts";
import { type Fault, faultError, Faults, quoted } from "./faults.ts";
import { type Frame, LineReader, parseFrame } from "./frames.ts";
import { HostUses } from "./host_uses.ts";
import { PROCESS_LIMITS } from "./limits.ts";
import { LogLimit } from "./log_limit.ts";
import type { Warden } from "./warden.ts";

/** The code of a plugin. */
export interface PluginCode {
  readonly text: string;
  readonly language: "typescript" | "javascript";
}

/** What a process is made of. */
export interface ProcessOptions {
  readonly name: string;
  readonly code: PluginCode;
  readonly command: Deno.Command;
  readonly limits: PluginLimits;
  readonly dataDir?: string | undefined;
  readonly warden: Warden;
  onLog(line: RunnerLogLine): void;
}

/** A call that a process works on. */
interface Current {
  readonly id: number;
  readonly job: Job;
  readonly outputs: Outputs;
  readonly uses: HostUses;
  readonly watch: CallWatch;
}

/**
 * One process of a plugin, which works on one call at a time and stands still in between (SIGSTOP), so that whatever it uses, it uses in a call. Nothing it
 * sends is believed: what is out of order, too long or not of the protocol ends it.
 */
export class PluginProcess {
  /** What the module exports; rejects with the error to give a caller when it cannot be loaded. */
  readonly ready: Promise<Exports>;
  /** How it ended; undefined: it was ended and is not to blame. Never rejects. */
  readonly ended: Promise<Fault | undefined>;
  readonly #options: ProcessOptions;
  readonly #faults: Faults;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #token = crypto.randomUUID();
  readonly #loaded = Promise.withResolvers<Exports>();
  readonly #log: LogLimit;
  #current: Current | undefined;
  #free: (() => void) | undefined;
  #fault: Fault | undefined;
  #killed = false;
  /** Set when it has ended: what a call gets that comes a moment too late. */
  #gone: ChatError | undefined;
  readonly #age: ProcessAge;
  /** What came in besides outputs, in the running call or while loading. */
  #frameBytes = 0;

  constructor(options: ProcessOptions) {
    this.#options = options;
    this.#faults = new Faults(options.name, options.limits);
    this.#age = new ProcessAge(options.limits);
    this.#log = new LogLimit((line) => options.onLog(line));
    this.ready = this.#loaded.promise;
    this.ready.catch(() => {});
    this.#child = options.command.spawn();
    options.warden.watch(this.#child.pid);
    this.#input = this.#child.stdin.getWriter();
    this.#input.closed.catch(() => {});
    this.ended = this.#live();
    void this.#send({
      type: "load",
      token: this.#token,
      typescript: options.code.language === "typescript",
      code: options.code.text,
      logBytes: PROCESS_LIMITS.logBytes,
      dataDir: options.dataDir,
    });
  }

  /** Whether it can take another call. */
  get usable(): boolean {
    return !this.#killed && !this.#age.spent;
  }

  /** For the log. */
  get pid(): number {
    return this.#child.pid;
  }

  /**
   * Works on a call. The outputs end with the call, at the latest when the signal aborts; the process is free again when `free` resolves, or has ended.
   * The call before must be over.
   */
  begin(job: Job): { readonly outputs: Outputs; readonly free: Promise<void> } {
    const { promise: free, resolve } = Promise.withResolvers<void>();
    const outputs = new Outputs();
    if (this.#gone !== undefined) {
      outputs.end(this.#gone);
      return { outputs, free: Promise.resolve() };
    }
    const id = this.#age.call();
    this.#free = resolve;
    this.#current = {
      id,
      job,
      outputs,
      uses: new HostUses(job.work.host, (answer) => this.#send({ type: "answer", id, ...answer })),
      watch: new CallWatch(this.#options, this.pid, job.work.signal, {
        cancel: (error) => this.#cancel(error),
        kill: (fault) => fault === undefined ? this.kill() : this.end(fault),
        seen: (use) => this.#age.note(use),
        faults: this.#faults,
        late: this.#faults.hang(),
      }),
    };
    this.#frameBytes = 0;
    this.#log.reset(job.work.requestId);
    this.#signal("SIGCONT");
    const { kind, name, inputJson, dryRun, work: { username, room, requestId } } = job;
    void this.#send({ type: "call", call: { id, kind, name, input: inputJson, username, room, requestId, dryRun } });
    return { outputs, free };
  }

  /** Ends the work of the running call, whose reader has gone. */
  abandon(): void {
    this.#cancel(new ChatError("cancelled", "Nobody reads the outputs any more"));
    this.#current?.watch.told();
  }

  /** Ends it without blame. Idempotent. */
  kill(): void {
    if (this.#killed) return;
    this.#killed = true;
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }

  /** Ends it because of a fault. */
  end(fault: Fault): void {
    if (!this.#killed) this.#fault ??= fault;
    this.kill();
  }

  #signal(signal: "SIGSTOP" | "SIGCONT"): void {
    try {
      this.#child.kill(signal);
    } catch {
      // It has ended, which its status tells.
    }
  }

  async #send(frame: Readonly<Record<string, unknown>>): Promise<void> {
    // A process that does not read is ended by a limit; one that has ended is noticed by its status.
    await this.#input.write(encoder.encode(`${JSON.stringify(frame)}\n`)).catch(() => {});
  }

  #cancel(error: ChatError): void {
    const current = this.#current;
    if (current === undefined) return;
    current.outputs.end(error);
    current.uses.close();
    void this.#send({ type: "cancel", id: current.id, why: error.message });
  }

  async #live(): Promise<Fault | undefined> {
    const loading = this.#watchLoading();
    const { stdout, stderr, status } = this.#child;
    this.ready.then(() => loading.stop(), () => loading.stop());
    await Promise.all([this.#readFrames(stdout), this.#log.readErrors(stderr, () => this.end(this.#faults.flood()))]);
    const ended = await status;
    this.#options.warden.forget(this.pid);
    this.#input.abort().catch(() => {});
    const fault = this.#fault ?? (this.#killed ? undefined : this.#faults.exit(ended, this.#log.complaint));
    this.#killed = true;
    const error = fault === undefined
      ? new ChatError("unavailable", `Plugin ${this.#options.name} was stopped`, { retryAfterMs: 1_000 })
      : faultError(fault);
    this.#gone = error;
    this.#loaded.reject(error);
    this.#finish(error);
    return fault;
  }

  /** A module is code as well: what it does while it is loaded has limits, too. */
  #watchLoading(): CallWatch {
    const { limits: { cpuMs, memoryBytes }, warden } = this.#options;
    const limits = { callMs: PROCESS_LIMITS.loadMs, cpuMs: Math.max(cpuMs, PROCESS_LIMITS.loadCpuMs), memoryBytes };
    return new CallWatch({ limits, warden }, this.pid, NEVER, {
      cancel() {},
      kill: (fault) => fault === undefined ? this.kill() : this.end(fault),
      seen() {},
      faults: this.#faults,
      late: this.#faults.slowStart(),
    });
  }

  async #readFrames(stdout: ReadableStream<Uint8Array>): Promise<void> {
    const lines = new LineReader(Math.max(this.#options.limits.outputBytes, PROCESS_LIMITS.useBytes) + 1_024);
    for await (const chunk of stdout) {
      // What a dying process still says has no meaning; it is read to its end all the same.
      if (this.#killed) continue;
      try {
        for (const line of lines.push(chunk)) this.#take(line);
      } catch (error) {
        this.end(error instanceof RangeError ? this.#faults.output() : this.#faults.forged("it wrote what is none of it"));
      }
    }
  }

  #take(line: string): void {
    if (this.#killed) return;
    const frame = parseFrame(line, this.#token);
    if (frame === undefined) return this.end(this.#faults.forged("it wrote to its standard output itself"));
    const current = this.#current;
    if (frame.kind === "log") return this.#takeLog(frame, line.length);
    if (frame.call === 0 && (frame.kind === "ready" || frame.kind === "broken") && this.#age.calls === 0) return this.#takeLoaded(frame);
    if (current === undefined || frame.call !== current.id) return this.end(this.#faults.forged("it answered what was not asked"));
    this.#takeOfCall(frame, current);
  }

  #takeLog({ rest }: Frame, size: number): void {
    const line = parseJson(rest);
    if (!Array.isArray(line) || typeof line[0] !== "string" || typeof line[1] !== "string") throw new TypeError("no log line");
    if (this.#count(size)) this.#log.write(line[0], line[1]);
  }

  #takeLoaded({ kind, rest }: Frame): void {
    const told = parseJson(rest);
    if (kind === "broken") return this.end(this.#faults.broken(quoted(told)));
    this.#signal("SIGSTOP");
    this.#look();
    this.#loaded.resolve(readExports(told));
  }

  #takeOfCall({ kind, rest }: Frame, current: Current): void {
    switch (kind) {
      case "output":
        parseJson(rest);
        current.outputs.push(rest);
        if (current.outputs.bytes > this.#options.limits.outputBytes) this.end(this.#faults.output());
        return;
      case "use":
        if (this.#count(rest.length) && !current.uses.take(rest)) this.end(this.#faults.forged("it asked for too much at once"));
        return;
      case "end":
        return this.#finish();
      case "fail":
        return this.#finish(new ChatError("failed_precondition", `Plugin ${this.#options.name} says: ${quoted(parseJson(rest))}`));
      default:
        this.end(this.#faults.forged("it began twice"));
    }
  }

  /** Looks at what it has used; it stands still meanwhile, or works on its next call. */
  #look(): void {
    void this.#options.warden.use(this.pid).then((use) => use === undefined ? undefined : this.#age.note(use));
  }

  /** Counts what came in besides outputs; false: too much, and it is ended. */
  #count(size: number): boolean {
    this.#frameBytes += size;
    if (this.#frameBytes > PROCESS_LIMITS.frameBytes) this.end(this.#faults.flood());
    return !this.#killed;
  }

  #finish(error?: ChatError): void {
    const current = this.#current;
    if (current === undefined) return;
    this.#current = undefined;
    if (!this.#killed) this.#signal("SIGSTOP");
    if (this.#age.calls % PROCESS_LIMITS.lookEvery === 0) this.#look();
    current.watch.stop();
    current.uses.close();
    current.outputs.end(error ?? (current.job.work.signal.aborted ? abortError(current.job.work.signal) : undefined));
    this.#log.reset("");
    this.#free?.();
  }
}

const encoder = new TextEncoder();
const NEVER = new AbortController().signal;
