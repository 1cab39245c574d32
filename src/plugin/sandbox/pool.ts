import { abortError, ChatError } from "../../core/errors.ts";
import type { Capacity } from "./capacity.ts";
import type { Fault } from "./faults.ts";
import { PROCESS_LIMITS } from "./limits.ts";
import type { PluginProcess } from "./process.ts";

/** Calls that wait; more are refused. Each waits within its own deadline. */
const MAX_WAITING = 64;

/** What a pool is made of. */
export interface PoolOptions {
  readonly name: string;
  /** Processes at most. */
  readonly size: number;
  /** Kept when there is nothing to do, so that the next call finds a warm one. */
  readonly keepWarm: number;
  readonly capacity: Capacity;
  start(): PluginProcess;
  onFault(fault: Fault): void;
}

interface Waiter {
  readonly signal: AbortSignal;
  resolve(process: PluginProcess): void;
  reject(error: unknown): void;
}

/** The processes of one plugin: started when calls need them, used again, and ended when they are idle. */
export class ProcessPool {
  readonly #options: PoolOptions;
  readonly #all = new Set<PluginProcess>();
  /** The last used one last, because its caches are warm. */
  readonly #idle: PluginProcess[] = [];
  #waiting: Waiter[] = [];
  #starting = 0;
  #reaper: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    options.capacity.join(this);
  }

  /** An idle process, or a new one, or the next that becomes free. Throws `resource_exhausted` when too many wait, and the signal's reason. */
  acquire(signal: AbortSignal): Promise<PluginProcess> {
    if (this.#closed) return Promise.reject(this.#stopped());
    if (signal.aborted) return Promise.reject(abortError(signal));
    if (this.#waiting.length >= MAX_WAITING) {
      return Promise.reject(
        new ChatError("resource_exhausted", `Plugin ${this.#options.name} has ${MAX_WAITING} calls waiting already`, {
          retryAfterMs: 1_000,
        }),
      );
    }
    const { promise, resolve, reject } = Promise.withResolvers<PluginProcess>();
    const onAbort = () => {
      this.#waiting = this.#waiting.filter((other) => other !== waiter);
      reject(abortError(signal));
    };
    const waiter: Waiter = { signal, resolve, reject };
    signal.addEventListener("abort", onAbort, { once: true });
    this.#waiting.push(waiter);
    this.onFree();
    return promise.finally(() => signal.removeEventListener("abort", onAbort));
  }

  /** A process that has done its call. */
  release(process: PluginProcess): void {
    if (!this.#all.has(process)) return;
    if (process.usable && !this.#closed) this.#idle.push(process);
    else {
      process.kill();
      // One that has done enough is followed by the next before a call needs it.
      void process.ended.then(() => this.warm()).catch(() => {});
    }
    this.onFree();
    if (this.#idle.includes(process)) this.#options.capacity.offer();
    this.#reapLater();
  }

  /** Has as many processes as are to be kept warm. Rejects with what a call would get when they cannot be started. */
  async warm(): Promise<void> {
    const missing = this.#options.keepWarm - this.#all.size;
    await Promise.all(Array.from({ length: Math.max(missing, 0) }, () => this.#start()));
  }

  /** For {@link Capacity}. */
  onFree(): void {
    while (this.#waiting.length > 0) {
      const process = this.#idle.pop();
      if (process !== undefined) this.#waiting.shift()?.resolve(process);
      else if (this.#starting >= this.#waiting.length || this.#all.size >= this.#options.size) return;
      else if (!this.#startFor()) return;
    }
  }

  /** For {@link Capacity}. */
  giveUpIdle(): boolean {
    const process = this.#idle.shift();
    process?.kill();
    return process !== undefined;
  }

  /** Ends all that there are now, for one fault of the plugin. */
  end(fault: Fault): void {
    const [first, ...others] = this.#all;
    first?.end(fault);
    for (const process of others) process.kill();
  }

  /** Ends all; what waits gets `unavailable`. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#reaper);
    this.#options.capacity.leave(this);
    this.#fail(this.#stopped());
    for (const process of this.#all) process.kill();
    await Promise.all([...this.#all].map((process) => process.ended));
  }

  #stopped(): ChatError {
    return new ChatError("unavailable", `Plugin ${this.#options.name} was stopped`, { retryAfterMs: 1_000 });
  }

  #fail(error: unknown): void {
    for (const waiter of this.#waiting.splice(0)) waiter.reject(error);
  }

  /** False: there is no room for another process now. */
  #startFor(): boolean {
    if (!this.#options.capacity.take()) return false;
    this.#begin().catch((error) => this.#fail(error));
    return true;
  }

  async #start(): Promise<void> {
    if (this.#closed) throw this.#stopped();
    if (this.#options.capacity.take()) await this.#begin();
  }

  /** A place has been taken. */
  async #begin(): Promise<void> {
    this.#starting++;
    let process: PluginProcess;
    try {
      process = this.#options.start();
      this.#all.add(process);
    } catch (cause) {
      this.#starting--;
      this.#options.capacity.give();
      throw new ChatError("unavailable", `Plugin ${this.#options.name} cannot be started now`, { cause, retryAfterMs: 1_000 });
    }
    void process.ended.then((fault) => this.#ended(process, fault));
    try {
      await process.ready;
    } finally {
      this.#starting--;
    }
    this.release(process);
  }

  #ended(process: PluginProcess, fault: Fault | undefined): void {
    this.#all.delete(process);
    const at = this.#idle.indexOf(process);
    if (at >= 0) this.#idle.splice(at, 1);
    if (fault !== undefined && !this.#closed) this.#options.onFault(fault);
    this.#options.capacity.give();
    this.onFree();
  }

  /** Ends what has nothing to do, the least used first, after a while without calls. */
  #reapLater(): void {
    clearTimeout(this.#reaper);
    if (this.#closed || this.#idle.length <= this.#options.keepWarm) return;
    this.#reaper = setTimeout(() => {
      while (this.#idle.length > this.#options.keepWarm) this.giveUpIdle();
    }, PROCESS_LIMITS.idleMs);
  }
}
